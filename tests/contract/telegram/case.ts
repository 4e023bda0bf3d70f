import type { JsonObject } from '#domain/json.ts';
import { createTelegramBots } from '#channels/telegram/sandbox/bots.ts';
import { inboxOf, jsonBytes, post, samplesOf, type ContractCase } from '../contract-case.ts';

const webhookSecret = 'a_telegram_webhook_secret';
const telegramInbox = inboxOf(
  'telegram',
  { botToken: '987654321:contract', webhookSecret },
  { settings: { choices: 'inline' } },
);
const provider = createTelegramBots({
  deliver: async () => 200,
  acceptsWebhook: () => true,
  recall: async () => null,
});
const refusal = (code: number, description: string, parameters?: JsonObject): JsonObject => ({
  ok: false,
  error_code: code,
  description,
  ...(parameters ? { parameters } : {}),
});

export const telegramCase: ContractCase = {
  inbox: telegramInbox,
  samples: samplesOf('telegram'),
  textBody: (text) =>
    jsonBytes({
      update_id: 1,
      message: {
        message_id: 2,
        date: 1_763_841_600,
        chat: { id: 3, type: 'private', first_name: 'Ann' },
        from: { id: 3, is_bot: false, first_name: 'Ann' },
        text,
      },
    }),
  request: post({ 'x-telegram-bot-api-secret-token': webhookSecret }),
  proof: { headers: ['x-telegram-bot-api-secret-token'], coversBody: false },
  batches: [
    {
      body: {
        update_id: 1,
        deleted_business_messages: {
          business_connection_id: 'bc',
          chat: { id: 3, type: 'private', first_name: 'Ann' },
          message_ids: [10, 'odd', 11],
        },
      },
      events: 2,
    },
  ],
  wire: {
    accept: (request, path) => provider.handle(request, path),
    inboxAt: (baseUrl) => ({ ...telegramInbox, urls: { api: baseUrl } }),
    refusals: [
      [429, refusal(429, 'Too Many Requests: retry after 7', { retry_after: 7 }), 'retry_after'],
      [403, refusal(403, 'Forbidden: bot was blocked by the user'), 'contact_unreachable'],
      [400, refusal(400, 'Bad Request: chat not found'), 'contact_unreachable'],
      [400, refusal(400, 'Bad Request: message is too long'), 'permanent'],
      [401, refusal(401, 'Unauthorized'), 'reauthorize'],
      [404, refusal(404, 'Not Found'), 'reauthorize'],
      [413, {}, 'permanent'],
      [500, refusal(500, 'Internal Server Error'), 'no_answer'],
      [502, {}, 'no_answer'],
      [200, { ok: true, result: {} }, 'no_answer'],
      [200, {}, 'no_answer'],
    ],
  },
};
