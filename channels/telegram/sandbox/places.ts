/**
 * The phone's ids of chats: `4711` and `-100`; `-100/7` is a topic of that group, `4711/business` that person's chat with the owner of a
 * business account, whom the bot serves. A chat that is to begin with somebody new lacks its number: '' or `/business`.
 */
import type { Message } from '@grammyjs/types';
import type { SandboxChat } from './bot.ts';

export interface Place {
  /** Null: of somebody new. */
  chatId: number | null;
  topicId?: number;
  businessConnectionId?: string;
}

const BUSINESS = 'business';
const CONNECTION = 'sandbox-business';

/** @throws Error */
export function placeOf(id: string): Place {
  const [chat = '', part] = id.split('/', 2);
  const chatId = chat === '' ? null : numberOf(chat, 'chat');
  if (part === undefined) return { chatId };
  if (part === BUSINESS) return { chatId, businessConnectionId: CONNECTION };
  return { chatId, topicId: numberOf(part, 'topic') };
}

export function placeIdOf(
  message: Pick<Message, 'chat' | 'message_thread_id' | 'business_connection_id'>,
): string {
  const { chat, message_thread_id: topicId, business_connection_id: connection } = message;
  const part = connection === undefined ? topicId : BUSINESS;
  return part === undefined ? String(chat.id) : `${chat.id}/${part}`;
}

/** What the phone shows as chats of their own. */
export function placesOf({ chat, messages }: SandboxChat): Map<string, Message[]> {
  return messages.length === 0 ? new Map([[String(chat.id), []]]) : Map.groupBy(messages, placeIdOf);
}

/** @throws Error */
export function numberOf(id: string, what: string): number {
  const number = Number(id);
  if (id === '' || !Number.isSafeInteger(number)) throw new Error(`There is no ${what} “${id}” at this bot.`);
  return number;
}
