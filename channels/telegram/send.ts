import type { JsonObject } from '#domain/json.ts';
import { isMedia } from '#domain/message.ts';
import {
  ChannelError,
  type OutboundMessage,
  type SendOptions,
  type Sent,
  type SignalTarget,
} from '../contract.ts';
import { beforeSend } from '../before-send.ts';
import type { HttpClient } from '../http.ts';
import { callBot, unreadable, type TelegramInbox, type Upload } from './call.ts';
import { ChatMoved } from './errors.ts';
import { messageIdOf, providerMessageId } from './ids.ts';
import { planCall } from './render.ts';
import { sentMessage } from './wire.ts';

/** Sends one part. A second call follows only where the first was refused because the group moved. @throws ChannelError */
export async function sendTelegram(
  http: HttpClient,
  inbox: TelegramInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const [part, ...others] = message.parts;
  if (!part || others.length > 0) throw new ChannelError('permanent', 'Telegram takes one part in one call.');
  const media = isMedia(part) ? await beforeSend('The file', options.media(part.mediaId)) : null;
  const call = planCall(part, media, inbox.settings['choices'] === 'keyboard' ? 'keyboard' : 'inline');
  const upload: Upload | undefined =
    media && call.uploadField ? { field: call.uploadField, media } : undefined;

  const sendTo = async (chatId: string): Promise<Sent> => {
    const fields = { ...addressOf(message, chatId), ...call.fields };
    const result = sentMessage.safeParse(
      await callBot(http, inbox, call.method, fields, options.signal, upload),
    );
    if (!result.success) throw unreadable(call.method);
    return { providerMessageId: sentId(message, result.data) };
  };
  const chatId = textOf(message.replyAddress['chatId']) ?? message.contactExternalId;
  try {
    return await sendTo(chatId);
  } catch (error) {
    if (error instanceof ChatMoved && error.chatId !== chatId) return await sendTo(error.chatId);
    throw error;
  }
}

/** Shown for some five seconds, or until the next message. A group that has moved isn't followed: the next send is. @throws ChannelError */
export async function sendTyping(
  http: HttpClient,
  inbox: TelegramInbox,
  { replyAddress, contactExternalId }: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  const chatId = textOf(replyAddress['chatId']) ?? contactExternalId;
  await callBot(
    http,
    inbox,
    'sendChatAction',
    { ...placeOf(replyAddress, chatId), action: 'typing' },
    signal,
  );
}

function addressOf({ replyAddress, inReplyTo }: OutboundMessage, chatId: string): JsonObject {
  const quoted = inReplyTo === undefined ? undefined : messageIdOf(inReplyTo);
  return {
    ...placeOf(replyAddress, chatId),
    // The quoted message may be gone; the answer is worth more than the quote.
    ...(quoted === undefined
      ? {}
      : { reply_parameters: { message_id: quoted, allow_sending_without_reply: true } }),
  };
}

function placeOf({ topicId, businessConnectionId }: JsonObject, chatId: string): JsonObject {
  return {
    chat_id: chatId,
    ...(typeof topicId === 'number' ? { message_thread_id: topicId } : {}),
    ...(typeof businessConnectionId === 'string' ? { business_connection_id: businessConnectionId } : {}),
  };
}

function sentId(message: OutboundMessage, sent: { message_id: number; chat: { id: number } }): string {
  return providerMessageId({
    chatId: String(sent.chat.id),
    messageId: String(sent.message_id),
    businessConnectionId: textOf(message.replyAddress['businessConnectionId']),
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
