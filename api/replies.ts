/** Whether an agent's message may be written now, as the channel and its provider have it. */
import { definitions, isChannelType } from '#channels/definitions.ts';
import type { Tx } from '#db/client.ts';
import type { ConversationRow } from '#db/conversations.ts';
import { findMessage, lastInbound } from '#db/messages.ts';
import type { Part } from '#domain/message.ts';
import { isComment, PRIVATE_REPLY_DAYS, privateReplyOpen } from '#domain/private-reply.ts';
import { ApiError } from './middleware/errors.ts';
import { windowOf, windowRuleOf } from './shapes/conversation.ts';

export interface ReplyRequest {
  inReplyToId?: string;
  as?: 'private_reply';
  private: boolean;
}

/** @throws ApiError 422 with what to do instead; nothing is stored then */
export async function checkReply(
  tx: Tx,
  conversation: ConversationRow,
  request: ReplyRequest,
  units: readonly Part[][],
): Promise<void> {
  const { inReplyToId, as } = request;
  const quoted = inReplyToId === undefined ? null : await findMessage(tx, inReplyToId);
  if (inReplyToId !== undefined && quoted?.conversation_id !== conversation.id)
    throw refused('unknown_reference', '`inReplyToId` is no message of this conversation; nothing was sent.');
  const comment =
    quoted && quoted.direction === 'in' && isComment(quoted.parts as unknown as Part[]) ? quoted : null;
  if (as !== undefined) {
    checkPrivateReply(conversation, request, units);
    if (!comment)
      throw refused(
        'no_comment',
        'A private reply answers a comment: name it by `inReplyToId`. Nothing was sent.',
      );
    if (!privateReplyOpen(comment.sent_at ?? comment.created_at, new Date()))
      throw refused(
        'window_closed',
        `The channel takes private replies for ${PRIVATE_REPLY_DAYS} days after the comment, and they are over. Answer it publicly; nothing was sent.`,
      );
    return;
  }
  if (request.private || comment) return;
  await checkWindow(tx, conversation, units.flat());
}

function checkPrivateReply(
  conversation: ConversationRow,
  request: ReplyRequest,
  units: readonly Part[][],
): void {
  const type = conversation.inbox_type;
  if (request.private) throw refused('invalid', 'A note for colleagues is no reply; nothing was sent.');
  if (!isChannelType(type) || !definitions[type].capabilities.privateReply)
    throw refused('not_supported', 'This channel has no private replies to comments; nothing was sent.');
  if (units.length > 1)
    throw refused(
      'invalid',
      'A private reply is one message, and this would be several. Shorten it; nothing was sent.',
    );
}

async function checkWindow(tx: Tx, conversation: ConversationRow, parts: readonly Part[]): Promise<void> {
  const window = windowOf(conversation);
  if (window.open || window.human?.open) return;
  if (window.templates && parts.length > 0 && parts.every((part) => part.kind === 'template')) return;
  // A thread of comments is answered in public, whenever.
  const last = await lastInbound(tx, conversation.id);
  if (last && isComment(last.parts as unknown as Part[])) return;
  throw refused('window_closed', closedWords(conversation));
}

function closedWords(conversation: ConversationRow): string {
  const rule = windowRuleOf(conversation.inbox_type);
  const { closesAt, remaining, templates, human } = windowOf(conversation);
  const instead = templates ? ', or send an approved template' : '';
  const wait = `Wait until they write again${instead}. Nothing was sent.`;
  if (closesAt === undefined || rule.kind === 'none')
    return `This contact has not written here yet, and the channel only lets us answer. Wait until they write${instead}. Nothing was sent.`;
  if (remaining === 0 && new Date(closesAt) > new Date())
    return `The ${rule.most} messages that the channel allows after the contact’s last one are used up. ${wait}`;
  const hours = human && rule.humanHours !== undefined ? rule.humanHours : rule.hours;
  return `The message window closed at ${human?.closesAt ?? closesAt}: the channel takes messages for ${hours} hours after the contact’s last one. ${wait}`;
}

const refused = (code: string, message: string): ApiError => new ApiError(422, code, message);
