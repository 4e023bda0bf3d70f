import type { z } from 'zod';
import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callBot, unreadable, type TelegramInbox } from './call.ts';
import { webhookInfo } from './wire.ts';

const RECENT_SECONDS = 15 * 60;
const MANY_PENDING = 100;

/** `getWebhookInfo` answers both: whether the token works, and whether updates reach us. */
export async function probeTelegram(
  http: HttpClient,
  inbox: TelegramInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const info = webhookInfo.safeParse(await callBot(http, inbox, 'getWebhookInfo', {}, signal));
    if (!info.success) throw unreadable('getWebhookInfo');
    return {
      inbound: inboundHealth(info.data, webhookUrl),
      outbound: { state: 'ok' },
      facts: factsOf(info.data, webhookUrl),
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // Not being able to ask is not an answer; only a refused token is.
    const state = error.kind === 'reauthorize' ? 'failing' : 'unknown';
    const health = { state, reason: error.message } as const;
    return { inbound: health, outbound: health, facts: {} };
  }
}

type Info = z.infer<typeof webhookInfo>;

function inboundHealth(info: Info, webhookUrl: string): ProbeResult['inbound'] {
  if (info.url === '')
    return { state: 'failing', reason: 'No webhook is registered with Telegram; connect the inbox again.' };
  if (info.url !== webhookUrl)
    return {
      state: 'failing',
      reason: 'The bot’s webhook points elsewhere; connect the inbox again to take it back.',
    };
  const errorAge = Date.now() / 1000 - (info.last_error_date ?? 0);
  if (errorAge < RECENT_SECONDS)
    return {
      state: 'degraded',
      reason: `Telegram could not deliver: ${info.last_error_message ?? 'no reason given'}`,
    };
  if (info.pending_update_count > MANY_PENDING)
    return { state: 'degraded', reason: `${info.pending_update_count} updates wait at Telegram.` };
  return { state: 'ok' };
}

function factsOf(info: Info, webhookUrl: string): ProbeResult['facts'] {
  // Somebody else's webhook may have a secret in its path.
  const elsewhere = URL.canParse(info.url) ? new URL(info.url).origin : null;
  return {
    webhookUrl: info.url === webhookUrl ? info.url : elsewhere,
    pendingUpdates: info.pending_update_count,
    lastError: info.last_error_message ?? null,
    lastErrorAt:
      info.last_error_date === undefined ? null : new Date(info.last_error_date * 1000).toISOString(),
  };
}
