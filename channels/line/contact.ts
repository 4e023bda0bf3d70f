import { ChannelError, type InboundContact } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callLine, type LineInbox } from './call.ts';
import { group, profile } from './wire.ts';

type Known = Partial<Omit<InboundContact, 'externalId'>>;

/**
 * What LINE tells of a person (U…) or a group (C…). Nothing of rooms, nor of members who never added the account: a profile by group
 * needs the group, which a contact alone doesn't name. @throws ChannelError
 */
export async function fetchLineContact(
  http: HttpClient,
  inbox: LineInbox,
  externalId: string,
  signal: AbortSignal,
): Promise<Known> {
  if (externalId.startsWith('R')) return {};
  const isGroup = externalId.startsWith('C');
  const id = encodeURIComponent(externalId);
  try {
    const answer = await callLine(http, inbox, {
      path: isGroup ? `/v2/bot/group/${id}/summary` : `/v2/bot/profile/${id}`,
      signal,
    });
    if (isGroup) {
      const { groupName: name, pictureUrl } = group.catch({}).parse(answer);
      return known(name, pictureUrl);
    }
    const { displayName: name, pictureUrl } = profile.catch({}).parse(answer);
    return known(name, pictureUrl);
  } catch (error) {
    if (error instanceof ChannelError && error.providerCode === '404') return {};
    throw error;
  }
}

function known(name: string | undefined, avatarUrl: string | undefined): Known {
  return { ...(name ? { name } : {}), ...(avatarUrl?.startsWith('https://') ? { avatarUrl } : {}) };
}
