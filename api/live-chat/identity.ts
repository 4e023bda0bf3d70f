/** Whether a website's server vouched for a visitor's id. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Identity } from '#channels/live_chat/wire.ts';

export type IdentityVerdict =
  | { kind: 'ok' }
  | { kind: 'refused'; code: 'identity_not_set_up' | 'identity_expired' | 'identity_wrong'; message: string };

/**
 * hex HMAC-SHA256(secret, id), or of id, a line break and exp where the website says until when: what no id of anybody's reads like, also
 * where people choose their own (a dot could stand in one). Any of `secrets` may have signed it.
 */
export function checkIdentity(
  { externalId, exp, hash }: Pick<Identity, 'externalId' | 'exp' | 'hash'>,
  secrets: readonly string[],
  nowMs: number,
): IdentityVerdict {
  if (secrets.length === 0) {
    return {
      kind: 'refused',
      code: 'identity_not_set_up',
      message:
        'This inbox has no identity secret yet: make one in its settings, and sign with it on your server.',
    };
  }
  const signed = exp === undefined ? externalId : `${externalId}\n${exp}`;
  const given = Buffer.from(hash.toLowerCase());
  const right = secrets.some((secret) => {
    const expected = Buffer.from(createHmac('sha256', secret).update(signed).digest('hex'));
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!right) {
    return {
      kind: 'refused',
      code: 'identity_wrong',
      message:
        'The hash is not hex HMAC-SHA256(secret, externalId), with a line break and exp after the id where exp is given. The visitor goes on as before.',
    };
  }
  if (exp !== undefined && exp * 1000 <= nowMs) {
    return {
      kind: 'refused',
      code: 'identity_expired',
      message: 'This proof of identity is over (exp). Make a new one when the page is loaded.',
    };
  }
  return { kind: 'ok' };
}
