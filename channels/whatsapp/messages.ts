/** What customers wrote (`messages`), and what our own people wrote in the WhatsApp Business app (`smb_message_echoes`). */
import type { JsonObject } from '#domain/json.ts';
import type { ChannelEvent, EditEvent, DeleteEvent, InboundContact } from '../contract.ts';
import { addressOf, contactFor, nameOf, personOf, type Names } from './identity.ts';
import { partsOf } from './parts.ts';
import * as wire from './wire.ts';

/** Null where the item names no message or nobody: the caller keeps that as an account event. */
export function messageEvent(item: unknown, contacts: readonly unknown[]): ChannelEvent | null {
  const read = wire.message.safeParse(item);
  if (!read.success) return null;
  const message = read.data;
  const names = namesOf(
    { phone: message.from, userId: message.from_user_id, parentUserId: message.from_parent_user_id },
    message.type === 'system' ? [] : contacts,
  );
  const contact = personOf(names.names, names.name);
  const changed = contentChange(message);
  if (changed) return changed;
  if (message.type === 'system') return systemEvent(message);
  if (!contact) return null;
  const threadKey = message.group_id ?? '';
  if (message.type === 'reaction') {
    const reaction = wire.reaction.safeParse(message['reaction']);
    if (reaction.success)
      return {
        kind: 'reaction',
        eventId: message.id,
        threadKey,
        contact,
        providerMessageId: reaction.data.message_id,
        emoji: reaction.data.emoji ?? '',
      };
  }
  // The chat was opened for the first time: nothing was said.
  if (message.type === 'request_welcome')
    return { kind: 'contact', eventId: message.id, threadKey, contact, change: 'updated' };
  const referral = referralOf(message['referral']);
  return {
    kind: 'message',
    eventId: message.id,
    threadKey,
    contact,
    parts: partsOf(message.type, message),
    providerMessageId: message.id,
    ...quoted(message),
    ...(message.timestamp === undefined ? {} : { sentAtMs: message.timestamp * 1000 }),
    replyAddress: addressOf(names.names, message.group_id),
    ...(referral ? { reference: { referral } } : {}),
  };
}

/** Sent by a person in the app, so an agent's; null as `messageEvent`. */
export function echoEvent(item: unknown, contacts: readonly unknown[]): ChannelEvent | null {
  const read = wire.message.safeParse(item);
  if (!read.success) return null;
  const message = read.data;
  const changed = contentChange(message);
  if (changed) return changed;
  const { names, name } = namesOf(
    { phone: message.to, userId: message.to_user_id, parentUserId: message.to_parent_user_id },
    contacts,
  );
  const contact = personOf(names, name);
  if (!contact) return null;
  return {
    kind: 'echo',
    eventId: `echo:${message.id}`,
    threadKey: message.group_id ?? '',
    contact,
    parts: partsOf(message.type, message),
    providerMessageId: message.id,
    ...quoted(message),
    ...(message.timestamp === undefined ? {} : { sentAtMs: message.timestamp * 1000 }),
    replyAddress: addressOf(names, message.group_id),
  };
}

/** An edit or a deletion names the message it changes. It has an id of its own, but stays another event should that be the message's. */
function contentChange(message: wire.Message): EditEvent | DeleteEvent | null {
  const at = message.timestamp === undefined ? {} : { atMs: message.timestamp * 1000 };
  if (message.type === 'revoke') {
    const read = wire.revoke.safeParse(message['revoke']);
    if (!read.success) return null;
    return {
      kind: 'delete',
      eventId: `revoke:${message.id}`,
      providerMessageId: read.data.original_message_id,
      ...at,
    };
  }
  if (message.type !== 'edit') return null;
  const read = wire.edit.safeParse(message['edit']);
  if (!read.success) return null;
  const { original_message_id: original, message: now } = read.data;
  return {
    kind: 'edit',
    eventId: `edit:${message.id}`,
    providerMessageId: original,
    parts: partsOf(now.type, now),
    ...at,
  };
}

/** Who somebody is now who had another number or id: no `contacts` come along, and the new id stands in the text's place. */
function systemEvent(message: wire.Message): ChannelEvent | null {
  const read = wire.system.safeParse(message['system']);
  if (!read.success) return null;
  const now = read.data;
  const contact = renamed(
    { phone: now.wa_id ?? now.new_wa_id, userId: now.user_id, parentUserId: now.parent_user_id },
    [
      now.previous_user_id,
      now.previous_parent_user_id,
      message.from_user_id,
      message.from_parent_user_id,
      message.from,
    ],
  );
  return contact && { kind: 'contact', eventId: message.id, threadKey: '', contact, change: 'updated' };
}

/** Field `user_id_update`: a new number made a new id. */
export function userIdUpdateEvent(item: unknown, contacts: readonly unknown[]): ChannelEvent | null {
  const read = wire.userIdUpdate.safeParse(item);
  if (!read.success) return null;
  const { wa_id: phone, user_id: user, parent_user_id: parent } = read.data;
  if (user?.current === undefined && parent?.current === undefined) return null;
  const names = { phone, userId: user?.current, parentUserId: parent?.current };
  const name = nameOf(contactFor(contacts, names));
  const contact = renamed(names, [user?.previous, parent?.previous], name);
  const ids = [user?.previous, user?.current, parent?.current].filter((each) => each !== undefined);
  return (
    contact && {
      kind: 'contact',
      eventId: `user_id_update:${ids.join(':')}`,
      threadKey: '',
      contact,
      change: 'updated',
    }
  );
}

/** Known by old ids only, a system event still says something: then by the first of them. */
function renamed(
  names: Names,
  before: readonly (string | undefined)[],
  name?: string,
): InboundContact | null {
  const old = before.filter((each) => each !== undefined);
  const contact = personOf(names, name) ?? personOf({ userId: old[0] });
  if (!contact) return null;
  const aliases = [...new Set([...(contact.aliases ?? []), ...old])].filter(
    (alias) => alias !== contact.externalId,
  );
  const { aliases: _had, ...bare } = contact;
  return aliases.length === 0 ? bare : { ...bare, aliases };
}

/** The item's own names, completed from `contacts`. */
export function namesOf(own: Names, contacts: readonly unknown[]): { names: Names; name?: string } {
  const entry = contactFor(contacts, own);
  const name = nameOf(entry);
  return {
    names: {
      phone: own.phone ?? entry.wa_id,
      userId: own.userId ?? entry.user_id,
      parentUserId: own.parentUserId ?? entry.parent_user_id,
    },
    ...(name === undefined ? {} : { name }),
  };
}

function quoted({ context }: wire.Message): { inReplyTo?: string } {
  return context?.id === undefined ? {} : { inReplyTo: context.id };
}

/** The ad or post that led here. */
function referralOf(referral: unknown): JsonObject | null {
  if (referral === null || typeof referral !== 'object') return null;
  const facts = Object.entries(referral).flatMap(([field, fact]): [string, string][] =>
    REFERRAL.has(field) && typeof fact === 'string' && fact !== '' ? [[field, fact]] : [],
  );
  return facts.length === 0 ? null : Object.fromEntries(facts);
}
const REFERRAL = new Set(['source_url', 'source_id', 'source_type', 'headline', 'body', 'ctwa_clid']);
