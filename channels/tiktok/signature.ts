import { createHmac } from 'node:crypto';
import type { RawRequest, Verdict } from '../contract.ts';
import { constantTimeEquals } from '../hmac.ts';

/** Deliveries are repeated under a new time; what is older is somebody's recording. */
const MAX_AGE_SECONDS = 300;

/**
 * `TikTok-Signature: t=<Unix seconds>,s=<hex HMAC-SHA256(app secret, t + "." + raw body)>`, by any of the secrets. `stale` is only
 * said of a right signature, so it tells a forger nothing.
 * @returns which secret made it, or why none did
 */
export function verifyTikTokSignature(
  secrets: readonly string[],
  request: RawRequest,
): { kind: 'ok'; signer: number } | Extract<Verdict, { kind: 'reject' }> {
  const fields = fieldsOf(request.headers['tiktok-signature'] ?? '');
  const [time, given] = [fields.get('t'), fields.get('s')];
  if (time === undefined || given === undefined || !/^\d{1,12}$/.test(time))
    return reject('signature_missing', 'The header TikTok-Signature is missing or can’t be read.');
  // Every secret is tried, so that the time tells nothing.
  const fits = secrets.map(
    (secret) => secret !== '' && constantTimeEquals(given, digestOf(secret, time, request.body)),
  );
  const signer = fits.indexOf(true);
  if (signer < 0) return reject('signature_wrong', 'The signature fits no TikTok app of this installation.');
  if (Math.abs(request.receivedAtMs / 1000 - Number(time)) > MAX_AGE_SECONDS)
    return reject('timestamp_stale', 'The signature is more than five minutes old; check the clock.');
  return { kind: 'ok', signer };
}

/** The header's value for a body. */
export function signTikTok(secret: string, body: Uint8Array | string, nowMs: number): string {
  const time = String(Math.floor(nowMs / 1000));
  return `t=${time},s=${digestOf(secret, time, body)}`;
}

/** By name, whatever their order; a name given twice is none. */
function fieldsOf(header: string): Map<string, string> {
  const fields = new Map<string, string>();
  const twice = new Set<string>();
  for (const field of header.split(',')) {
    const at = field.indexOf('=');
    const name = field.slice(0, Math.max(at, 0)).trim();
    if (fields.has(name)) twice.add(name);
    fields.set(name, field.slice(at + 1).trim());
  }
  for (const name of twice) fields.delete(name);
  return fields;
}

function digestOf(secret: string, time: string, body: Uint8Array | string): string {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
}

function reject(code: string, message: string): Extract<Verdict, { kind: 'reject' }> {
  return { kind: 'reject', status: 401, code, message };
}
