/** Where TikTok delivers: one address for the whole app, whatever accounts it has. */
import type { ProviderApp } from '#domain/channel.ts';
import type { HttpClient } from '../http.ts';
import { callTikTok } from './call.ts';
import { webhooks } from './wire.ts';

const EVENT_TYPE = 'DIRECT_MESSAGE';

interface At {
  base: string;
  app: ProviderApp;
  signal: AbortSignal;
}

/** Null where none is set. @throws ChannelError */
export async function readCallback(http: HttpClient, { base, app, signal }: At): Promise<string | null> {
  const query = { app_id: app.id, secret: app.secret, event_type: EVENT_TYPE };
  const data = await callTikTok(http, { base, path: '/business/webhook/list/', query, signal });
  return webhooks.parse(data).find(({ callback_url: url }) => url)?.callback_url ?? null;
}

/** @throws ChannelError */
export async function setCallback(http: HttpClient, { base, app, signal }: At, url: string): Promise<void> {
  const json = { app_id: app.id, secret: app.secret, event_type: EVENT_TYPE, callback_url: url };
  await callTikTok(http, { base, path: '/business/webhook/update/', json, signal });
}
