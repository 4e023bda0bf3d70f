import { createHmac } from 'node:crypto';
import type { RawRequest, Verdict } from '../contract.ts';
import { constantTimeEquals } from '../hmac.ts';

/**
 * `X-Hub-Signature-256: sha256=<hex HMAC-SHA256(app secret, raw body)>`, by any of the secrets. Over the bytes as they came: Meta
 * escapes what is not ASCII its own way, so JSON written anew would not fit.
 */
export function verifyMetaSignature(secrets: readonly string[], request: RawRequest): Verdict {
  const given = request.headers['x-hub-signature-256'];
  if (given === undefined || given === '')
    return reject('signature_missing', 'The header X-Hub-Signature-256 is missing.');
  if (signerOf(secrets, given, request.body) < 0)
    return reject('signature_wrong', 'The signature fits no app of this installation.');
  return { kind: 'ok' };
}

/** Which secret made the signature; -1 where none did. Every secret is tried, so that the time tells nothing. */
export function signerOf(secrets: readonly string[], given: string, body: Uint8Array): number {
  const fits = secrets.map(
    (secret) => secret !== '' && constantTimeEquals(given.trim(), signMeta(secret, body)),
  );
  return fits.indexOf(true);
}

/** The header's value for a body. */
export function signMeta(secret: string, body: Uint8Array | string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function reject(code: string, message: string): Verdict {
  return { kind: 'reject', status: 401, code, message };
}
