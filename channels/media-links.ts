/** Signed links to our media: whoever holds one may read that one file until it expires; nobody can make one. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface MediaLinks {
  /** Absolute. Good for at least `ttlMs`; the same for a while, so that browsers keep what they have loaded. */
  link(mediaId: string, ttlMs?: number): string;
  /** For what leaves us: a text message's link is opened whenever its reader finds the time. */
  handOut(mediaId: string): string;
  verify(mediaId: string, sig: string, exp: string): boolean;
}

const hourMs = 3_600_000;
const handedOutMs = 30 * 24 * hourMs;

/** @param deps.key a key of its own for this use: derivedKey(keyring, 'media') */
export function createMediaLinks(deps: {
  publicUrl: string;
  key: Uint8Array;
  now?: () => number;
}): MediaLinks {
  const now = deps.now ?? Date.now;
  const sign = (mediaId: string, exp: string): Buffer =>
    createHmac('sha256', deps.key).update(`${mediaId}.${exp}`).digest();
  const link = (mediaId: string, ttlMs = 6 * hourMs): string => {
    const exp = String(((Math.floor(now() / hourMs) + 1) * hourMs + ttlMs) / 1000);
    const sig = sign(mediaId, exp).toString('base64url');
    return `${deps.publicUrl}/media/${mediaId}?exp=${exp}&sig=${sig}`;
  };
  return {
    link,
    handOut: (mediaId) => link(mediaId, handedOutMs),
    verify(mediaId, sig, exp) {
      if (!/^\d{1,12}$/.test(exp) || Number(exp) * 1000 < now()) return false;
      const given = Buffer.from(sig, 'base64url');
      const right = sign(mediaId, exp);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
