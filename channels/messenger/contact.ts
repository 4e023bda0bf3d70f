import { ChannelError, type InboundContact } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callPage, type PageInbox } from '../meta/page.ts';
import { conversations, profile } from './wire.ts';

/**
 * A person's name and picture. Where Meta keeps the profile back, the name as the page's own inbox shows it.
 * @throws ChannelError
 */
export async function fetchMessengerContact(
  http: HttpClient,
  inbox: PageInbox,
  externalId: string,
  signal: AbortSignal,
): Promise<Partial<Omit<InboundContact, 'externalId'>>> {
  if (!/^\d+$/.test(externalId)) return {};
  try {
    const query = { fields: 'first_name,last_name,name,profile_pic' };
    const read = profile.safeParse(
      await callPage(http, inbox, { method: 'GET', path: `/${externalId}`, query, signal }),
    );
    const {
      name,
      first_name: first,
      last_name: last,
      profile_pic: avatarUrl,
    } = read.success ? read.data : {};
    const known = name || [first, last].filter(Boolean).join(' ');
    if (known || avatarUrl) return { ...(known ? { name: known } : {}), ...(avatarUrl ? { avatarUrl } : {}) };
  } catch (error) {
    if (!(error instanceof ChannelError) || !isKeptBack(error.providerCode)) throw error;
  }
  return await fromConversation(http, inbox, externalId, signal);
}

/** 100: no such person for this app; 200-299: consent is missing. Neither says that our token is bad. */
function isKeptBack(providerCode = ''): boolean {
  return /^(100|2\d\d)(\/|$)/.test(providerCode);
}

async function fromConversation(
  http: HttpClient,
  inbox: PageInbox,
  externalId: string,
  signal: AbortSignal,
): Promise<{ name?: string }> {
  const path = `/${inbox.credentials.pageId}/conversations`;
  const query = { user_id: externalId, fields: 'participants' };
  const read = conversations.safeParse(await callPage(http, inbox, { method: 'GET', path, query, signal }));
  if (!read.success) return {};
  const people = read.data.data.flatMap(({ participants }) => participants.data);
  const name = people.find(({ id }) => id === externalId)?.name;
  return name ? { name } : {};
}
