import { randomUUID } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';

/** A refusal in TikTok's words: status 200, and a code in the body. */
export class Refusal extends Error {
  readonly code: number;
  readonly headers: Record<string, string>;
  constructor(code: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

export function answered(data: JsonObject): Response {
  return Response.json({ code: 0, message: 'OK', request_id: randomUUID(), data });
}

export function refused({ code, message, headers }: Refusal): Response {
  return Response.json({ code, message, request_id: randomUUID(), data: {} }, { headers });
}

export const tokenRefused = (): Refusal =>
  new Refusal(40_105, 'Access token is incorrect or has been revoked.');
