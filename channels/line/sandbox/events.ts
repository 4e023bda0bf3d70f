/** What LINE tells us of its people: one event in a delivery, signed, and again with its own id until it is taken. */
import { randomBytes } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import { signLine } from '../signature.ts';
import { newToken, type Account, type Chat } from './account.ts';

const REPLY_TOKEN_MS = 60_000;

/** @returns the event's id */
export function emit(
  account: Account,
  chat: Chat,
  userId: string,
  fields: JsonObject & { type: string },
): string {
  const webhookEventId = ulid();
  const replyToken = REPLIABLE.has(fields.type) ? newToken() : null;
  if (replyToken !== null)
    account.replyTokens.set(replyToken, { chatId: chat.id, untilMs: Date.now() + REPLY_TOKEN_MS });
  const event = {
    ...fields,
    webhookEventId,
    timestamp: Date.now(),
    mode: 'active',
    source: sourceOf(chat, userId),
    ...(replyToken === null ? {} : { replyToken }),
  };
  account.courier.post((attempt) => {
    if (!account.webhook?.active) return null;
    const deliveryContext = { isRedelivery: attempt > 1 };
    const body = JSON.stringify({ destination: account.userId, events: [{ ...event, deliveryContext }] });
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'LineBotWebhook/2.0',
      'x-line-signature': signLine(account.secret, body),
    };
    return { url: account.webhook.url, headers, body };
  });
  return webhookEventId;
}

const REPLIABLE = new Set(['message', 'postback', 'follow', 'join', 'memberJoined']);

function sourceOf(chat: Chat, userId: string): JsonObject {
  if (chat.kind === 'direct') return { type: 'user', userId };
  return chat.id.startsWith('R')
    ? { type: 'room', roomId: chat.id, userId }
    : { type: 'group', groupId: chat.id, userId };
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 26 characters: milliseconds, then randomness. */
function ulid(): string {
  let time = BigInt(Date.now());
  let head = '';
  for (let at = 0; at < 10; at += 1) {
    head = CROCKFORD.charAt(Number(time % 32n)) + head;
    time /= 32n;
  }
  return head + [...randomBytes(16)].map((byte) => CROCKFORD.charAt(byte % 32)).join('');
}
