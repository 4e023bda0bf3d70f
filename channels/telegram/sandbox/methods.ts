/** The Bot API's other methods, each answering what the real one answers. */
import type { WebhookInfo } from '@grammyjs/types';
import { Refusal } from './answers.ts';
import type { Bot } from './bot.ts';
import type { Delivery } from './delivery.ts';
import { structuredField, textField, type Fields } from './fields.ts';
import { openChat } from './sends.ts';

export interface MethodDeps {
  delivery: Delivery;
  /** Whether updates may go there; the real one takes public https only. */
  acceptsWebhook: (url: URL) => boolean;
}
type Method = (deps: MethodDeps, bot: Bot, fields: Fields) => unknown;

const TYPING_MS = 5_000;
const CHAT_ACTIONS = new Set([
  'typing',
  'upload_photo',
  'record_video',
  'upload_video',
  'record_voice',
  'upload_voice',
  'upload_document',
  'choose_sticker',
  'find_location',
  'record_video_note',
  'upload_video_note',
]);

export const methods: Record<string, Method> = {
  getme: (_, bot) => bot.me,

  setwebhook({ delivery, acceptsWebhook }, bot, fields) {
    const url = textField(fields, 'url');
    if (url === '') return removeWebhook(bot, fields);
    if (!URL.canParse(url) || !acceptsWebhook(new URL(url)))
      throw new Refusal(400, 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook');
    const secret = textField(fields, 'secret_token');
    if (!/^[\w-]{0,256}$/.test(secret))
      throw new Refusal(400, 'Bad Request: secret token contains unallowed characters');
    const allowed = structuredField(fields, 'allowed_updates');
    bot.webhook = {
      url,
      secret,
      // An omitted list keeps the previous one.
      allowedUpdates: Array.isArray(allowed) ? allowed.map(String) : (bot.webhook?.allowedUpdates ?? []),
    };
    if (structuredField(fields, 'drop_pending_updates') === true) bot.pending = [];
    delivery.resume(bot);
    return true;
  },

  deletewebhook: (_, bot, fields) => removeWebhook(bot, fields),

  getwebhookinfo(_, bot): WebhookInfo {
    return {
      url: bot.webhook?.url ?? '',
      has_custom_certificate: false,
      pending_update_count: bot.pending.length,
      max_connections: 40,
      ...(bot.webhook && bot.webhook.allowedUpdates.length > 0
        ? { allowed_updates: bot.webhook.allowedUpdates as WebhookInfo['allowed_updates'] }
        : {}),
      ...(bot.lastError
        ? {
            last_error_date: Math.floor(bot.lastError.atMs / 1000),
            last_error_message: bot.lastError.message,
          }
        : {}),
    };
  },

  getupdates(_, bot) {
    if (bot.webhook)
      throw new Refusal(
        409,
        'Conflict: can’t use getUpdates method while webhook is active; use deleteWebhook first',
      );
    return bot.pending.map(({ update }) => update);
  },

  answercallbackquery(_, bot, fields) {
    const id = textField(fields, 'callback_query_id');
    if (id === '' || bot.answeredCallbacks.includes(id))
      throw new Refusal(
        400,
        'Bad Request: query is too old and response timeout expired or query ID is invalid',
      );
    bot.answeredCallbacks.push(id);
    return true;
  },

  /** Shown for five seconds, or until the bot's next message. */
  sendchataction(_, bot, fields) {
    const chat = openChat(bot, fields);
    const action = textField(fields, 'action');
    if (!CHAT_ACTIONS.has(action)) throw new Refusal(400, 'Bad Request: wrong parameter action in request');
    if (action === 'typing') chat.typingUntilMs = Date.now() + TYPING_MS;
    return true;
  },

  getfile(_, bot, fields) {
    const fileId = textField(fields, 'file_id');
    const file = bot.files.get(fileId);
    if (!file) throw new Refusal(400, 'Bad Request: invalid file_id');
    if (file.bytes.byteLength > 20 * 1024 * 1024) throw new Refusal(400, 'Bad Request: file is too big');
    return {
      file_id: fileId,
      file_unique_id: `u-${fileId}`,
      file_size: file.bytes.byteLength,
      file_path: file.path,
    };
  },
};

function removeWebhook(bot: Bot, fields: Fields): true {
  bot.webhook = null;
  if (structuredField(fields, 'drop_pending_updates') === true) bot.pending = [];
  return true;
}
