import type { ChannelAdapter, Verdict } from '../contract.ts';
import { constantTimeEquals } from '../hmac.ts';
import type { HttpClient } from '../http.ts';
import { callBot } from './call.ts';
import { connectTelegram, disconnectTelegram } from './connect.ts';
import { telegramDefinition, type TelegramCredentials } from './definition.ts';
import { fetchTelegramMedia } from './media.ts';
import { readUpdate } from './parse.ts';
import { probeTelegram } from './probe.ts';
import { sendTelegram, sendTyping } from './send.ts';

/** Telegram's Bot API. It knows no idempotency key, so an unconfirmed send is never repeated. */
export function createTelegramAdapter(deps: { http: HttpClient }): ChannelAdapter<TelegramCredentials> {
  const { http } = deps;
  return {
    definition: telegramDefinition,
    resend: () => 'unsafe',
    verify(inbox, request) {
      const given = request.headers['x-telegram-bot-api-secret-token'];
      const { webhookSecret } = inbox.credentials;
      if (given === undefined || given === '')
        return reject('signature_missing', 'The secret header is missing.');
      if (!webhookSecret || !constantTimeEquals(given, webhookSecret))
        return reject('signature_wrong', 'The secret header is not the one this inbox gave to Telegram.');
      return { kind: 'ok' };
    },
    parse(_, request) {
      const read = readUpdate(request.body);
      if (read.kind === 'malformed') return read;
      return read.kind === 'events' ? read.events : [];
    },
    send: (inbox, message, options) => sendTelegram(http, inbox, message, options),
    accountKeyOf: ({ botToken }) => botToken.slice(0, botToken.indexOf(':')),
    connect: (inbox, webhookUrl, signal) => connectTelegram(http, inbox, webhookUrl, signal),
    disconnect: (inbox, signal) => disconnectTelegram(http, inbox, signal),
    probe: (inbox, webhookUrl, signal) => probeTelegram(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchTelegramMedia(http, inbox, source, options),
    async acknowledge(inbox, reference, signal) {
      const { callbackQueryId } = reference;
      if (typeof callbackQueryId !== 'string') return;
      await callBot(http, inbox, 'answerCallbackQuery', { callback_query_id: callbackQueryId }, signal);
    },
    async signal(inbox, kind, target, signal) {
      // A bot's reading is shown to nobody.
      if (kind === 'typing') await sendTyping(http, inbox, target, signal);
    },
  };
}

function reject(code: string, message: string): Verdict {
  return { kind: 'reject', status: 401, code, message };
}
