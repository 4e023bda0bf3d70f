/** A channel's schema → the fields of a form, and what was entered → what is sent. Pure; knows no channel. */
import { z } from 'zod';
import type { Json, JsonObject } from '#domain/json.ts';

export interface FormField {
  key: string;
  kind: 'text' | 'secret' | 'url' | 'switch' | 'lines' | 'choice';
  label: string;
  hint?: string;
  placeholder?: string;
  isRequired: boolean;
  options?: string[];
  fallback?: Json;
}
export type FormValues = Record<string, string | boolean>;

/** Words for known field names; any other is made readable from its name. */
const WORDS: Record<string, { label: string; hint?: string; placeholder?: string }> = {
  botToken: {
    label: 'Bot token',
    hint: 'In Telegram, write /newbot to @BotFather and copy the token it answers.',
    placeholder: '123456789:AAE…',
  },
  callbackUrl: {
    label: 'Callback URL',
    hint: 'Replies are posted here as JSON, signed with the inbox’s secret.',
    placeholder: 'https://example.com/teloring/replies',
  },
  idempotent: {
    label: 'My receiver ignores repeats',
    hint: 'It drops a second request with the same Idempotency-Key, so an unconfirmed reply may be sent again.',
  },
  allowedOrigins: {
    label: 'Websites that may show the chat',
    hint: 'One per line. https://*.example.com covers every subdomain.',
    placeholder: 'https://www.example.com',
  },
  title: { label: 'Title', hint: 'The heading of the chat window.' },
  greeting: { label: 'Greeting', hint: 'Shown before a visitor writes.' },
  accentColor: { label: 'Colour', hint: 'Written like #4f46e5.' },
  position: { label: 'Corner' },
  choices: { label: 'How choices are offered' },
};

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  format?: string;
  default?: Json;
  anyOf?: JsonSchema[];
}

/** Optional secrets are made by us when the inbox is connected, so nobody is asked for them. */
export function formFields(schema: z.ZodType, secretFields: readonly string[]): FormField[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const required = new Set(json.required ?? []);
  return Object.entries(json.properties ?? {}).flatMap(([key, property]) => {
    const isSecret = secretFields.includes(key);
    if (isSecret && !required.has(key)) return [];
    return [fieldOf(key, property, isSecret, required.has(key))];
  });
}

function fieldOf(key: string, property: JsonSchema, isSecret: boolean, isRequired: boolean): FormField {
  const words = WORDS[key] ?? { label: readable(key) };
  const base = {
    key,
    ...words,
    isRequired: isRequired && property.default === undefined,
    ...(property.default === undefined ? {} : { fallback: property.default }),
  };
  if (isSecret) return { ...base, kind: 'secret' };
  if (property.enum) return { ...base, kind: 'choice', options: property.enum.map(String) };
  if (property.type === 'boolean') return { ...base, kind: 'switch' };
  if (property.type === 'array') return { ...base, kind: 'lines' };
  return { ...base, kind: property.format === 'uri' ? 'url' : 'text' };
}
function readable(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
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
      return [field.key, typeof value === 'string' || typeof value === 'number' ? String(value) : ''];
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
      return text === '' ? [] : [[field.key, text]];
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
