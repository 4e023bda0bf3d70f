/** Our ids of Telegram's things. A message id is unique only in its chat, and a business chat is a chat of its own. */
import { createHash } from 'node:crypto';

export interface MessageAddress {
  chatId: string;
  messageId: string;
  businessConnectionId?: string;
}

/** `<chat>:<message>` or `<business connection>:<chat>:<message>`. */
export function providerMessageId({ chatId, messageId, businessConnectionId }: MessageAddress): string {
  return [businessConnectionId, chatId, messageId].filter((part) => part !== undefined).join(':');
}

const CALLBACK = 'callback:';

/** A pressed button is a message to us, though none of Telegram's: it goes by its query's id and can't be quoted. */
export function callbackMessageId(queryId: string): string {
  return CALLBACK + queryId;
}

/** The message id to quote; undefined when the text names none. */
export function messageIdOf(providerId: string): number | undefined {
  if (providerId.startsWith(CALLBACK) || !providerId.includes(':')) return undefined;
  const last = Number(providerId.split(':').at(-1));
  return Number.isSafeInteger(last) && last > 0 ? last : undefined;
}

const MAX_CALLBACK_BYTES = 64;

/**
 * What a button carries for an option: its id, or, where Telegram's 64 bytes don't hold it, a digest of it. The reply then names
 * the option by this digest and by its label.
 */
export function callbackData(optionId: string): string {
  const bytes = Buffer.byteLength(optionId);
  if (bytes > 0 && bytes <= MAX_CALLBACK_BYTES) return optionId;
  return `#${createHash('sha256').update(optionId).digest('base64url')}`;
}
