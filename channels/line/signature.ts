import { createHmac } from 'node:crypto';
import type { RawRequest, Verdict } from '../contract.ts';
import { constantTimeEquals } from '../hmac.ts';

/** `x-line-signature`: base64(HMAC-SHA256(channel secret, raw body)). The verify button's empty delivery is signed like any other. */
export function verifyLineSignature(secret: string | undefined, request: RawRequest): Verdict {
  const given = request.headers['x-line-signature'];
  if (given === undefined || given === '')
    return reject('signature_missing', 'The header X-Line-Signature is missing.');
  if (!secret || !constantTimeEquals(given.trim(), signLine(secret, request.body)))
    return reject('signature_wrong', 'The signature was not made with this inbox’s channel secret.');
  return { kind: 'ok' };
}

/** The header's value for a body. */
export function signLine(secret: string, body: Uint8Array | string): string {
  return createHmac('sha256', secret).update(body).digest('base64');
}

function reject(code: string, message: string): Verdict {
  return { kind: 'reject', status: 401, code, message };
}
