import type { Json } from './json.ts';

/** Text Postgres can store: NUL and lone surrogates become U+FFFD. Idempotent. */
export function storableText(text: string): string {
  // toWellFormed replaces lone surrogates by U+FFFD.
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}

/** Deep `storableText` over keys and values. Idempotent. */
export function storableJson<T extends Json>(value: T): T {
  if (typeof value === 'string') return storableText(value) as T;
  if (Array.isArray(value)) return value.map((item) => storableJson(item)) as T;
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [storableText(key), storableJson(item)]),
    ) as T;
  }
  return value;
}

/** What JSON.stringify makes of characters that jsonb refuses. */
const unstorable = /\\u(0000|d[89a-f][0-9a-f]{2})/;

/** JSON that a jsonb column takes whatever the text in it: made storable only where it has to be. */
export function toJsonb(value: unknown): string {
  const json = JSON.stringify(value);
  return unstorable.test(json) ? JSON.stringify(storableJson(JSON.parse(json) as Json)) : json;
}
