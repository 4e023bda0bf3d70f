/** The Messaging API's other endpoints, each answering what the real one answers. */
import { textOf } from '../../sandbox-courier.ts';
import type { JsonObject } from '#domain/json.ts';
import type { SandboxDeps } from '../../sandbox-contract.ts';
import { signLine } from '../signature.ts';
import { chatOf, type Account } from './account.ts';
import { answered, bytesOf, Refusal } from './answers.ts';
import { acceptPush, acceptReply } from './sends.ts';

export interface Call {
  deps: SandboxDeps;
  account: Account;
  request: Request;
  body: JsonObject;
  /** What the route's pattern caught. */
  ids: string[];
}
type Method = (call: Call) => Response | Promise<Response>;

export const SENDS = /^POST \/api\/v2\/bot\/message\/(reply|push)$/;

export const methods: readonly [RegExp, Method][] = [
  [
    /^POST \/api\/v2\/bot\/message\/reply$/,
    ({ account, request, body }) => acceptReply(account, request, body),
  ],
  [
    /^POST \/api\/v2\/bot\/message\/push$/,
    ({ account, request, body }) => acceptPush(account, request, body),
  ],
  [
    /^GET \/api\/v2\/bot\/info$/,
    ({ account }) =>
      answered({
        userId: account.userId,
        basicId: `@${account.userId.slice(1, 9)}`,
        displayName: `Sandbox ${account.userId.slice(1, 5)}`,
        chatMode: 'bot',
        markAsReadMode: 'manual',
      }),
  ],
  [/^PUT \/api\/v2\/bot\/channel\/webhook\/endpoint$/, setEndpoint],
  [
    /^GET \/api\/v2\/bot\/channel\/webhook\/endpoint$/,
    ({ account }) => {
      if (!account.webhook) throw new Refusal(404, 'Webhook endpoint is not set');
      return answered({ endpoint: account.webhook.url, active: account.webhook.active });
    },
  ],
  [/^POST \/api\/v2\/bot\/channel\/webhook\/test$/, testEndpoint],
  [
    /^GET \/api\/v2\/bot\/message\/quota$/,
    ({ account: { monthlyLimit } }) =>
      answered(monthlyLimit === null ? { type: 'none' } : { type: 'limited', value: monthlyLimit }),
  ],
  [
    /^GET \/api\/v2\/bot\/message\/quota\/consumption$/,
    ({ account }) => answered({ totalUsage: account.pushed }),
  ],
  [/^GET \/api\/v2\/bot\/profile\/([^/]+)$/, profile],
  [/^GET \/api\/v2\/bot\/group\/([^/]+)\/summary$/, groupSummary],
  [/^GET \/api\/v2\/bot\/(?:group|room)\/[^/]+\/member\/([^/]+)$/, profile],
  [
    /^POST \/api\/v2\/bot\/chat\/markAsRead$/,
    ({ account, body }) => {
      const messageId = account.readTokens.get(textOf(body['markAsReadToken']));
      if (messageId === undefined) throw new Refusal(400, 'Invalid markAsReadToken');
      account.read.push(messageId);
      return answered({});
    },
  ],
  [
    /^POST \/api\/v2\/bot\/chat\/loading\/start$/,
    ({ account, body: { chatId, loadingSeconds = 20 } }) => {
      const seconds = Number(loadingSeconds);
      if (
        typeof chatId !== 'string' ||
        !/^U[0-9a-f]{32}$/.test(chatId) ||
        seconds % 5 !== 0 ||
        seconds < 5 ||
        seconds > 60
      )
        throw new Refusal(400, 'The request body has 1 error(s)');
      chatOf(account, chatId).loadingUntilMs = Date.now() + seconds * 1000;
      return new Response('{}', { status: 202 });
    },
  ],
  [
    /^GET \/data\/v2\/bot\/message\/([^/]+)\/content$/,
    ({ account, ids }) => bytesOf(fileOf(account, ids[0])),
  ],
  [
    /^GET \/data\/v2\/bot\/message\/([^/]+)\/content\/transcoding$/,
    ({ account, ids }) => {
      fileOf(account, ids[0]);
      return answered({ status: 'succeeded' });
    },
  ],
];

function setEndpoint({ deps, account, body: { endpoint } }: Call): Response {
  // The real one takes https only; this one also the installation it belongs to.
  const url = typeof endpoint === 'string' ? endpoint : '';
  if (!url.startsWith('https://') && !url.startsWith(`${deps.publicUrl}/`))
    throw new Refusal(400, 'Invalid webhook endpoint URL');
  account.webhook = { url, active: account.webhook?.active ?? true };
  return answered({});
}

async function testEndpoint({ deps, account, body: given }: Call): Promise<Response> {
  const url = typeof given['endpoint'] === 'string' ? given['endpoint'] : (account.webhook?.url ?? '');
  const body = JSON.stringify({ destination: account.userId, events: [] });
  const headers = { 'content-type': 'application/json', 'x-line-signature': signLine(account.secret, body) };
  const { status } = await deps.deliver(url, { method: 'POST', headers, body }).catch(() => ({ status: 0 }));
  const reason = status === 200 ? 'OK' : status === 0 ? 'COULD_NOT_CONNECT' : 'ERROR_STATUS_CODE';
  return answered({
    success: status === 200,
    timestamp: new Date().toISOString(),
    statusCode: status,
    reason,
    detail: status === 200 ? '200' : status === 0 ? 'Could not connect' : String(status),
  });
}

function profile({ account, ids: [userId = ''] }: Call): Response {
  const displayName = account.people.get(userId);
  if (displayName === undefined) throw new Refusal(404, 'Not found');
  return answered({ displayName, userId, language: 'en' });
}

function groupSummary({ account, ids: [groupId = ''] }: Call): Response {
  const chat = account.chats.get(groupId);
  if (!chat) throw new Refusal(404, 'Not found');
  return answered({ groupId, groupName: chat.title });
}

function fileOf(account: Account, messageId = ''): { bytes: Uint8Array; mimeType: string } {
  const file = account.files.get(messageId);
  if (!file) throw new Refusal(404, 'Not found');
  return file;
}
