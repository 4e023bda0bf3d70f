/** What a mail provider posts to an inbox's webhook: the mail itself, or JSON around it. Pure. */
import { z } from 'zod';
import type { RawRequest } from '../contract.ts';

const optional = z.string().max(1_000).nullish();
const json = z
  .looseObject({
    /** To which address it came, and from which: the envelope's. */
    recipient: optional,
    sender: optional,
    raw: z.string().nullish(),
    rawBase64: z.base64().nullish(),
  })
  .refine(({ raw, rawBase64 }) => raw || rawBase64, 'Send the mail as raw or rawBase64.');

export interface PostedMail {
  raw: Uint8Array;
  sender?: string;
  recipient?: string;
}

export function readPostedMail(request: RawRequest): PostedMail | { kind: 'malformed'; message: string } {
  if (/^message\/rfc822\b/i.test(request.headers['content-type'] ?? '')) {
    if (request.body.byteLength === 0) return { kind: 'malformed', message: 'The mail is empty.' };
    return { raw: request.body };
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(request.body));
  } catch {
    return {
      kind: 'malformed',
      message: 'The body is neither JSON nor, by its Content-Type, message/rfc822.',
    };
  }
  const parsed = json.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      kind: 'malformed',
      message: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`,
    };
  }
  const { raw, rawBase64, sender, recipient } = parsed.data;
  return {
    raw: rawBase64 ? Buffer.from(rawBase64, 'base64') : Buffer.from(raw ?? '', 'utf8'),
    ...(typeof sender === 'string' ? { sender } : {}),
    ...(recipient ? { recipient } : {}),
  };
}
