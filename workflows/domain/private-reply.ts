/** Answering a comment's writer by direct message: providers take one such answer per comment, for some days. */
import type { Part } from './message.ts';

export const PRIVATE_REPLY_DAYS = 7;

export const answeredOnce =
  'This comment was answered privately before, and the channel takes one private answer per comment. Answer it publicly, or wait until its writer answers.';

export function isComment(parts: readonly Part[]): boolean {
  return parts.some((part) => part.kind === 'comment');
}

/** Whether the provider still takes a private answer to a comment of then. */
export function privateReplyOpen(commentAt: Date, now: Date): boolean {
  return now.getTime() < commentAt.getTime() + PRIVATE_REPLY_DAYS * 86_400_000;
}
