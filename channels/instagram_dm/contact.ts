import type { SendFailureKind } from '#domain/channel.ts';
import type { InboundContact } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callInstagram, type InstagramInbox } from '../instagram/call.ts';
import { profile } from '../instagram/wire.ts';
import { unreadable } from '../meta/graph.ts';

/** Name and picture, which Instagram gives of people who have written to the account. @throws ChannelError */
export async function fetchInstagramContact(
  http: HttpClient,
  inbox: InstagramInbox,
  igsid: string,
  signal: AbortSignal,
): Promise<Partial<Omit<InboundContact, 'externalId'>>> {
  const path = `/${encodeURIComponent(igsid)}`;
  const query = { fields: 'name,username,profile_pic' };
  const answer = await callInstagram(http, inbox, { method: 'GET', path, query, signal, kindOf: noConsent });
  const read = profile.safeParse(answer);
  if (!read.success) throw unreadable(`GET ${path}`);
  const { name, username, profile_pic: avatarUrl } = read.data;
  return {
    ...(name || username ? { name: name ?? username } : {}),
    ...(avatarUrl === undefined ? {} : { avatarUrl }),
  };
}

/** The person hasn't agreed, or isn't there for us: no fault of our token. */
function noConsent(code: number): SendFailureKind | undefined {
  return code === 9 || code === 230 ? 'permanent' : undefined;
}
