/** A channel's schema → the fields of a form, and what was entered → what is sent. Pure; knows no channel. */
import { z } from 'zod';
import type { Json, JsonObject } from '#domain/json.ts';

export interface FormField {
  key: string;
  kind: 'text' | 'secret' | 'url' | 'color' | 'number' | 'switch' | 'lines' | 'choice';
  label: string;
  hint?: string;
  placeholder?: string;
  isRequired: boolean;
  options?: { value: string; label: string }[];
  fallback?: Json;
}
export type FormValues = Record<string, string | boolean>;

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  format?: string;
  default?: Json;
  anyOf?: JsonSchema[];
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
  const required = new Set(json.required ?? []);
  return Object.entries(json.properties ?? {}).flatMap(([key, property]) => {
    const isSecret = secretFields.includes(key);
    if (property.readOnly) return [];
    return [fieldOf(key, property, isSecret, required.has(key))];
  });
}

function fieldOf(key: string, property: JsonSchema, isSecret: boolean, isRequired: boolean): FormField {
  const [example] = property.examples ?? [];
  const base = {
    key,
    label: property.title ?? readable(key),
    ...(property.description === undefined ? {} : { hint: property.description }),
    ...(typeof example === 'string' ? { placeholder: example } : {}),
    isRequired: isRequired && property.default === undefined,
    ...(property.default === undefined ? {} : { fallback: property.default }),
  };
  if (isSecret) return { ...base, kind: 'secret' };
  if (property.enum) return { ...base, kind: 'choice', options: choicesOf(property.enum, property.options) };
  if (property.type === 'integer' || property.type === 'number') return { ...base, kind: 'number' };
  if (property.type === 'boolean') return { ...base, kind: 'switch' };
  if (property.type === 'array') return { ...base, kind: 'lines' };
  if (property.format === 'color') return { ...base, kind: 'color' };
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

export function startValues(fields: readonly FormField[], given: JsonObject = {}): FormValues {
  return Object.fromEntries(
    fields.map((field) => {
      const value = given[field.key] ?? field.fallback;
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

/** What is sent: empty optional texts are left out, lines become a list. */
export function enteredJson(fields: readonly FormField[], values: FormValues): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field): [string, Json][] => {
      const value = values[field.key];
      if (field.kind === 'switch') return [[field.key, value === true]];
      const text = typeof value === 'string' ? value.trim() : '';
      if (field.kind === 'lines')
        return [
          [
            field.key,
            text
              .split('\n')
              .map((line) => line.trim())
              .filter((line) => line !== ''),
          ],
        ];
      if (text === '') return [];
      // What is no number is sent as it was written, so that the schema says so.
      const isNumber = field.kind === 'number' && Number.isFinite(Number(text));
      return [[field.key, isNumber ? Number(text) : text]];
    }),
  );
}

/** The schema's own words about what was entered, by field. */
export function problemsIn(schema: z.ZodType, entered: JsonObject): Record<string, string> {
  const parsed = schema.safeParse(entered);
  if (parsed.success) return {};
  return Object.fromEntries(
    parsed.error.issues.toReversed().map((issue) => [String(issue.path[0] ?? ''), issue.message]),
  );
}
