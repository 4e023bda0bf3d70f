import type { z } from 'zod';
import type { SendFailureKind } from '#domain/channel.ts';
import { ChannelError } from '../contract.ts';
import type { answer } from './wire.ts';

/** A refusal that says where the chat has moved: nothing was sent to the old one. */
export class ChatMoved extends ChannelError {
  override name = 'ChatMoved';
  readonly chatId: string;
  constructor(message: string, chatId: string) {
    super('permanent', message, { providerCode: '400' });
    this.chatId = chatId;
  }
}

/**
 * Telegram's refusal in our kinds. 4xx are verdicts: nothing was done. 5xx are not: a gateway in front (502, 504) and a server
 * that fails or restarts half-way (500) answer alike whether or not the message went out, so they are `no_answer`.
 */
export function telegramError(status: number, body: z.infer<typeof answer> | undefined): ChannelError {
  const code = body?.error_code ?? status;
  const message = `Telegram: ${body?.description ?? `the answer had status ${status}`}`;
  const { retry_after: retryAfter, migrate_to_chat_id: movedTo } = body?.parameters ?? {};
  if (code === 400 && movedTo !== undefined) return new ChatMoved(message, String(movedTo));
  return new ChannelError(kindOf(code, message), message, {
    providerCode: String(code),
    retryAfterMs: retryAfter === undefined ? undefined : Math.ceil(retryAfter * 1000),
  });
}

function kindOf(code: number, message: string): SendFailureKind {
  if (code === 429) return 'retry_after';
  if (code === 403) return 'contact_unreachable';
  // 404 is the answer to a token that doesn't exist: its path is not found.
  if (code === 401 || code === 404) return 'reauthorize';
  if (code >= 400 && code < 500)
    return /chat not found|user is deactivated/i.test(message) ? 'contact_unreachable' : 'permanent';
  return 'no_answer';
}
