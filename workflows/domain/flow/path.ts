import type { Json } from '../json.ts';

const segment = /^(?:\.?([\p{L}_][\p{L}\p{N}_-]*)|\[(\d{1,6})\]|\["([^"\\]{1,200})"\])/u;

/** `body.items[0]["first name"]` as its keys, or null where it is no path. */
export function parsePath(text: string): string[] | null {
  if (text.length > 500 || text.startsWith('.')) return null;
  const keys: string[] = [];
  let rest = text;
  while (rest !== '') {
    const match = segment.exec(rest);
    if (match === null) return null;
    // "a" straight after "]" needs its dot.
    if (match[1] !== undefined && keys.length > 0 && !rest.startsWith('.')) return null;
    keys.push(match[1] ?? match[2] ?? match[3] ?? '');
    rest = rest.slice(match[0].length);
  }
  return keys.length > 0 ? keys : null;
}

/** What stands there, own properties only; undefined where anything on the way is missing. */
export function readPath(root: unknown, keys: readonly string[]): Json | undefined {
  let value = root;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value as Json | undefined; // callers hand in JSON, and a part of JSON is JSON
}

/** A value as text, the way templates insert it and conditions compare it. */
export function toText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return value.map(toText).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The first `max` UTF-16 units, never ending inside a surrogate pair. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = Math.max(0, Math.floor(max));
  const last = text.charCodeAt(end - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end);
}
