import { createHash } from 'node:crypto';
import { isUuid } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type OutboundMessage, type SendOptions, type Sent } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callLine, unreadable, type LineInbox } from './call.ts';
import { AlreadyAccepted, ReplyTokenGone } from './errors.ts';
import { renderPart } from './render.ts';
import { sent } from './wire.ts';

/** LINE promises a minute; what is left is for the way. */
const REPLY_FRESH_MS = 50_000;

/**
 * Replies while the customer's token is fresh, for that is free; else pushes. A reply can't be repeated safely, so without an answer
 * nothing follows it; only a token that LINE refused leads to a push. A push can: LINE takes its retry key once.
 * @throws ChannelError
 */
export async function sendLine(
  http: HttpClient,
  inbox: LineInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  if (message.replyAddress['standby'] === true)
    throw new ChannelError(
      'window_closed',
      'Another module of this LINE account holds the chat (standby); nothing was sent. Take the chat back there, then the customer’s next message can be answered.',
    );
  const messages = [await renderPart(inbox, message, options)];
  const replyToken = freshTokenOf(message, Date.now());
  if (replyToken !== undefined) {
    const replied = await reply(http, inbox, { replyToken, messages }, options.signal);
    if (replied) return replied;
  }
  const { to } = message.replyAddress;
  const address = typeof to === 'string' && to !== '' ? to : message.threadKey || message.contactExternalId;
  return await push(http, inbox, { to: address, messages }, options);
}

/**
 * Only for the first try of the first answer. A token works once, so a later answer needs none; and a later try must not meet a newer
 * message's token, for the push before it may have arrived.
 */
function freshTokenOf(message: OutboundMessage, nowMs: number): string | undefined {
  const { replyToken, atMs } = message.replyAddress;
  if (typeof replyToken !== 'string' || typeof atMs !== 'number') return undefined;
  if (message.attempt !== 1 || message.sentSinceLastIn > 0) return undefined;
  return nowMs - atMs < REPLY_FRESH_MS ? replyToken : undefined;
}

/** Null: the token was refused, nothing was sent. */
async function reply(
  http: HttpClient,
  inbox: LineInbox,
  json: JsonObject,
  signal: AbortSignal,
): Promise<Sent | null> {
  try {
    return sentOf(
      await callLine(http, inbox, { method: 'POST', path: '/v2/bot/message/reply', json, signal }),
      'a reply',
    );
  } catch (error) {
    if (error instanceof ReplyTokenGone) return null;
    throw error;
  }
}

async function push(
  http: HttpClient,
  inbox: LineInbox,
  json: JsonObject,
  { key, signal }: SendOptions,
): Promise<Sent> {
  const retryKey = retryKeyOf(key);
  const headers = { 'x-line-retry-key': retryKey };
  try {
    const path = '/v2/bot/message/push';
    return sentOf(await callLine(http, inbox, { method: 'POST', path, json, headers, signal }), 'a push');
  } catch (error) {
    // An earlier try had arrived after all. Without the message's id in the answer, the accepted request stands for it.
    if (error instanceof AlreadyAccepted)
      return { providerMessageId: error.messageId ?? `request:${error.requestId ?? retryKey}` };
    if (error instanceof ChannelError && error.kind === 'no_answer')
      throw new ChannelError('no_answer', error.message, {
        repeatable: true,
        providerCode: error.providerCode,
        cause: error,
      });
    throw error;
  }
}

/** LINE takes UUIDs only. */
function retryKeyOf(key: string): string {
  if (isUuid(key)) return key;
  const hex = createHash('sha256').update(key).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

function sentOf(answer: unknown, what: string): Sent {
  const read = sent.safeParse(answer);
  const first = read.success ? read.data.sentMessages[0] : undefined;
  if (!first) throw unreadable(what);
  return { providerMessageId: first.id };
}
