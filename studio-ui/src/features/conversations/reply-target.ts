/** What a reply answers: a quoted message, or a comment, in public or privately. Pure. */
import type { Capabilities } from '#domain/channel.ts';
import { answeredOnce, isComment, PRIVATE_REPLY_DAYS, privateReplyOpen } from '#domain/private-reply.ts';
import type { Message } from '../../lib/api/types.ts';

export type ComposerMode = 'reply' | 'private_reply' | 'note';

/** What goes with a message on its way out. */
export interface SendAs {
  isPrivate?: boolean;
  inReplyToId?: string;
  as?: 'private_reply';
}

export function isContactsComment(message: Message): boolean {
  return message.direction === 'in' && isComment(message.parts);
}

/** The contact's last message is a comment: the thread is answered in public, whenever. */
export function isCommentThread(messages: readonly Message[]): boolean {
  const last = messages.findLast((message) => message.direction === 'in');
  return last !== undefined && isContactsComment(last);
}

/** The comment an answer is for: the chosen one, else the newest that is still there. */
export function commentToAnswer(messages: readonly Message[], chosen: Message | null): Message | null {
  if (chosen && isContactsComment(chosen)) return chosen;
  return messages.findLast((message) => isContactsComment(message) && !message.deletedAt) ?? null;
}

export function canQuote(message: Message, capabilities: Capabilities | undefined): boolean {
  return (
    capabilities?.quote === true &&
    message.direction !== 'internal' &&
    message.providerMessageId !== null &&
    !message.deletedAt
  );
}

/** Why this comment can't be answered privately, or null where it can. */
export function privateReplyRefusal(
  comment: Message | null,
  messages: readonly Message[],
  nowMs: number,
): string | null {
  if (!comment) return 'There is no comment here to answer privately.';
  const wasAnswered = messages.some(
    (message) =>
      message.as === 'private_reply' && message.inReplyToId === comment.id && message.status !== 'failed',
  );
  if (wasAnswered) return answeredOnce;
  if (!privateReplyOpen(new Date(comment.sentAt ?? comment.createdAt), new Date(nowMs)))
    return `The channel takes private replies for ${PRIVATE_REPLY_DAYS} days after a comment, and they are over. Answer it publicly.`;
  return null;
}

/** A message in one line, for quotes. */
export function quoteText(message: Message): string {
  if (message.deletedAt) return 'A deleted message';
  const text = message.text.replace(/\s+/g, ' ').trim();
  if (text !== '') return text.slice(0, 200);
  return isComment(message.parts) ? 'A comment without words' : 'Attachment';
}
