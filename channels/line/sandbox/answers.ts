import { randomUUID } from 'node:crypto';
import type { Json, JsonObject } from '#domain/json.ts';

/** A refusal in LINE's words. */
export class Refusal extends Error {
  readonly status: number;
  readonly more: JsonObject;
  readonly headers: Record<string, string>;
  constructor(status: number, message: string, more: JsonObject = {}, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.more = more;
    this.headers = headers;
  }
}

export function answered(body: Json, headers: Record<string, string> = {}): Response {
  return Response.json(body, { headers: { 'x-line-request-id': randomUUID(), ...headers } });
}

export function refused({ status, message, more, headers }: Refusal): Response {
  return Response.json(
    { message, ...more },
    { status, headers: { 'x-line-request-id': randomUUID(), ...headers } },
  );
}

export function bytesOf({ bytes, mimeType }: { bytes: Uint8Array; mimeType: string }): Response {
  return new Response(Uint8Array.from(bytes), { headers: { 'content-type': mimeType } });
}

/** One green dot: what every sticker looks like here. */
export const STICKER = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkWPi/HgAEfQJD6HH+0AAAAABJRU5ErkJggg==',
  'base64',
);
