import type { JsonObject } from '#domain/json.ts';
import { isMedia, plainText, type Part } from '#domain/message.ts';
import { ChannelError, type OutboundMessage, type SendOptions, type Sent } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { unreadable } from '../meta/graph.ts';
import { callPage, type PageInbox } from '../meta/page.ts';
import { created, sentMessage } from '../meta/wire.ts';
import { privateReplyMetadata } from '../meta/metadata.ts';
import { photoFields } from './photo.ts';

const PRIVATE_REPLY_DAYS = 7;
const MAX_PRIVATE_TEXT_LENGTH = 2000;

/** Answers a comment or post: below it for all to see, or its writer by direct message. @throws ChannelError */
export async function sendFacebookPage(
  http: HttpClient,
  inbox: PageInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const [part, ...others] = message.parts;
  if (!part || others.length > 0) throw new ChannelError('permanent', 'Facebook takes one part in one call.');
  return message.as === 'private_reply'
    ? await sendPrivately(http, inbox, message, part, options)
    : await sendPublicly(http, inbox, message, part, options);
}

async function sendPublicly(
  http: HttpClient,
  inbox: PageInbox,
  message: OutboundMessage,
  part: Part,
  options: SendOptions,
): Promise<Sent> {
  if (typeof message.replyAddress['groupId'] === 'string')
    throw new ChannelError(
      'permanent',
      'In groups Meta lets a page answer by private reply only; nothing was sent.',
    );
  const target = targetOf(message);
  const text = plainText([part]);
  const photo = isMedia(part) ? await photoFields(http, inbox, part, options) : {};
  if (!isMedia(part) && text.trim() === '')
    throw new ChannelError('permanent', 'Facebook takes no comment without text.');
  const read = created.safeParse(
    await callPage(http, inbox, {
      method: 'POST',
      path: `/${encodeURIComponent(target)}/comments`,
      form: { ...(text === '' ? {} : { message: text }), ...photo },
      signal: options.signal,
    }),
  );
  if (!read.success) throw unreadable('the comment');
  return { providerMessageId: read.data.id };
}

async function sendPrivately(
  http: HttpClient,
  inbox: PageInbox,
  message: OutboundMessage,
  part: Part,
  options: SendOptions,
): Promise<Sent> {
  const text = plainText([part]);
  if (isMedia(part) || text.trim() === '')
    throw new ChannelError(
      'permanent',
      'A private reply is one message of text; send the file once the person has answered.',
    );
  if (text.length > MAX_PRIVATE_TEXT_LENGTH)
    throw new ChannelError(
      'permanent',
      `A private reply is one message of at most ${MAX_PRIVATE_TEXT_LENGTH} characters.`,
    );
  refuseLate(message);
  const target = targetOf(message);
  const isPost = message.inReplyTo === undefined && typeof message.replyAddress['commentId'] !== 'string';
  const json: JsonObject = {
    recipient:
      isPost || target === message.replyAddress['postId'] ? { post_id: target } : { comment_id: target },
    messaging_type: 'RESPONSE',
    message: { text, metadata: privateReplyMetadata(options.key) },
  };
  const answer = await callPage(http, inbox, {
    method: 'POST',
    path: `/${inbox.credentials.pageId}/messages`,
    json,
    signal: options.signal,
  }).catch((error: unknown) => {
    throw explained(error);
  });
  const read = sentMessage.safeParse(answer);
  if (!read.success) throw unreadable('the private reply');
  return { providerMessageId: read.data.message_id };
}

/** A comment's own time isn't known here; when even the person's last one is too old, so is it. */
function refuseLate({ lastInAtMs }: OutboundMessage): void {
  if (lastInAtMs === null || Date.now() - lastInAtMs < PRIVATE_REPLY_DAYS * 24 * 3_600_000) return;
  throw new ChannelError(
    'window_closed',
    `The comment is older than ${PRIVATE_REPLY_DAYS} days: it can only be answered publicly. Nothing was sent.`,
  );
}

const ONCE: Record<string, string> = {
  '10900':
    'This comment has had its one private reply already; the person has to answer it before more can be sent.',
  '10903':
    'This comment can’t be answered privately (its writer, its age or its place don’t allow it); answer it publicly.',
};

/** The provider's words, then what they mean here. */
function explained(error: unknown): unknown {
  if (!(error instanceof ChannelError)) return error;
  const [code = ''] = (error.providerCode ?? '').split('/');
  const meaning = ONCE[code];
  if (meaning === undefined) return error;
  return new ChannelError('permanent', `${error.message} — ${meaning}`, {
    ...(error.providerCode === undefined ? {} : { providerCode: error.providerCode }),
    cause: error,
  });
}

/** The comment that is answered: the one named, else the conversation's last. */
function targetOf({ inReplyTo, replyAddress, threadKey }: OutboundMessage): string {
  const { commentId, postId } = replyAddress;
  if (inReplyTo) return inReplyTo;
  if (typeof commentId === 'string' && commentId !== '') return commentId;
  if (typeof postId === 'string' && postId !== '') return postId;
  if (threadKey !== '') return threadKey;
  throw new ChannelError(
    'permanent',
    'This conversation names no comment or post to answer; nothing was sent.',
  );
}
