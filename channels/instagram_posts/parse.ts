import type { JsonObject } from '#domain/json.ts';
import type { ChannelEvent, InboundContact, InboundPart } from '../contract.ts';
import { isOwnId, type InstagramInbox } from '../instagram/call.ts';
import { happeningsOf, unknownChange } from '../instagram/entries.ts';
import * as wire from '../instagram/wire.ts';

/** A body of one account or of many: every comment and mention in it, in order. Total: no body makes it throw. */
export function parsePosts(
  inbox: InstagramInbox,
  body: Uint8Array,
): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const happenings = happeningsOf(body);
  if (happenings === null) return { kind: 'malformed', message: 'The body is not a webhook of Instagram.' };
  return happenings.flatMap((happening) => {
    if (happening.kind === 'messaging') return [];
    const { field, value, entryMs } = happening;
    if (field === 'comments' || field === 'live_comments') {
      const read = wire.comment.safeParse(value);
      if (read.success) return readComment(inbox, field, read.data, entryMs);
    }
    if (field === 'mentions') {
      const read = wire.mention.safeParse(value);
      if (read.success) return [readMention(read.data, entryMs)];
    }
    return [unknownChange(field, value, entryMs)];
  });
}

/** What `send` needs to know of where an answer goes. */
export type PostAddress = { commentId?: string; mediaId?: string; live?: true; mention?: true } & JsonObject;

function readComment(
  inbox: InstagramInbox,
  field: 'comments' | 'live_comments',
  comment: wire.Comment,
  entryMs: number | undefined,
): ChannelEvent[] {
  const { id, parent_id: parentId, media, timestamp = entryMs } = comment;
  const replyAddress: PostAddress = { commentId: id };
  if (media?.id !== undefined) replyAddress.mediaId = media.id;
  if (field === 'live_comments') replyAddress.live = true;
  const common = {
    eventId: `${field}:${id}`,
    threadKey: media?.id ?? parentId ?? id,
    parts: partsOf(comment),
    providerMessageId: id,
    ...(parentId === undefined ? {} : { inReplyTo: parentId }),
    ...(timestamp === undefined ? {} : { sentAtMs: timestamp }),
  };
  if (isOwn(inbox, comment)) {
    // An own comment that answers nobody is part of the post.
    if (parentId === undefined) return [];
    const contact = writerUnknown(parentId);
    return [{ kind: 'echo', ...common, contact, replyAddress: { ...replyAddress, commentId: parentId } }];
  }
  return [{ kind: 'message', ...common, contact: writerOf(comment), replyAddress }];
}

function partsOf({ id, text, media }: wire.Comment): InboundPart[] {
  const postId = media?.id === undefined ? {} : { postId: media.id };
  const part: InboundPart = { kind: 'comment', text: text ?? '', commentId: id, ...postId };
  // A picture or GIF as a comment comes without text, and without anything else.
  return text ? [part] : [part, { kind: 'unsupported', what: 'comment without text' }];
}

function isOwn(inbox: InstagramInbox, { from }: wire.Comment): boolean {
  const { username } = inbox.credentials;
  return isOwnId(inbox, from?.id) || (username !== undefined && from?.username === username);
}

function writerOf({ id, from }: wire.Comment): InboundContact {
  if (from?.id === undefined)
    return { ...writerUnknown(id), ...(from?.username ? { name: from.username } : {}) };
  return { externalId: from.id, ...(from.username === undefined ? {} : { name: from.username }) };
}

const UNKNOWN = 'unnamed:';
const MENTION = 'mention:';

/** Somebody whom the webhook doesn't name: known by the comment alone, and asked for by `fetchContact`. */
function writerUnknown(commentId: string): InboundContact {
  return { externalId: `${UNKNOWN}${commentId}` };
}

/** What to ask for where a contact's id stands for an unnamed writer. */
export type UnnamedWriter = { commentId: string } | { mention: { mediaId: string; commentId?: string } };

export function unnamedWriterOf(externalId: string): UnnamedWriter | null {
  if (externalId.startsWith(UNKNOWN)) return { commentId: externalId.slice(UNKNOWN.length) };
  if (!externalId.startsWith(MENTION)) return null;
  const [mediaId = '', commentId] = externalId.slice(MENTION.length).split('/');
  return { mention: commentId === undefined ? { mediaId } : { mediaId, commentId } };
}

/** A mention names ids only: what was written comes as a small text file by `fetchMedia`, who wrote it by `fetchContact`. */
function readMention(
  { media_id: mediaId, comment_id: commentId }: { media_id: string; comment_id?: string | undefined },
  entryMs: number | undefined,
): ChannelEvent {
  const ids: JsonObject = commentId === undefined ? { mediaId } : { mediaId, commentId };
  const name = commentId === undefined ? mediaId : `${mediaId}/${commentId}`;
  return {
    kind: 'message',
    eventId: `mentions:${name}`,
    threadKey: mediaId,
    contact: { externalId: `${MENTION}${name}` },
    parts: [
      {
        kind: 'comment',
        text: '',
        postId: mediaId,
        ...(commentId === undefined ? {} : { commentId }),
      },
      { kind: 'file', mimeType: 'text/plain', name: 'mention.txt', source: { mention: ids } },
    ],
    providerMessageId: commentId ?? `mention:${mediaId}`,
    ...(entryMs === undefined ? {} : { sentAtMs: entryMs }),
    replyAddress: { ...ids, mention: true },
  };
}
