import { textOf } from '../../sandbox-courier.ts';
import { randomUUID } from 'node:crypto';
import { isUuid } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { chatOf, isLineId, newToken, nextMessageId, type Account } from './account.ts';
import { answered, Refusal } from './answers.ts';
import { checkedMessages } from './checks.ts';

/** A token works once, for a minute. @throws Refusal */
export function acceptReply(account: Account, request: Request, body: JsonObject): Response {
  if (request.headers.has('x-line-retry-key'))
    throw new Refusal(400, 'The retry key is not supported on this API');
  const messages = checkedMessages(body);
  const token = textOf(body['replyToken']);
  const known = account.replyTokens.get(token);
  if (!known || Date.now() > known.untilMs) throw new Refusal(400, 'Invalid reply token');
  account.replyTokens.delete(token);
  return answered({ sentMessages: accept(account, known.chatId, messages, body, undefined) });
}

/** A retry key is taken once; later calls with it learn what came of the first. @throws Refusal */
export function acceptPush(account: Account, request: Request, body: JsonObject): Response {
  const retryKey = request.headers.get('x-line-retry-key') ?? undefined;
  if (retryKey !== undefined && !isUuid(retryKey)) throw new Refusal(400, 'The retry key is invalid');
  const messages = checkedMessages(body);
  const { to } = body;
  if (typeof to !== 'string' || !isLineId(to))
    throw new Refusal(400, "The property, 'to', in the request body is invalid (line: -, column: -)");
  const earlier = retryKey === undefined ? undefined : account.retryKeys.get(retryKey);
  if (earlier)
    throw new Refusal(
      409,
      'The retry key is already accepted',
      { sentMessages: earlier.sentMessages },
      { 'x-line-accepted-request-id': earlier.requestId },
    );
  const chat = chatOf(account, to);
  if (chat.kind === 'group' && chat.blocked) throw new Refusal(400, 'Failed to send messages');
  if (account.monthlyLimit !== null && account.pushed >= account.monthlyLimit)
    throw new Refusal(429, 'You have reached your monthly limit.');
  account.pushed += 1;
  const requestId = randomUUID();
  const sentMessages = accept(account, to, messages, body, retryKey);
  if (retryKey !== undefined) account.retryKeys.set(retryKey, { requestId, sentMessages });
  return answered({ sentMessages }, { 'x-line-request-id': requestId });
}

/** What somebody who blocked the account is sent is accepted like the rest, and dropped. */
function accept(
  account: Account,
  chatId: string,
  messages: readonly JsonObject[],
  request: JsonObject,
  key: string | undefined,
): { id: string; quoteToken: string }[] {
  const chat = chatOf(account, chatId);
  chat.loadingUntilMs = 0;
  return messages.map((message) => {
    const sent = { id: nextMessageId(), quoteToken: newToken() };
    const atMs = Date.now();
    account.quoteTokens.add(sent.quoteToken);
    account.ledger.push({
      atMs,
      ...(key === undefined ? {} : { key }),
      providerMessageId: sent.id,
      to: chatId,
      request,
    });
    if (!chat.blocked)
      chat.lines.push({
        id: sent.id,
        from: 'business',
        author: 'Shop',
        authorId: account.userId,
        atMs,
        message: { ...message, quoteToken: sent.quoteToken, ...quoted(account, chatId, message) },
      });
    return sent;
  });
}

function quoted(account: Account, chatId: string, { quoteToken }: JsonObject): JsonObject {
  if (typeof quoteToken !== 'string') return {};
  const line = chatOf(account, chatId).lines.find(({ message }) => message['quoteToken'] === quoteToken);
  if (!line) throw new Refusal(400, 'Invalid quote token');
  return { quotedMessageId: line.id };
}
