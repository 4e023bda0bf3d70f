/** What tests of Meta's channels share: accounts of every type at the double, and how their customers write. */
import type { ChannelType } from '#domain/channel.ts';
import { toText } from '#domain/flow/path.ts';
import type { JsonObject } from '#domain/json.ts';
import type { SandboxInbox, Thread } from '../support/channel-inbox.ts';
import type { ChannelProduct } from '../support/channel-product.ts';
import type { Place } from '../support/sandbox-phone.ts';

export interface MetaChannel {
  type: ChannelType;
  /** How the account was authorized, where there are several ways. */
  by?: string;
  /** Of an account of its own each time. */
  credentials(): JsonObject;
}

let accounts = 0;
/** Digits of an account nobody else in this file has. */
const nextAccount = (): string => String(100_000 + (accounts += 1));

export const pageAccount = (pageId: string, token = `sandbox-page-${pageId}`): JsonObject => ({
  pageId,
  pageAccessToken: token,
});
export const instagramAccount = (userId: string, token = `sandbox-ig-${userId}`): JsonObject => ({
  instagramUserId: userId,
  accessToken: token,
  login: 'instagram',
});
export const newPageId = (): string => `104233${nextAccount()}`;
export const newInstagramId = (): string => `17841400000${nextAccount()}`;

const page = (): JsonObject => pageAccount(newPageId());
const instagram = (): JsonObject => instagramAccount(newInstagramId());
/** A page, and the Instagram account linked to it, which the page's token reaches. */
export function instagramOfPageAccount(): { page: JsonObject; instagram: JsonObject } {
  const pageId = newPageId();
  const accessToken = `sandbox-page-${pageId}`;
  return {
    page: pageAccount(pageId),
    instagram: { instagramUserId: `17841${pageId}`, accessToken, login: 'facebook' },
  };
}
const instagramByPage = (): JsonObject => instagramOfPageAccount().instagram;
export function numberAccount(): JsonObject {
  const account = nextAccount();
  return {
    wabaId: `200555${account}`,
    phoneNumberId: `300666${account}`,
    accessToken: `sandbox-system-user-of-${account}`,
  };
}

export const direct: MetaChannel[] = [
  { type: 'whatsapp', credentials: numberAccount },
  { type: 'messenger', credentials: page },
  { type: 'instagram_dm', credentials: instagram },
  { type: 'instagram_dm', by: 'Facebook Login', credentials: instagramByPage },
];
export const comments: MetaChannel[] = [
  { type: 'facebook_page', credentials: page },
  { type: 'instagram_posts', credentials: instagram },
  { type: 'instagram_posts', by: 'Facebook Login', credentials: instagramByPage },
];
/** One way for each of the five types. */
export const five: MetaChannel[] = [...direct, ...comments].filter(({ by }) => by === undefined);

export const isDirect = ({ type }: { type: ChannelType }): boolean =>
  direct.some((each) => each.type === type);
/** Names a row of `test.each`. */
export const named = (channels: readonly MetaChannel[]): [string, MetaChannel][] =>
  channels.map((channel) => [channel.by ? `${channel.type} by ${channel.by}` : channel.type, channel]);

/** A customer whom nobody else in this file is. */
let customers = 0;
export const newName = (): string => `Customer No ${(customers += 1)}`;

export interface Talk extends Place {
  inbox: SandboxInbox;
  credentials: JsonObject;
  thread: Thread;
  name: string;
}
/** A new inbox, and a new customer's first message in it, arrived. */
export async function beginTalk(
  product: ChannelProduct,
  channel: MetaChannel,
  text = 'Hello there',
): Promise<Talk> {
  const credentials = channel.credentials();
  const inbox = await product.createSandboxInbox(channel.type, credentials);
  return { inbox, credentials, ...(await customerWrites(inbox, text)) };
}

export async function customerWrites(
  inbox: SandboxInbox,
  text: string,
  name = newName(),
): Promise<Omit<Talk, 'inbox' | 'credentials'>> {
  const place = await inbox.phone.write({ personName: name, text });
  return { ...place, name, thread: await inbox.holding(place.messageId) };
}

/** An id a customer of this channel may have: a phone number, or an id Meta makes up. */
export const newPersonId = (type: ChannelType): string =>
  type === 'whatsapp' ? `49151${nextAccount()}0` : `7100${nextAccount()}0000`;

/** The same account with another token of its own. */
export function renewed(credentials: JsonObject, mark = '-renewed'): JsonObject {
  const name = 'pageAccessToken' in credentials ? 'pageAccessToken' : 'accessToken';
  return { ...credentials, [name]: `${toText(credentials[name])}${mark}` };
}
