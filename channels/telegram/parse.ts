import type { JsonObject } from '#domain/json.ts';
import type { ChannelEvent, InboundContact } from '../contract.ts';
import { jsonOf } from '../json-body.ts';
import { callbackMessageId, providerMessageId } from './ids.ts';
import { partsOf } from './parts.ts';
import * as wire from './wire.ts';

export type ReadUpdate =
  | { kind: 'events'; events: ChannelEvent[] }
  /** Nothing a customer did. The reason is for tests and people; nothing is stored. */
  | { kind: 'ignored'; reason: string }
  | { kind: 'malformed'; message: string };

/** One delivery is one update. Total: no body makes it throw. */
export function readUpdate(body: Uint8Array): ReadUpdate {
  const read = wire.update.safeParse(jsonOf(body));
  if (!read.success) return { kind: 'malformed', message: 'The body is not a Telegram update.' };
  const eventId = String(read.data.update_id);
  const kinds = Object.keys(read.data).filter((key) => key !== 'update_id');
  // A field that is new to us may stand beside one that isn't.
  const kind = kinds.find((key) => Object.hasOwn(readers, key)) ?? kinds[0];
  if (kind === undefined) return ignored('an empty update');
  const value = read.data[kind];
  const reader = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  return reader ? reader(value, eventId) : unknownKind(kind, value, eventId);
}

type Reader = (value: unknown, eventId: string) => ReadUpdate;

const readers: Record<string, Reader> = {
  message: readMessage,
  edited_message: readEdit,
  business_message: readMessage,
  edited_business_message: readEdit,
  deleted_business_messages: readDeletions,
  callback_query: readCallback,
  message_reaction: readReaction,
  my_chat_member: readMembership,
  channel_post: () => ignored('a post of a channel, written by its owners'),
  edited_channel_post: () => ignored('a post of a channel, written by its owners'),
  business_connection: () => ignored('a change of a business connection, which no customer made'),
};

/** Every kind read above. Told to Telegram in full: reactions are left out of its default, and an omitted list keeps the old one. */
export const ALLOWED_UPDATES = Object.keys(readers);

function readMessage(value: unknown, eventId: string): ReadUpdate {
  const read = wire.message.safeParse(value);
  if (!read.success) return ignored('a message without chat or id');
  return fromMessage(read.data, eventId, partsOf(read.data));
}

function fromMessage(message: wire.Message, eventId: string, parts: ReturnType<typeof partsOf>): ReadUpdate {
  const contact = writerOf(message);
  if (parts === null) return ignored('a service message');
  if (!contact) return ignored('a message that names no writer');
  if (message['sender_business_bot'] !== undefined) return ignored('what this bot sent in the owner’s name');
  const { reply_to_message: quoted, date } = message;
  return events({
    // What the owner of a business account wrote in Telegram's own app.
    ...(isOwnersOwn(message)
      ? { kind: 'echo' as const, contact: customerOf(message.chat) }
      : { kind: 'message' as const, contact }),
    eventId,
    ...placeOf(message),
    parts,
    providerMessageId: idOf(message, message.message_id),
    // In a forum topic every message formally answers the one that opened the topic.
    inReplyTo:
      quoted && !(message.is_topic_message && quoted.message_id === message.message_thread_id)
        ? idOf(message, quoted.message_id)
        : undefined,
    sentAtMs: date === undefined ? undefined : date * 1000,
  });
}

function readEdit(value: unknown, eventId: string): ReadUpdate {
  const read = wire.message.safeParse(value);
  if (!read.success) return ignored('an edit without chat or id');
  const parts = partsOf(read.data);
  if (parts === null) return ignored('a service message');
  const { edit_date: editedAt, message_id: messageId } = read.data;
  return events({
    kind: 'edit',
    eventId,
    providerMessageId: idOf(read.data, messageId),
    parts,
    atMs: editedAt === undefined ? undefined : editedAt * 1000,
  });
}

function readDeletions(value: unknown, eventId: string): ReadUpdate {
  const read = wire.businessMessagesDeleted.safeParse(value);
  if (!read.success) return ignored('deletions that name no message');
  const { chat, message_ids: ids, business_connection_id: businessConnectionId } = read.data;
  return events(
    ...ids
      .filter((id): id is number => Number.isSafeInteger(id))
      .map((id) => ({
        kind: 'delete' as const,
        eventId: `${eventId}:${id}`,
        providerMessageId: providerMessageId({
          chatId: String(chat.id),
          messageId: String(id),
          businessConnectionId,
        }),
      })),
  );
}

/** A button was pressed. Telegram shows a spinner on it until the query is answered: see `acknowledge`. */
function readCallback(value: unknown, eventId: string): ReadUpdate {
  const read = wire.callbackQuery.safeParse(value);
  if (!read.success) return ignored('a callback query without id or writer');
  const { id, from, data, message } = read.data;
  if (!message || data === undefined) return ignored('a callback query of an inline message or a game');
  return events({
    kind: 'message',
    eventId,
    ...placeOf(message),
    contact: personOf(from),
    parts: [{ kind: 'choice_reply', id: data, label: labelOf(message, data) ?? data }],
    providerMessageId: callbackMessageId(id),
    inReplyTo: idOf(message, message.message_id),
    acknowledge: { callbackQueryId: id },
  });
}

function labelOf(message: wire.Message, data: string): string | undefined {
  const read = wire.inlineKeyboard.safeParse(message);
  if (!read.success) return undefined;
  return read.data.reply_markup.inline_keyboard.flat().find((button) => button.callback_data === data)?.text;
}

/** The list is the person's whole reaction now; the last one stands for it. */
function readReaction(value: unknown, eventId: string): ReadUpdate {
  const read = wire.messageReaction.safeParse(value);
  if (!read.success) return ignored('a reaction without chat or message');
  const { chat, user, actor_chat: actor, message_id: id, new_reaction: reactions } = read.data;
  const contact = user ? personOf(user) : actor ? groupOf(actor) : null;
  if (!contact) return ignored('an anonymous reaction');
  const last = reactions.at(-1);
  return events({
    kind: 'reaction',
    eventId,
    threadKey: threadKeyOf(chat),
    contact,
    providerMessageId: providerMessageId({ chatId: String(chat.id), messageId: String(id) }),
    emoji: last ? (last.emoji ?? (last.custom_emoji_id ? `custom:${last.custom_emoji_id}` : '⭐')) : '',
  });
}

/** In a private chat, `kicked` means that the person blocked the bot. */
function readMembership(value: unknown, eventId: string): ReadUpdate {
  const read = wire.chatMemberUpdated.safeParse(value);
  if (!read.success) return ignored('a membership without chat or status');
  const { chat, from, new_chat_member: member } = read.data;
  if (chat.type !== 'private') return ignored('the bot’s membership in a group');
  const { status } = member;
  if (status !== 'kicked' && status !== 'member') return ignored(`a membership of status ${status}`);
  const change = status === 'kicked' ? 'blocked' : 'unblocked';
  return events({ kind: 'contact', eventId, threadKey: '', contact: personOf(from), change });
}

/** A kind newer than this file. What looks like a person's message in a private chat is kept as one. */
function unknownKind(kind: string, value: unknown, eventId: string): ReadUpdate {
  const read = wire.message.safeParse(value);
  if (!read.success || read.data.chat.type !== 'private') return ignored(`an update of kind ${kind}`);
  return fromMessage(read.data, eventId, [{ kind: 'unsupported', what: kind }]);
}

function placeOf(message: wire.Message): { threadKey: string; replyAddress: JsonObject } {
  const { chat, business_connection_id: businessConnectionId, message_thread_id: topicId } = message;
  return {
    threadKey: businessConnectionId ?? threadKeyOf(chat),
    replyAddress: {
      chatId: String(chat.id),
      ...(message.is_topic_message && topicId !== undefined ? { topicId } : {}),
      ...(businessConnectionId === undefined ? {} : { businessConnectionId }),
    },
  };
}

function threadKeyOf(chat: wire.Chat): string {
  return chat.type === 'private' ? '' : String(chat.id);
}

function idOf(message: wire.Message, messageId: number): string {
  const { chat, business_connection_id: businessConnectionId } = message;
  return providerMessageId({ chatId: String(chat.id), messageId: String(messageId), businessConnectionId });
}

/** The writer; a group or channel where somebody writes in its name. */
function writerOf({ chat, from, sender_chat: sender }: wire.Message): InboundContact | null {
  if (sender) return groupOf(sender);
  if (from) return personOf(from);
  return chat.type === 'private' ? groupOf(chat) : null;
}

/** A business account's owner writes in the same chat as the customer, whose chat id is the customer's own id. */
function isOwnersOwn({ chat, from, business_connection_id: connection }: wire.Message): boolean {
  return connection !== undefined && from !== undefined && from.id !== chat.id;
}

function personOf(user: {
  id: number;
  first_name?: string;
  last_name?: string;
  username?: string;
}): InboundContact {
  const name = [user.first_name, user.last_name].filter(Boolean).join(' ') || user.username;
  return { externalId: String(user.id), name };
}
function groupOf({ id, title, username }: wire.Chat): InboundContact {
  return { externalId: String(id), name: title ?? username };
}

/** A private chat has the name of its person. */
function customerOf({ id, first_name, last_name, username }: wire.Chat): InboundContact {
  return personOf({ id, first_name, last_name, username });
}

function events(...list: ChannelEvent[]): ReadUpdate {
  return { kind: 'events', events: list };
}
function ignored(reason: string): ReadUpdate {
  return { kind: 'ignored', reason };
}
