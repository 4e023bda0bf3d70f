/** The sending methods: what Telegram checks, and the message it answers with. */
import type { InlineKeyboardMarkup, Message } from '@grammyjs/types';
import type { JsonObject } from '#domain/json.ts';
import { Refusal } from './answers.ts';
import { addFile, chatOf, ownerOf, type Bot, type SandboxChat } from './bot.ts';
import { fileField, structuredField, textField, type Fields } from './fields.ts';

type Content = Partial<Message> & Record<string, unknown>;
type Render = (bot: Bot, fields: Fields) => Content;

const sends: Record<string, Render> = {
  sendmessage: (_, fields) => ({
    text: bounded(textField(fields, 'text'), 4096, 'message text is empty', 'message is too long'),
  }),
  sendphoto: (bot, fields) => {
    const { file_id, file_unique_id, file_size } = stored(bot, fields, 'photo');
    return { photo: [{ file_id, file_unique_id, file_size, width: 90, height: 90 }], ...captionOf(fields) };
  },
  senddocument: upload('document'),
  sendvideo: upload('video', { width: 320, height: 240, duration: 1 }),
  sendanimation: upload('animation', { width: 320, height: 240, duration: 1 }),
  sendaudio: upload('audio', { duration: 1 }),
  sendvoice: upload('voice', { duration: 1 }),
  sendlocation: (_, fields) => ({ location: placeOf(fields) }),
  sendvenue: (_, fields) => ({
    location: placeOf(fields),
    venue: {
      location: placeOf(fields),
      title: textField(fields, 'title'),
      address: textField(fields, 'address'),
    },
  }),
};

export function isSend(method: string): boolean {
  return Object.hasOwn(sends, method);
}

/** Accepts a send: stores the message, writes the ledger. @throws Refusal */
export function acceptSend(bot: Bot, method: string, fields: Fields): Message {
  const chat = openChat(bot, fields);
  const content = sends[method]?.(bot, fields) ?? {};
  const messageId = bot.nextMessageId++;
  const message: Message = {
    message_id: messageId,
    date: Math.floor(Date.now() / 1000),
    chat: chat.chat,
    ...senderOf(bot, fields),
    ...content,
    ...quoteOf(chat, fields),
    ...markupOf(fields),
  };
  chat.messages.push(message);
  chat.typingUntilMs = 0;
  const file = [...fields.files.values()][0];
  bot.ledger.push({
    method,
    chatId: String(chat.chat.id),
    messageId: String(messageId),
    fields: fields.values,
    ...(file ? { file: { name: file.name, mimeType: file.mimeType, sizeBytes: file.bytes.byteLength } } : {}),
    atMs: Date.now(),
  });
  return message;
}

/** The chat a call is for. @throws Refusal where it is none, or its person has blocked the bot */
export function openChat(bot: Bot, fields: Fields): SandboxChat {
  const chatId = Number(textField(fields, 'chat_id'));
  if (!Number.isSafeInteger(chatId) || chatId === 0) throw new Refusal(400, 'Bad Request: chat not found');
  const chat = chatOf(bot, chatId);
  if (chat.blocked) throw new Refusal(403, 'Forbidden: bot was blocked by the user');
  return chat;
}

function upload(name: string, extra: JsonObject = {}): Render {
  return (bot, fields) => ({ [name]: { ...stored(bot, fields, name), ...extra }, ...captionOf(fields) });
}

interface StoredFile {
  file_id: string;
  file_unique_id: string;
  file_size: number;
  mime_type: string;
  file_name?: string;
}
function stored(bot: Bot, fields: Fields, name: string): StoredFile {
  const upload = fileField(fields, name);
  const fileId = upload ? addFile(bot, upload, name) : textField(fields, name);
  const file = bot.files.get(fileId);
  if (!file) throw new Refusal(400, `Bad Request: there is no ${name} in the request`);
  return {
    file_id: fileId,
    file_unique_id: `u-${fileId}`,
    file_size: file.bytes.byteLength,
    mime_type: file.mimeType,
    file_name: file.name,
  };
}

/** In a topic of a group; or in the name of a business account's owner. */
function senderOf(bot: Bot, fields: Fields): Partial<Message> {
  const topicId = Number(textField(fields, 'message_thread_id'));
  const connection = textField(fields, 'business_connection_id');
  return {
    from: bot.me,
    ...(topicId > 0 ? { message_thread_id: topicId, is_topic_message: true as const } : {}),
    ...(connection === ''
      ? {}
      : { from: ownerOf(bot), business_connection_id: connection, sender_business_bot: bot.me }),
  };
}

function captionOf(fields: Fields): { caption?: string } {
  const caption = textField(fields, 'caption');
  if (caption.length > 1024) throw new Refusal(400, 'Bad Request: message caption is too long');
  return caption === '' ? {} : { caption };
}

function placeOf(fields: Fields): { latitude: number; longitude: number } {
  const [latitude, longitude] = [Number(fields.values['latitude']), Number(fields.values['longitude'])];
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180))
    throw new Refusal(400, 'Bad Request: invalid location specified');
  return { latitude, longitude };
}

function bounded(text: string, max: number, empty: string, long: string): string {
  if (text.trim() === '') throw new Refusal(400, `Bad Request: ${empty}`);
  if (text.length > max) throw new Refusal(400, `Bad Request: ${long}`);
  return text;
}

function quoteOf(chat: SandboxChat, fields: Fields): Pick<Message, 'reply_to_message'> {
  const parameters = structuredField(fields, 'reply_parameters');
  if (parameters === null || typeof parameters !== 'object' || Array.isArray(parameters)) return {};
  const quoted = chat.messages.find((message) => message.message_id === parameters['message_id']);
  if (quoted) return { reply_to_message: quoted as Message['reply_to_message'] };
  if (parameters['allow_sending_without_reply'] === true) return {};
  throw new Refusal(400, 'Bad Request: message to be replied not found');
}

/** Only inline keyboards come back with the message. */
function markupOf(fields: Fields): Pick<Message, 'reply_markup'> {
  const markup = structuredField(fields, 'reply_markup') as unknown as InlineKeyboardMarkup | undefined;
  if (!markup || !Array.isArray(markup.inline_keyboard)) return {};
  for (const button of markup.inline_keyboard.flat()) {
    if (!button.text)
      throw new Refusal(400, 'Bad Request: can’t parse inline keyboard button: text is empty');
    const size = 'callback_data' in button ? Buffer.byteLength(button.callback_data) : 1;
    if (size < 1 || size > 64) throw new Refusal(400, 'Bad Request: BUTTON_DATA_INVALID');
  }
  return { reply_markup: markup };
}
