/** TikTok's OAuth: a code becomes tokens, and the refresh token, used once, becomes new ones. */
import type { ProviderApp } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import type { HttpClient } from '../http.ts';
import { callTikTok, unreadable } from './call.ts';
import { tokens } from './wire.ts';

/** What messaging needs of an account; its owner may deny any of them. */
export const TIKTOK_SCOPES = [
  'user.info.basic',
  'user.info.username',
  'user.info.stats',
  'user.info.profile',
  'user.account.type',
  'user.insights',
  'message.list.read',
  'message.list.send',
  'message.list.manage',
] as const;
const REQUIRED = ['message.list.read', 'message.list.send', 'message.list.manage'] as const;

export interface TikTokTokens {
  businessId: string;
  accessToken: string;
  /** Replaces the one it was had with, which is worth nothing any more. */
  refreshToken: string;
  expiresAtMs: number;
  refreshExpiresAtMs: number | null;
  /** Needed and not granted. Empty also where TikTok doesn't say. */
  missingScopes: string[];
}
interface Grant {
  /** The API's base. */
  base: string;
  app: ProviderApp;
  signal: AbortSignal;
}

/** @throws ChannelError */
export async function exchangeTikTokCode(
  http: HttpClient,
  { base, app, signal }: Grant,
  code: string,
  redirectUri: string,
): Promise<TikTokTokens> {
  const json = {
    ...clientOf(app),
    grant_type: 'authorization_code',
    auth_code: code,
    redirect_uri: redirectUri,
  };
  return read(await callTikTok(http, { base, path: '/tt_user/oauth2/token/', json, signal }));
}

/**
 * Whoever calls this must store the answer before anything else: the old refresh token is gone with it.
 * @throws ChannelError reauthorize where the refresh token is used up, expired or withdrawn
 */
export async function refreshTikTokToken(
  http: HttpClient,
  { base, app, signal }: Grant,
  refreshToken: string,
): Promise<TikTokTokens> {
  const json = { ...clientOf(app), grant_type: 'refresh_token', refresh_token: refreshToken };
  return read(await callTikTok(http, { base, path: '/tt_user/oauth2/refresh_token/', json, signal }));
}

function clientOf({ id, secret }: ProviderApp): JsonObject {
  return { client_id: id, client_secret: secret };
}

function read(data: unknown): TikTokTokens {
  const parsed = tokens.safeParse(data);
  if (!parsed.success) throw unreadable('the authorization');
  const nowMs = Date.now();
  const { expires_in: seconds, refresh_token_expires_in: refreshSeconds, scope } = parsed.data;
  const granted = scope?.split(/[\s,]+/);
  return {
    businessId: parsed.data.open_id,
    accessToken: parsed.data.access_token,
    refreshToken: parsed.data.refresh_token,
    expiresAtMs: nowMs + seconds * 1000,
    refreshExpiresAtMs: refreshSeconds === undefined ? null : nowMs + refreshSeconds * 1000,
    missingScopes: granted ? REQUIRED.filter((needed) => !granted.includes(needed)) : [],
  };
}
