import type { Json, JsonObject } from '#domain/json.ts';

export interface UploadedFile {
  name: string;
  mimeType: string;
  bytes: Uint8Array;
}
export interface Fields {
  values: JsonObject;
  /** Parts of a multipart body that carry bytes, by name. */
  files: Map<string, UploadedFile>;
}

/** A call's fields in every way the Bot API takes them: query, urlencoded, JSON or multipart. Null for a body that is none. */
export async function readFields(request: Request): Promise<Fields | null> {
  const query = Object.fromEntries(new URL(request.url).searchParams) as JsonObject;
  const type = request.headers.get('content-type') ?? '';
  try {
    if (type.includes('application/json')) {
      const body = (await request.json()) as Json;
      if (body === null || typeof body !== 'object' || Array.isArray(body)) return null;
      return { values: { ...query, ...body }, files: new Map() };
    }
    if (type.includes('multipart/form-data') || type.includes('application/x-www-form-urlencoded')) {
      const form = await request.formData();
      const entries = [...form.entries()];
      const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
      const files = entries.filter((entry): entry is [string, File] => typeof entry[1] !== 'string');
      const uploads = files.map(async ([name, file]) => [name, await uploaded(file)] as const);
      return {
        values: { ...query, ...Object.fromEntries(texts) },
        files: new Map(await Promise.all(uploads)),
      };
    }
    return { values: query, files: new Map() };
  } catch {
    return null;
  }
}

export function textField({ values }: Fields, name: string): string {
  const value = values[name];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
/** Objects and arrays travel as JSON text in everything but JSON bodies. */
export function structuredField({ values }: Fields, name: string): Json | undefined {
  const value = values[name];
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}
/** The bytes a field names: a part of that name, or the one an `attach://` points at. */
export function fileField(fields: Fields, name: string): UploadedFile | undefined {
  const reference = textField(fields, name);
  return fields.files.get(reference.startsWith('attach://') ? reference.slice('attach://'.length) : name);
}

async function uploaded(file: File): Promise<UploadedFile> {
  return { name: file.name, mimeType: file.type, bytes: new Uint8Array(await file.arrayBuffer()) };
}
