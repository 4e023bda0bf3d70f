import type { z } from 'zod';
import { ChannelError, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { readCallback, setCallback } from './app-callback.ts';
import { asInbox, callTikTok, unreadable, type TikTokInbox } from './call.ts';
import type { TikTokCredentials } from './definition.ts';
import { business } from './wire.ts';

/** Asks who the account is, and sees to it that the app's webhook is ours. @throws ChannelError */
export async function connectTikTok(
  http: HttpClient,
  inbox: TikTokInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<Connected<TikTokCredentials>> {
  const { username, display_name: name } = await readBusiness(http, inbox, signal);
  const { businessId, refreshToken } = inbox.credentials;
  return {
    accountKey: businessId,
    accountLabel: username ? `@${username}` : (name ?? businessId),
    credentials: inbox.credentials,
    warnings: [
      ...(await registerWebhook(http, inbox, webhookUrl, signal)),
      ...(refreshToken === undefined
        ? [
            'TikTok’s access tokens end after about a day, and there is no refresh token: the account must then be connected again.',
          ]
        : []),
    ],
  };
}

/** @throws ChannelError */
export async function readBusiness(
  http: HttpClient,
  inbox: TikTokInbox,
  signal: AbortSignal,
): Promise<z.infer<typeof business>> {
  const query = {
    business_id: inbox.credentials.businessId,
    fields: JSON.stringify(['username', 'display_name', 'profile_image']),
  };
  const data = await callTikTok(http, { ...asInbox(inbox), path: '/business/get/', query, signal });
  const read = business.safeParse(data);
  if (!read.success) throw unreadable('who the account is');
  return read.data;
}

/** The account can send without it, so a webhook that can't be set is a warning. */
async function registerWebhook(
  http: HttpClient,
  inbox: TikTokInbox,
  url: string,
  signal: AbortSignal,
): Promise<string[]> {
  const { tiktok: app } = inbox.apps;
  if (!app)
    return [
      'No messages arrive yet: this installation has no TikTok app. Set TIKTOK_APP_ID and TIKTOK_APP_SECRET, and connect again.',
    ];
  try {
    const at = { base: inbox.urls['api'] ?? '', app, signal };
    if ((await readCallback(http, at)) !== url) await setCallback(http, at, url);
    return [];
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return [
      `No messages arrive yet: the app’s webhook could not be set to ${url} (${error.message}). It needs a public https PUBLIC_URL and the app’s right id and secret.`,
    ];
  }
}
