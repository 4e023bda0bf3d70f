/** What the contract suite needs of each channel beside its adapter: an inbox, real bodies, and how its provider signs them. */
import { readdirSync, readFileSync } from 'node:fs';
import type { SendFailureKind } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import type { AdapterInbox, RawRequest } from '#channels/contract.ts';
import type { AvailableChannelType } from '#channels/definitions.ts';
import { signBody } from '#channels/hmac.ts';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';

export interface ContractCase {
  inbox: AdapterInbox;
  /** Bodies as the provider sends them, by name. */
  samples: Record<string, Uint8Array>;
  /** The body of a plain text message. */
  textBody: (text: string) => Uint8Array;
  /** The provider's request with this body. */
  request: (body: Uint8Array) => RawRequest;
  /** The headers that prove where a request comes from, and whether they also prove its body. */
  proof: { headers: string[]; coversBody: boolean };
  /** Bodies of several events in which one is odd, and how many must come out. */
  batches: { body: JsonObject; events: number }[];
  /** How the adapter reaches its provider; absent where there is none. */
  wire?: {
    inboxAt: (baseUrl: string) => AdapterInbox;
    refusals: [status: number, body: JsonObject, kind: SendFailureKind][];
  };
}

export const nowMs = Date.UTC(2026, 10, 22, 20);
export const visitorKeys = [new Uint8Array(32).fill(7)];
const inboxId = '0199a1b2-0000-7000-8000-000000000001';
const visitorId = '0199a1b2-0000-7000-8000-000000000002';
const apiSecret = 'an api inbox secret of 32 chars or more';
const webhookSecret = 'a_telegram_webhook_secret';

const bytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

function inboxOf(
  type: AvailableChannelType,
  credentials: JsonObject,
  settings: JsonObject = {},
): AdapterInbox {
  return {
    id: inboxId,
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type,
    name: 'Contract',
    accountKey: 'account',
    sandbox: false,
    credentials,
    settings,
    urls: {},
  };
}

function post(headers: Record<string, string>): (body: Uint8Array) => RawRequest {
  return (body) => ({
    method: 'POST',
    url: `https://teloring.example/webhooks/x/${inboxId}`,
    headers: { 'content-type': 'application/json', ...headers },
    body,
    receivedAtMs: nowMs,
  });
}

function samplesOf(type: AvailableChannelType): Record<string, Uint8Array> {
  const folder = new URL(`../../channels/${type}/samples/`, import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, folder))]));
}

const telegramInbox = inboxOf(
  'telegram',
  { botToken: '987654321:contract', webhookSecret },
  { choices: 'inline' },
);
const apiInbox = inboxOf('api', { callbackUrl: 'https://customer.example/callback', secret: apiSecret });
const refusal = (code: number, description: string, parameters?: JsonObject): JsonObject => ({
  ok: false,
  error_code: code,
  description,
  ...(parameters ? { parameters } : {}),
});

export const cases: Record<AvailableChannelType, ContractCase> = {
  api: {
    inbox: apiInbox,
    samples: samplesOf('api'),
    textBody: (text) => bytes({ id: 'message-1', from: { id: 'customer-1' }, text }),
    request: (body) => post({ 'x-teloring-signature': signBody(apiSecret, body, nowMs) })(body),
    proof: { headers: ['x-teloring-signature'], coversBody: true },
    batches: [],
    wire: {
      inboxAt: (baseUrl) => ({
        ...apiInbox,
        credentials: { ...apiInbox.credentials, callbackUrl: `${baseUrl}/callback` },
      }),
      refusals: [
        [302, {}, 'retry_after'],
        [400, {}, 'retry_after'],
        [404, {}, 'retry_after'],
        [429, {}, 'retry_after'],
        [500, {}, 'retry_after'],
        [503, {}, 'retry_after'],
      ],
    },
  },
  live_chat: {
    inbox: inboxOf('live_chat', { allowedOrigins: ['https://shop.example'] }),
    samples: samplesOf('live_chat'),
    textBody: (text) => bytes({ clientMessageId: '0199a1b2-0000-4000-8000-000000000015', text }),
    request: (body) => {
      const session = { inboxId, visitorId, expiresAtMs: nowMs + 60_000 };
      return post({ authorization: `Bearer ${issueVisitorToken(visitorKeys, session)}` })(body);
    },
    proof: { headers: ['authorization'], coversBody: false },
    batches: [],
  },
  telegram: {
    inbox: telegramInbox,
    samples: samplesOf('telegram'),
    textBody: (text) =>
      bytes({
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
  },
};
