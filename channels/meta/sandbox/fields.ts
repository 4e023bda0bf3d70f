/** A call's fields however they come: query, form, multipart with JSON texts, or JSON. */
import type { Json, JsonObject } from '#domain/json.ts';

export interface CallFields {
  values: JsonObject;
  file: { bytes: Uint8Array; mimeType: string; name: string } | null;
}

/** Null for a body that is none. */
export async function readCall(request: Request): Promise<CallFields | null> {
  const query: JsonObject = Object.fromEntries(new URL(request.url).searchParams);
  const type = request.headers.get('content-type') ?? '';
  try {
    if (request.method === 'GET' || request.method === 'HEAD') return { values: query, file: null };
    if (/multipart\/form-data|x-www-form-urlencoded/.test(type)) {
      const entries = [...(await request.formData()).entries()];
      const texts = entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []));
      const file = entries.map(([, value]) => value).find((value) => typeof value !== 'string');
      return {
        values: { ...query, ...(Object.fromEntries(texts) as JsonObject) },
        file: file
          ? { bytes: new Uint8Array(await file.arrayBuffer()), mimeType: file.type, name: file.name }
          : null,
      };
    }
    const text = await request.text();
    if (text === '') return { values: query, file: null };
    const json = JSON.parse(text) as Json;
    return isObject(json) ? { values: { ...query, ...json }, file: null } : null;
  } catch {
    return null;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
/** Graph takes objects as JSON text in everything but JSON bodies. */
export function objectOf(value: Json | undefined): JsonObject {
  if (isObject(value)) return value;
  try {
    const parsed = JSON.parse(typeof value === 'string' ? value : '') as Json;
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
/** `true`, "true" and 1 are all true to Graph. */
export function flagOf(value: Json | undefined): boolean {
  return value === true || value === 'true' || value === 1 || value === '1';
}
