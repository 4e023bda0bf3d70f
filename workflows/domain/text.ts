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
