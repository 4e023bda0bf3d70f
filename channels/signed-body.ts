/** Whether a body is signed with an inbox's own secret, as an answer: for webhooks that are of our own making. */
import type { RawRequest, Verdict } from './contract.ts';
import { verifySignature } from './hmac.ts';

const verdicts: Record<ReturnType<typeof verifySignature>, Verdict> = {
  ok: { kind: 'ok' },
  missing: refused(
    'signature_missing',
    'X-Teloring-Signature is missing or not of the form t=<unix seconds>,v1=<hex>.',
  ),
  wrong: refused('signature_wrong', 'The signature does not match this body and the secret of this inbox.'),
  stale: refused(
    'timestamp_stale',
    'The signature is right but its time is more than 300 seconds from ours.',
  ),
};

export function signedVerdict(secret: string, { headers, body, receivedAtMs }: RawRequest): Verdict {
  return verdicts[verifySignature(secret, headers['x-teloring-signature'], body, receivedAtMs)];
}

/** The request proves nothing: 401. */
export function refused(code: string, message: string): Verdict {
  return { kind: 'reject', status: 401, code, message };
}
