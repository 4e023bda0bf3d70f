import type { Json } from '#domain/json.ts';

/** JSON of a body; undefined when it is none. Bytes that are no UTF-8 become U+FFFD rather than a refusal. */
export function jsonOf(body: Uint8Array): Json | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as Json;
  } catch {
    return undefined;
  }
}

/** The beginning of a body as text, for error messages. */
export function excerptOf(body: Uint8Array, maxLength = 200): string {
  const text = new TextDecoder().decode(body.subarray(0, maxLength * 4)).trim();
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}
