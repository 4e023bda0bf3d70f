/** How bodies are read, changed and written again, so that one fuzz serves JSON and form-encoded channels. */
import type { Json, JsonObject } from '#domain/json.ts';
import type { BodyEncoding } from './contract-case.ts';

interface Encoding {
  read: (body: Uint8Array) => JsonObject;
  /** Undefined is an empty body. */
  write: (json: Json | undefined) => Uint8Array;
  /** What of a text this encoding can carry. */
  text: (given: string) => string;
}
const decode = (body: Uint8Array): string => new TextDecoder().decode(body);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export const encodings: Record<BodyEncoding, Encoding> = {
  json: {
    read: (body) => JSON.parse(decode(body)) as JsonObject,
    write: (json) => encode(json === undefined ? '' : JSON.stringify(json)),
    text: (given) => given,
  },
  form: {
    read: (body) => Object.fromEntries(new URLSearchParams(decode(body))),
    write: (json) => encode(formOf(json)),
    // UTF-8 has no lone surrogates.
    text: (given) => given.toWellFormed(),
  },
};

/** A form knows only text: anything else is written as JSON would be. */
function formOf(json: Json | undefined): string {
  if (json === undefined) return '';
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return JSON.stringify(json);
  const fields = Object.entries(json).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return new URLSearchParams(fields).toString();
}

/** Every object gets fields nobody knows. */
export function withUnknownFields(json: Json): Json {
  if (Array.isArray(json)) return json.map(withUnknownFields);
  if (json === null || typeof json !== 'object') return json;
  const known = Object.entries(json).map(([key, value]) => [key, withUnknownFields(value)] as const);
  return Object.fromEntries([...known, ['new_field', { deep: [1] }], ['is_new', true]]);
}

type Path = (string | number)[];
export function pathsOf(json: Json, path: Path = []): Path[] {
  if (json === null || typeof json !== 'object') return [path];
  const entries: [string | number, Json][] = Array.isArray(json)
    ? json.map((item, index) => [index, item])
    : Object.entries(json);
  return [path, ...entries.flatMap(([key, value]) => pathsOf(value, [...path, key]))];
}
/** Undefined removes. */
export function replaced(json: Json, [head, ...rest]: Path, value: Json | undefined): Json | undefined {
  if (head === undefined) return value;
  if (Array.isArray(json))
    return json.flatMap((item, index) => (index === head ? [replaced(item, rest, value) ?? null] : [item]));
  if (json === null || typeof json !== 'object') return json;
  const entries = Object.entries(json).map(([key, item]) => [
    key,
    key === head ? replaced(item, rest, value) : item,
  ]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined)) as Json;
}
