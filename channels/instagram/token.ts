/**
 * Tokens of Instagram Login live for 60 days and can be renewed from their second day until they end; then only a new login helps.
 * Page tokens don't end by time: `debug_token` knows.
 */
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callGraph, unreadable } from '../meta/graph.ts';
import type { InstagramInbox } from './call.ts';
import type { InstagramCredentials } from './definition.ts';
import { refreshedToken } from './wire.ts';

const DAY_MS = 24 * 3_600_000;
const LIFE_DAYS = 60;
const REFRESH_DAYS = 10;

/** When a token ends at the latest that was taken now, its own day unknown. */
export function latestExpiry(nowMs: number): string {
  return new Date(nowMs + LIFE_DAYS * DAY_MS).toISOString();
}

export type TokenState =
  { kind: 'lasting' } | { kind: 'fine' | 'refresh_due' | 'ended'; daysLeft: number; endsAt: string };

/** Whether a token has to be renewed: with less than ten days left. */
export function tokenState({ login, tokenExpiresAt }: InstagramCredentials, nowMs: number): TokenState {
  const endsAtMs = tokenExpiresAt === undefined ? Number.NaN : Date.parse(tokenExpiresAt);
  if (login !== 'instagram' || tokenExpiresAt === undefined || Number.isNaN(endsAtMs))
    return { kind: 'lasting' };
  const daysLeft = Math.max(0, Math.floor((endsAtMs - nowMs) / DAY_MS));
  const kind =
    endsAtMs <= nowMs ? 'ended' : endsAtMs - nowMs < REFRESH_DAYS * DAY_MS ? 'refresh_due' : 'fine';
  return { kind, daysLeft, endsAt: tokenExpiresAt };
}

/**
 * A new token for one that is a day old and hasn't ended; the old one stays good until its own end.
 * @throws ChannelError `reauthorize` where it has ended
 */
export async function refreshInstagramToken(
  http: HttpClient,
  inbox: InstagramInbox,
  signal: AbortSignal,
): Promise<Pick<InstagramCredentials, 'accessToken' | 'tokenExpiresAt'>> {
  const { login, accessToken: token } = inbox.credentials;
  if (login !== 'instagram')
    throw new ChannelError('permanent', 'A Page’s token is not renewed by time; authorize the Page again.');
  const answer = await callGraph(http, {
    base: inbox.urls['instagramGraph'] ?? '',
    token,
    method: 'GET',
    path: '/refresh_access_token',
    unversioned: true,
    // This call is documented with the token in its query only.
    query: { grant_type: 'ig_refresh_token', access_token: token },
    signal,
  });
  const read = refreshedToken.safeParse(answer);
  if (!read.success) throw unreadable('GET /refresh_access_token');
  const endsAtMs = Date.now() + read.data.expires_in * 1000;
  return { accessToken: read.data.access_token, tokenExpiresAt: new Date(endsAtMs).toISOString() };
}
