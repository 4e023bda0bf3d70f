/** Telegram, LINE, SMS and TikTok in tests: accounts that only this file has, and what their phones can tell of a call. */
import type { ChannelType } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { LedgerEntry } from '#channels/sandbox-contract.ts';
import type { ChannelProduct } from '../support/channel-product.ts';
import { customerWrites, type Talk } from './meta-channels.ts';

export interface OtherChannel {
  type: ChannelType;
  credentials: () => JsonObject;
}

let accounts = 0;
const nextAccount = (): number => 10_000 + (accounts += 1);

const telegram = (): JsonObject => ({ botToken: `70${nextAccount()}:AAsandbox-token-of-a-bot` });
const line = (): JsonObject => ({
  channelSecret: `c0ffee${nextAccount()}c0ffee${nextAccount()}`,
  channelAccessToken: `sandbox-line-token-${nextAccount()}`,
});
const sms = (): JsonObject => ({
  accountSid: `AC${String(nextAccount()).padStart(32, '0')}`,
  authToken: `sandbox-twilio-token-${nextAccount()}`,
  phoneNumber: `+155502${nextAccount()}`,
});
const tiktok = (): JsonObject => ({
  businessId: `sandbox-business-${nextAccount()}`,
  accessToken: `act.sandbox-${nextAccount()}`,
  refreshToken: `rft.sandbox-${nextAccount()}`,
});

export const channels = {
  telegram: { type: 'telegram', credentials: telegram },
  line: { type: 'line', credentials: line },
  sms: { type: 'sms', credentials: sms },
  tiktok: { type: 'tiktok', credentials: tiktok },
} satisfies Record<string, OtherChannel>;

export const rows: [string, OtherChannel][] = Object.entries(channels);

/** A new inbox with the credentials it was connected by, and a new customer's first message in it, arrived. */
export async function beginTalk(
  product: ChannelProduct,
  { type, credentials }: OtherChannel,
  text = 'Hello there',
): Promise<Talk & { credentials: JsonObject }> {
  const given = credentials();
  const inbox = await product.createSandboxInbox(type, given);
  return { inbox, credentials: given, ...(await customerWrites(inbox, text)) };
}

/** The text of a call, whatever the provider calls it. */
export function textSent({ request }: LedgerEntry): string {
  const at = (value: Json | undefined, name: string | number): Json | undefined =>
    typeof value === 'object' && value !== null ? (value as JsonObject)[name] : undefined;
  const found =
    at(at(request, 'fields'), 'text') ??
    at(at(at(request, 'messages'), 0), 'text') ??
    at(at(request, 'text'), 'body') ??
    at(request, 'Body');
  return typeof found === 'string' ? found : '';
}
