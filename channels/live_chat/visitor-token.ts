/**
 * The visitor's session: a signed statement "this browser is visitor V of inbox I until T", and once the website has vouched for
 * them "and person P". It is renewed (a new expiry, the same visitor) whenever the widget loads. What is stored of it is only that
 * it was ended (db/visitor-sessions.ts).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUuid } from '#domain/ids.ts';

export interface VisitorSession {
  inboxId: string;
  /** This browser. It stays the same when the website vouches for a person, so that what was sent before is known after. */
  visitorId: string;
  /** The website's id of the person; null while they are anonymous. */
  personId: string | null;
  expiresAtMs: number;
}

/** Who a session speaks for: the contact's external id. A browser's is a bare UUID, so the two never meet. */
export function contactOf({ visitorId, personId }: Pick<VisitorSession, 'visitorId' | 'personId'>): string {
  return personId === null ? visitorId : `${personPrefix}${personId}`;
}
/** Begins the external id of contacts the website has vouched for. */
export const personPrefix = 'user:';

const formatVersion = 'v2';
const longestToken = 1400;

/** @param keys the first one signs */
export function issueVisitorToken(keys: readonly Uint8Array[], session: VisitorSession): string {
  const key = keys[0];
  if (!key) throw new Error('No key to sign visitor sessions with.');
  const expiresAt = Math.floor(session.expiresAtMs / 1000).toString(36);
  const person = session.personId === null ? '' : Buffer.from(session.personId).toString('base64url');
  const body = [formatVersion, session.inboxId, session.visitorId, person, expiresAt].join('.');
  return `${body}.${mac(key, body)}`;
}

/** The session a token stands for; null if it is forged, of another inbox or over. Any of `keys` may have signed it. */
export function readVisitorToken(
  keys: readonly Uint8Array[],
  token: string,
  inboxId: string,
  nowMs: number,
): VisitorSession | null {
  if (token.length > longestToken) return null;
  const cut = token.lastIndexOf('.');
  const body = token.slice(0, Math.max(cut, 0));
  const given = Buffer.from(token.slice(cut + 1));
  const signed = keys.some((key) => {
    const expected = Buffer.from(mac(key, body));
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!signed) return null;
  const [version, tokenInboxId, visitorId = '', person = '', expiresAt = ''] = body.split('.');
  const expiresAtMs = Number.parseInt(expiresAt, 36) * 1000;
  if (version !== formatVersion || tokenInboxId !== inboxId || !isUuid(visitorId) || !(expiresAtMs > nowMs))
    return null;
  const personId = person === '' ? null : Buffer.from(person, 'base64url').toString();
  return { inboxId, visitorId, personId, expiresAtMs };
}

/** The token of `Authorization: Bearer …`; '' where there is none. */
export function bearerToken(header: string | undefined): string {
  return /^Bearer ([\w.-]+)$/.exec(header ?? '')?.[1] ?? '';
}

function mac(key: Uint8Array, body: string): string {
  return createHmac('sha256', key).update(body).digest('base64url');
}
