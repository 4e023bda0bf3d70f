import type { Json } from '#domain/json.ts';
import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { readCallback } from './app-callback.ts';
import type { TikTokInbox } from './call.ts';
import { readBusiness } from './connect.ts';

type Health = ProbeResult['inbound'];

/** The token by `business/get`, the way in by the app's webhook. */
export async function probeTikTok(
  http: HttpClient,
  inbox: TikTokInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const facts: Record<string, Json> = {
    accessTokenExpiresAt: inbox.credentials.accessTokenExpiresAt ?? null,
  };
  const outbound = await outboundHealth(http, inbox, facts, signal);
  return { outbound, inbound: await inboundHealth(http, inbox, webhookUrl, facts, signal), facts };
}

async function outboundHealth(
  http: HttpClient,
  inbox: TikTokInbox,
  facts: Record<string, Json>,
  signal: AbortSignal,
): Promise<Health> {
  try {
    const { username, display_name: name } = await readBusiness(http, inbox, signal);
    facts['account'] = username ?? name ?? null;
    return { state: 'ok' };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // Not being able to ask is not an answer; only a refused token is.
    if (error.kind !== 'reauthorize') return { state: 'unknown', reason: error.message };
    return { state: 'failing', reason: `${error.message}. Connect the account again.` };
  }
}

async function inboundHealth(
  http: HttpClient,
  inbox: TikTokInbox,
  webhookUrl: string,
  facts: Record<string, Json>,
  signal: AbortSignal,
): Promise<Health> {
  const { tiktok: app } = inbox.apps;
  if (!app)
    return {
      state: 'failing',
      reason: 'This installation has no TikTok app: set TIKTOK_APP_ID and TIKTOK_APP_SECRET.',
    };
  try {
    const url = await readCallback(http, { base: inbox.urls['api'] ?? '', app, signal });
    // Somebody else's webhook may have a secret in its path.
    facts['webhookUrl'] =
      url === webhookUrl || url === null || !URL.canParse(url) ? url && webhookUrl : new URL(url).origin;
    if (url === webhookUrl) return { state: 'ok' };
    return {
      state: 'failing',
      reason:
        url === null
          ? 'The TikTok app has no webhook; connect the inbox again.'
          : 'The TikTok app’s webhook points elsewhere; connect the inbox again to take it back.',
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { state: error.kind === 'reauthorize' ? 'failing' : 'unknown', reason: error.message };
  }
}
