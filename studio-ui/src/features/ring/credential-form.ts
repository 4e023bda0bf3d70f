/** A channel's schema → the fields of a form, and what was entered → what is sent. Pure; knows no channel. */
import { z } from 'zod';
import type { Json, JsonObject } from '#domain/json.ts';

export interface FormField {
  /** Of a nested group `group.key`. */
  key: string;
  /** `variant`: which of several kinds this is; it decides which other fields there are. */
  kind: 'text' | 'secret' | 'url' | 'number' | 'switch' | 'lines' | 'area' | 'choice' | 'variant';
  label: string;
  hint?: string;
  placeholder?: string;
  isRequired: boolean;
  options?: { value: string; label: string; hint?: string }[];
  fallback?: Json;
  /** Fields of one group stand together under its title. */
  group?: string;
  /** Only where the variant is this one. */
  only?: { key: string; value: string };
}
export type FormValues = Record<string, string | boolean>;

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  default?: Json;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  title?: string;
  description?: string;
  examples?: unknown[];
  readOnly?: boolean;
  /** What the values of an enum are called. */
  options?: Record<string, string>;
}

/** In the order of the schema, worded by its `meta`. What `connect` fills in is marked readOnly: nobody is asked for it. */
export function formFields(schema: z.ZodType, secretFields: readonly string[]): FormField[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const variants = json.oneOf ?? json.anyOf;
  return variants ? variantFields(json, variants, secretFields) : objectFields(json, '', secretFields);
}

/** A union of objects that one constant tells apart: that one is asked first, then what the chosen one needs. */
function variantFields(
  json: JsonSchema,
  variants: readonly JsonSchema[],
  secretFields: readonly string[],
): FormField[] {
  const [first] = variants;
  const key = Object.entries(first?.properties ?? {}).find(([, one]) => one.const !== undefined)?.[0];
  if (key === undefined) return [];
  const valueOf = (variant: JsonSchema): string => String(variant.properties?.[key]?.const ?? '');
  const choice: FormField = {
    key,
    kind: 'variant',
    label: json.title ?? readable(key),
    ...(json.description === undefined ? {} : { hint: json.description }),
    isRequired: true,
    options: variants.map((variant) => ({
      value: valueOf(variant),
      label: variant.title ?? readable(valueOf(variant)),
      ...(variant.description === undefined ? {} : { hint: variant.description }),
    })),
  };
  const fields = variants.flatMap((variant) =>
    objectFields(variant, '', secretFields)
      .filter((field) => field.key !== key)
      .map((field) => ({ ...field, only: { key, value: valueOf(variant) } })),
  );
  return [choice, ...fields];
}

function objectFields(json: JsonSchema, prefix: string, secretFields: readonly string[]): FormField[] {
  const required = new Set(json.required ?? []);
  return Object.entries(json.properties ?? {}).flatMap(([name, property]) => {
    const key = prefix + name;
    if (property.readOnly) return [];
    if (property.type === 'object' && property.properties) {
      const group = property.title ?? readable(name);
      return objectFields(property, `${key}.`, secretFields).map((field) => ({ ...field, group }));
    }
    return [fieldOf(key, name, property, secretFields.includes(key), required.has(name))];
  });
}

function fieldOf(
  key: string,
  name: string,
  property: JsonSchema,
  isSecret: boolean,
  isRequired: boolean,
): FormField {
  const [example] = property.examples ?? [];
  const base = {
    key,
    label: property.title ?? readable(name),
    ...(property.description === undefined ? {} : { hint: property.description }),
    ...(typeof example === 'string' ? { placeholder: example } : {}),
    isRequired: isRequired && property.default === undefined,
    ...(property.default === undefined ? {} : { fallback: property.default }),
  };
  if (isSecret) return { ...base, kind: 'secret' };
  if (property.enum) return { ...base, kind: 'choice', options: choicesOf(property.enum, property.options) };
  if (property.type === 'boolean') return { ...base, kind: 'switch' };
  if (property.type === 'array') return { ...base, kind: 'lines' };
  if (property.type === 'integer' || property.type === 'number') return { ...base, kind: 'number' };
  // An example of several lines shows that several are meant.
  if (typeof example === 'string' && example.includes('\n')) return { ...base, kind: 'area' };
  return { ...base, kind: property.format === 'uri' ? 'url' : 'text' };
}
function choicesOf(values: readonly unknown[], labels: Record<string, string> = {}) {
  return values.map(String).map((value) => ({ value, label: labels[value] ?? readable(value) }));
}
function readable(key: string): string {
  const words = key
    .replaceAll('_', ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Those that the chosen variant has. */
export function shownFields(fields: readonly FormField[], values: FormValues): FormField[] {
  return fields.filter(({ only }) => !only || values[only.key] === only.value);
}

export function startValues(fields: readonly FormField[], given: JsonObject = {}): FormValues {
  // Of a field that several variants share the first one's start counts.
  return Object.fromEntries(
    fields.toReversed().map((field) => {
      const value = valueAt(given, field.key) ?? field.fallback;
      if (field.kind === 'switch') return [field.key, value === true];
      if (field.kind === 'lines')
        return [
          field.key,
          Array.isArray(value) ? value.filter((line) => typeof line === 'string').join('\n') : '',
        ];
      if (typeof value === 'string' || typeof value === 'number') return [field.key, String(value)];
      return [field.key, field.isRequired ? (field.options?.[0]?.value ?? '') : ''];
    }),
  );
}

/** What is sent: empty optional texts are left out, lines become a list, groups become objects. */
export function enteredJson(fields: readonly FormField[], values: FormValues): JsonObject {
  const entered: JsonObject = {};
  for (const field of shownFields(fields, values)) {
    const value = enteredValue(field, values[field.key]);
    if (value !== undefined) putAt(entered, field.key, value);
  }
  return entered;
}

function enteredValue(field: FormField, value: string | boolean | undefined): Json | undefined {
  if (field.kind === 'switch') return value === true;
  const text = typeof value === 'string' ? value.trim() : '';
  if (field.kind === 'lines')
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  // Emptied again it is empty, rather than its default.
  if (text === '') return field.kind === 'area' ? '' : undefined;
  if (field.kind === 'number' && Number.isFinite(Number(text))) return Number(text);
  return text;
}

/** The schema's own words about what was entered, by field. */
export function problemsIn(schema: z.ZodType, entered: JsonObject): Record<string, string> {
  const parsed = schema.safeParse(entered);
  if (parsed.success) return {};
  return Object.fromEntries(
    parsed.error.issues.toReversed().map((issue) => [fieldKey(entered, issue.path), issue.message]),
  );
}

/** A problem inside a list is its field's. */
function fieldKey(entered: JsonObject, path: readonly PropertyKey[]): string {
  const keys: string[] = [];
  let at: Json | undefined = entered;
  for (const part of path) {
    if (Array.isArray(at)) break;
    keys.push(String(part));
    at = isObject(at) ? at[String(part)] : undefined;
  }
  return keys.join('.');
}

/** What the server says of fields, by field: its paths begin with what they are part of. */
export function refusedFields(details: unknown, part: string): Record<string, string> {
  if (!Array.isArray(details)) return {};
  return Object.fromEntries(
    details.toReversed().flatMap((one: unknown) => {
      if (typeof one !== 'object' || one === null || !('path' in one) || !('message' in one)) return [];
      const path = String(one.path);
      return path.startsWith(`${part}.`) ? [[path.slice(part.length + 1), String(one.message)]] : [];
    }),
  );
}

function valueAt(from: JsonObject, key: string): Json | undefined {
  return key.split('.').reduce<Json | undefined>((at, part) => (isObject(at) ? at[part] : undefined), from);
}
function putAt(into: JsonObject, key: string, value: Json): void {
  const [first = '', ...rest] = key.split('.');
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = into[first];
  const group: JsonObject = isObject(inner) ? inner : {};
  into[first] = group;
  putAt(group, rest.join('.'), value);
}
function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
