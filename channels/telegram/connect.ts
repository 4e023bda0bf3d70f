import { randomBytes } from 'node:crypto';
import { ChannelError, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callBot, unreadable, type TelegramInbox } from './call.ts';
import type { TelegramCredentials } from './definition.ts';
import { ALLOWED_UPDATES } from './parse.ts';
import { me, webhookInfo } from './wire.ts';

/** Asks who the bot is and points its webhook at us. A bot has one webhook: this takes it from wherever it was. @throws ChannelError */
export async function connectTelegram(
  http: HttpClient,
  inbox: TelegramInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<Connected<TelegramCredentials>> {
  const bot = me.safeParse(await callBot(http, inbox, 'getMe', {}, signal));
  if (!bot.success) throw unreadable('getMe');
  const webhookSecret = inbox.credentials.webhookSecret ?? randomBytes(32).toString('base64url');
  return {
    accountKey: String(bot.data.id),
    accountLabel: bot.data.username ? `@${bot.data.username}` : (bot.data.first_name ?? String(bot.data.id)),
    credentials: { ...inbox.credentials, webhookSecret },
    warnings: await registerWebhook(http, inbox, webhookUrl, webhookSecret, signal),
  };
}

/** A URL that Telegram won't take is a warning: the bot can send, and receives once PUBLIC_URL is mended. */
async function registerWebhook(
  http: HttpClient,
  inbox: TelegramInbox,
  url: string,
  secret: string,
  signal: AbortSignal,
): Promise<string[]> {
  const fields = { url, secret_token: secret, allowed_updates: ALLOWED_UPDATES, max_connections: 40 };
  try {
    await callBot(http, inbox, 'setWebhook', fields, signal);
    return [];
  } catch (error) {
    if (!(error instanceof ChannelError) || error.providerCode !== '400') throw error;
    return [
      `No messages arrive yet: Telegram refused our webhook address (${error.message}). It needs a public https PUBLIC_URL on port 443, 80, 88 or 8443; correct it and connect again.`,
    ];
  }
}

/** Removes our webhook; one that meanwhile points elsewhere stays, as does a bot whose token is gone. Idempotent. @throws ChannelError */
export async function disconnectTelegram(
  http: HttpClient,
  inbox: TelegramInbox,
  signal: AbortSignal,
): Promise<void> {
  try {
    const info = webhookInfo.safeParse(await callBot(http, inbox, 'getWebhookInfo', {}, signal));
    if (!info.success || !info.data.url.endsWith(`/${inbox.id}`)) return;
    await callBot(http, inbox, 'deleteWebhook', {}, signal);
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'reauthorize') return;
    throw error;
  }
}
