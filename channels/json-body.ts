import type { Json } from '#domain/json.ts';

/** JSON of a body; undefined when it is none. Bytes that are no UTF-8 become U+FFFD rather than a refusal. */
export function jsonOf(body: Uint8Array): Json | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as Json;
  } catch {
    return undefined;
  }
}

/**
 * JSON of a body whose integers beyond 2^53 stay as they were written, as strings: providers' ids, which a number would round.
 * Undefined when it is none.
 */
export function exactJsonOf(body: Uint8Array): Json | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(body), exact) as Json;
  } catch {
    return undefined;
  }
}

function exact(_: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const { source } = context ?? {};
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

/** The beginning of a body as text, for error messages. */
export function excerptOf(body: Uint8Array, maxLength = 200): string {
  const text = new TextDecoder().decode(body.subarray(0, maxLength * 4)).trim();
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}
