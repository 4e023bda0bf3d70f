/** The customers' side of the double. */
import type { Chat, Message, Update, User } from '@grammyjs/types';
import {
  chatOf,
  ownerOf,
  type Bot,
  type Fault,
  type LedgerEntry,
  type SandboxChat,
  type Webhook,
} from './bot.ts';
import { contentOf } from './customer-content.ts';
import type { Delivery } from './delivery.ts';

export interface Customer {
  id: number;
  firstName: string;
  lastName?: string;
  username?: string;
}
export interface CustomerMessage {
  from: Customer;
  /** A negative id: a group. Default: the private chat with `from`. */
  chatId?: number;
  groupTitle?: string;
  text?: string;
  photo?: { bytes: Uint8Array; mimeType: string; caption?: string };
  document?: { bytes: Uint8Array; mimeType: string; name: string; caption?: string };
  audio?: { bytes: Uint8Array; mimeType: string };
  video?: { bytes: Uint8Array; mimeType: string; caption?: string };
  sticker?: { bytes: Uint8Array; mimeType: string };
  location?: { latitude: number; longitude: number };
  contact?: { phone_number: string; first_name: string };
  replyToMessageId?: number;
  /** A topic of the group. */
  topicId?: number;
  /** In the chat with the owner of a business account, whom the bot serves by this connection. */
  businessConnectionId?: string;
  /** Written by that owner, in Telegram's own app. */
  byOwner?: boolean;
}
export interface BotControl {
  /** Resolves as soon as the update is queued; its delivery to the webhook goes on by itself. */
  write(message: CustomerMessage): Message;
  edit(chatId: number, messageId: number, text: string): void;
  /** Told to the bot in business chats only. @throws elsewhere */
  remove(chatId: number, messageId: number): void;
  /** Presses an inline button. @throws where no such button is in the chat */
  press(chatId: number, messageId: number, data: string): { callbackQueryId: string };
  react(chatId: number, messageId: number, emoji: string): void;
  setBlocked(chatId: number, blocked: boolean): void;
  addFault(fault: Fault): void;
  clearFaults(): void;
  setRevoked(revoked: boolean): void;
  webhook(): Webhook | null;
  chats(): SandboxChat[];
  ledger(): readonly LedgerEntry[];
  answeredCallbacks(): readonly string[];
  pendingCount(): number;
  setDelivery(change: { copies?: number; held?: boolean }): void;
  /** Lets go of what was held, last first. */
  release(): Promise<void>;
  settled(): Promise<void>;
}

export function createControl(bot: Bot, delivery: Delivery): BotControl {
  const emit = (update: Omit<Update, 'update_id'>, chatId: number): void =>
    delivery.enqueue(bot, { update_id: bot.nextUpdateId++, ...update }, chatId);
  const inChat = (chatId: number, messageId: number): { chat: SandboxChat; message: Message } => {
    const chat = chatOf(bot, chatId);
    const message = chat.messages.find((item) => item.message_id === messageId);
    if (!message) throw new Error(`There is no message ${messageId} in chat ${chatId}.`);
    return { chat, message };
  };
  return {
    write(input) {
      const customer = userOf(input.from);
      const from = input.byOwner ? ownerOf(bot) : customer;
      const chat = chatOf(bot, input.chatId ?? customer.id, customer, input.groupTitle);
      const quoted = chat.messages.find((item) => item.message_id === input.replyToMessageId);
      const message = {
        message_id: bot.nextMessageId++,
        date: now(),
        chat: chat.chat,
        from,
        ...contentOf(bot, input),
        ...placeOf(input),
        ...(quoted ? { reply_to_message: quoted as Message['reply_to_message'] } : {}),
      };
      chat.messages.push(message);
      if (input.businessConnectionId === undefined) emit({ message }, chat.chat.id);
      else emit({ business_message: { ...message, chat: personalChat(chat) } }, chat.chat.id);
      return message;
    },
    edit(chatId, messageId, text) {
      const { chat, message } = inChat(chatId, messageId);
      const from = message.from ?? userOf({ id: chatId, firstName: 'Customer' });
      Object.assign(message, { text, edit_date: now() });
      const edited = { ...message, from, edit_date: now() };
      if (message.business_connection_id === undefined)
        emit({ edited_message: { ...edited, chat: chat.chat } }, chatId);
      else emit({ edited_business_message: { ...edited, chat: personalChat(chat) } }, chatId);
    },
    remove(chatId, messageId) {
      const { chat, message } = inChat(chatId, messageId);
      const { business_connection_id } = message;
      if (business_connection_id === undefined)
        throw new Error('Telegram tells bots of deletions in business chats only; nothing was done.');
      chat.messages.splice(chat.messages.indexOf(message), 1);
      const common = { business_connection_id, chat: personalChat(chat), message_ids: [messageId] };
      emit({ deleted_business_messages: common }, chatId);
    },
    press(chatId, messageId, data) {
      const { chat, message } = inChat(chatId, messageId);
      const buttons = message.reply_markup?.inline_keyboard.flat() ?? [];
      if (!buttons.some((button) => 'callback_data' in button && button.callback_data === data))
        throw new Error(`Message ${messageId} has no button with this data.`);
      const callbackQueryId = String(BigInt(bot.nextUpdateId) * 1_000_000n + BigInt(messageId % 1_000_000));
      const from = presserOf(chat);
      emit(
        { callback_query: { id: callbackQueryId, from, message, chat_instance: String(chatId), data } },
        chatId,
      );
      return { callbackQueryId };
    },
    react(chatId, messageId, emoji) {
      const { chat } = inChat(chatId, messageId);
      const reactions = emoji === '' ? [] : [{ type: 'emoji', emoji } as NewReaction];
      const common = { chat: chat.chat, message_id: messageId, user: presserOf(chat), date: now() };
      emit({ message_reaction: { ...common, old_reaction: [], new_reaction: reactions } }, chatId);
    },
    setBlocked(chatId, blocked) {
      const chat = chatOf(bot, chatId);
      if (chat.blocked === blocked) return;
      chat.blocked = blocked;
      const member = { status: 'member', user: bot.me } as const;
      const kicked = { status: 'kicked', user: bot.me, until_date: 0 } as const;
      const common = { chat: chat.chat, from: presserOf(chat), date: now() };
      const states = blocked
        ? { old_chat_member: member, new_chat_member: kicked }
        : { old_chat_member: kicked, new_chat_member: member };
      emit({ my_chat_member: { ...common, ...states } }, chatId);
    },
    addFault: (fault) => void bot.faults.push({ ...fault }),
    clearFaults: () => void bot.faults.splice(0),
    setRevoked: (revoked) => void (bot.revoked = revoked),
    webhook: () => bot.webhook,
    chats: () => [...bot.chats.values()],
    ledger: () => bot.ledger,
    answeredCallbacks: () => bot.answeredCallbacks,
    pendingCount: () => bot.pending.length,
    setDelivery({ copies = bot.copies, held = bot.held }) {
      Object.assign(bot, { copies, held });
      if (!held) delivery.resume(bot);
    },
    async release() {
      bot.held = false;
      bot.pending.reverse();
      delivery.resume(bot);
      await delivery.settled(bot);
    },
    settled: () => delivery.settled(bot),
  };
}

function placeOf({
  topicId,
  businessConnectionId,
}: CustomerMessage): Pick<Message, 'message_thread_id' | 'is_topic_message' | 'business_connection_id'> {
  return {
    ...(topicId === undefined ? {} : { message_thread_id: topicId, is_topic_message: true }),
    ...(businessConnectionId === undefined ? {} : { business_connection_id: businessConnectionId }),
  };
}

/** @throws Error */
function personalChat({ chat }: SandboxChat): Chat.PrivateChat {
  if (chat.type !== 'private') throw new Error('Business accounts chat with persons, not in groups.');
  return chat;
}

type NewReaction = NonNullable<Update['message_reaction']>['new_reaction'][number];

function userOf({ id, firstName, lastName, username }: Customer): User {
  return {
    id,
    is_bot: false,
    first_name: firstName,
    ...(lastName ? { last_name: lastName } : {}),
    ...(username ? { username } : {}),
  };
}

/** Who acts in a chat: its person; in a group, the last one who wrote. */
function presserOf({ chat, messages }: SandboxChat): User {
  const writer = messages.findLast(
    (message) =>
      message.from && !message.from.is_bot && (chat.type !== 'private' || message.from.id === chat.id),
  )?.from;
  return (
    writer ??
    userOf({ id: Math.abs(chat.id), firstName: chat.type === 'private' ? chat.first_name : 'Customer' })
  );
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
