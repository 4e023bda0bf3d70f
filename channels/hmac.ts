/** Signatures and constant-time comparison. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Equality whose time doesn't depend on where two strings differ, nor on their lengths. */
export function constantTimeEquals(left: string, right: string): boolean {
  return timingSafeEqual(hashOf(left), hashOf(right));
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** `t=<unix seconds>,v1=<hex HMAC-SHA256(secret, t + "." + body)>`: what API inboxes send and receive. */
export function signBody(secret: string, body: Uint8Array | string, nowMs: number): string {
  const time = Math.floor(nowMs / 1000);
  return `t=${time},v1=${digestOf(secret, String(time), body)}`;
}

const TOLERANCE_SECONDS = 300;

/** `missing` is also an unreadable header. `stale` is only said of a right signature, so it tells a forger nothing. */
export function verifySignature(
  secret: string,
  header: string | undefined,
  body: Uint8Array,
  nowMs: number,
): 'ok' | 'missing' | 'wrong' | 'stale' {
  const fields = (header ?? '').split(',').map((field) => field.trim().split('=', 2));
  const times = fields.filter(([name]) => name === 't').map(([, value]) => value ?? '');
  const signatures = fields.filter(([name]) => name === 'v1').map(([, value]) => value ?? '');
  const [time] = times;
  if (time === undefined || times.length > 1 || !/^\d{1,12}$/.test(time) || signatures.length === 0)
    return 'missing';
  const expected = digestOf(secret, time, body);
  if (!signatures.some((signature) => constantTimeEquals(signature.toLowerCase(), expected))) return 'wrong';
  return Math.abs(nowMs / 1000 - Number(time)) > TOLERANCE_SECONDS ? 'stale' : 'ok';
}

function digestOf(secret: string, time: string, body: Uint8Array | string): string {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
}
