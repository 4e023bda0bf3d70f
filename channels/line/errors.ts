import type { z } from 'zod';
import type { SendFailureKind } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { refusal } from './wire.ts';

/** The reply token is used up, too old or not one: nothing was sent, and a push may follow. */
export class ReplyTokenGone extends ChannelError {
  override name = 'ReplyTokenGone';
}
/** LINE has taken a push with this retry key before. */
export class AlreadyAccepted extends ChannelError {
  override name = 'AlreadyAccepted';
  readonly messageId: string | undefined;
  readonly requestId: string | undefined;
  constructor(message: string, messageId: string | undefined, requestId: string | undefined) {
    super('permanent', message, { providerCode: '409' });
    this.messageId = messageId;
    this.requestId = requestId;
  }
}

/**
 * LINE's refusal in our kinds. 4xx are verdicts: nothing was sent. 5xx are none: LINE says itself that the message may have gone
 * out, so they are `no_answer`; a push repeats that with its key.
 */
export function lineError(
  status: number,
  body: z.infer<typeof refusal> | undefined,
  headers: Readonly<Record<string, string>>,
): ChannelError {
  const words = [body?.message, ...(body?.details ?? []).map(detailOf)].filter(Boolean).join('; ');
  const requestId = headers['x-line-request-id'];
  const message = `LINE: ${words || `the answer had status ${status}`}${requestId ? ` (request ${requestId})` : ''}`;
  const options = { providerCode: String(status) };
  if (status === 409)
    return new AlreadyAccepted(message, body?.sentMessages?.[0]?.id, headers['x-line-accepted-request-id']);
  if (status === 400 && /invalid reply token/i.test(words))
    return new ReplyTokenGone('permanent', message, options);
  if (status === 429 && /monthly limit/i.test(words))
    return new ChannelError(
      'permanent',
      `${message} The plan’s messages of this month are used up; nothing was sent. Raise the plan in LINE Official Account Manager; answers within a minute of a customer’s message stay free.`,
      options,
    );
  return new ChannelError(kindOf(status, words), message, {
    ...options,
    retryAfterMs: status === 429 ? retryAfterMs(headers['retry-after'], Date.now()) : undefined,
  });
}

function kindOf(status: number, words: string): SendFailureKind {
  if (status === 429) return 'retry_after';
  if (status === 401) return 'reauthorize';
  if (status >= 500 || status < 400) return 'no_answer';
  // What LINE says where the person or group isn't there any more, or never was.
  return /failed to send messages|property, 'to'|not a member|the value of 'to'/i.test(words)
    ? 'contact_unreachable'
    : 'permanent';
}

function detailOf({
  message,
  property,
}: {
  message?: string | undefined;
  property?: string | undefined;
}): string {
  return [property, message].filter(Boolean).join(': ');
}
