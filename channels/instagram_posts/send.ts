import { isMedia, plainText } from '#domain/message.ts';
import { ChannelError, type OutboundMessage, type SendOptions, type Sent } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { postComment, postMessage, type InstagramInbox } from '../instagram/call.ts';

const DAY_MS = 24 * 3_600_000;
const PRIVATE_REPLY_DAYS = 7;

/** A public reply to a comment or mention, or a private one to a comment's writer. @throws ChannelError */
export async function sendPostReply(
  http: HttpClient,
  inbox: InstagramInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const text = textOf(message);
  const { signal } = options;
  if (message.as === 'private_reply') {
    const json = { recipient: { comment_id: privatelyAnswered(message) }, message: { text } };
    return { providerMessageId: await postMessage(http, inbox, json, signal) };
  }
  const { replyAddress, inReplyTo } = message;
  if (replyAddress['mention'] === true) {
    const { mediaId, commentId } = replyAddress;
    if (typeof mediaId !== 'string')
      throw new ChannelError('permanent', 'The mention names no post to answer under.');
    const json = {
      media_id: mediaId,
      message: text,
      ...(typeof commentId === 'string' ? { comment_id: commentId } : {}),
    };
    const path = `/${inbox.credentials.instagramUserId}/mentions`;
    return { providerMessageId: await postComment(http, inbox, path, json, signal) };
  }
  if (replyAddress['live'] === true)
    throw new ChannelError(
      'permanent',
      'Instagram takes no public reply to a comment on a live video. Answer its writer privately while the broadcast runs.',
    );
  const commentId = inReplyTo ?? replyAddress['commentId'];
  if (typeof commentId !== 'string') throw new ChannelError('permanent', 'There is no comment to answer.');
  const path = `/${encodeURIComponent(commentId)}/replies`;
  return { providerMessageId: await postComment(http, inbox, path, { message: text }, signal) };
}

function textOf({ parts }: OutboundMessage): string {
  const [part, ...others] = parts;
  if (!part || others.length > 0 || isMedia(part))
    throw new ChannelError('permanent', 'Instagram takes one text as a reply to a comment.');
  const text = plainText([part]);
  if (text.trim() === '') throw new ChannelError('permanent', 'Instagram takes no reply without text.');
  return text;
}

/** Instagram lets one private reply through, within seven days of the comment; a second is refused by itself. */
function privatelyAnswered({ inReplyTo, replyAddress, lastInAtMs }: OutboundMessage): string {
  if (replyAddress['mention'] === true)
    throw new ChannelError(
      'permanent',
      'A mention under somebody else’s post can’t be answered privately; answer it publicly.',
    );
  const commentId = inReplyTo ?? replyAddress['commentId'];
  if (typeof commentId !== 'string')
    throw new ChannelError('permanent', 'There is no comment to answer privately.');
  if (lastInAtMs !== null && Date.now() - lastInAtMs > PRIVATE_REPLY_DAYS * DAY_MS)
    throw new ChannelError(
      'window_closed',
      'A comment can be answered privately for seven days only, and these are over. Nothing was sent; answer publicly.',
    );
  return commentId;
}
