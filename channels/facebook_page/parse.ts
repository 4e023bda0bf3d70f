import { createHash } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import type { ChannelEvent, InboundContact, InboundPart } from '../contract.ts';
import { exactJsonOf } from '../json-body.ts';
import { itemsOf, type MetaItem } from '../meta/wire.ts';
import { partsOf } from './parts.ts';
import * as wire from './wire.ts';

/** All events of a delivery, in order. Total: no body makes it throw. */
export function parseFacebookPage(
  body: Uint8Array,
  pageId: string,
): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const items = itemsOf(exactJsonOf(body));
  if (!items) return { kind: 'malformed', message: 'The body is not a delivery of Meta.' };
  const events = items.flatMap((item) => readItem(item, pageId));
  // A comment on the page's own post that mentions the page is told twice.
  return [...new Map(events.map((event) => [event.eventId, event])).values()];
}

const FIELDS = new Set(['feed', 'mention', 'group_feed']);
/**
 * Nothing anybody wrote: reactions and likes come by the thousand and name no message of a conversation; shares and albums are on
 * their makers' own walls.
 */
const UNWRITTEN = new Set(['reaction', 'like', 'share', 'album', 'event', 'milestone']);

function readItem(item: MetaItem, pageId: string): ChannelEvent[] {
  const read = wire.story.safeParse(item.value);
  if (!read.success) return [];
  const story = read.data;
  const field = item.from === 'change' ? item.field : story.comment_id === undefined ? '' : 'group_feed';
  if (!FIELDS.has(field)) return unknownField(item, story, pageId);
  const kind = story.item ?? (story.comment_id === undefined ? 'post' : 'comment');
  if (UNWRITTEN.has(kind)) return [];
  // A mention's `item` says where it stands; what it is about is in the ids.
  const id = kind === 'comment' ? story.comment_id : (story.comment_id ?? story.post_id);
  if (id === undefined) return [];
  return readVerb({ story, id, pageId, kind, timeMs: item.timeMs });
}

interface Told {
  story: wire.Story;
  /** Of the comment, or of the post. */
  id: string;
  kind: string;
  pageId: string;
  timeMs: number | undefined;
}

function readVerb(told: Told): ChannelEvent[] {
  const { story, id, timeMs } = told;
  switch (story.verb ?? 'add') {
    case 'add':
      return written(told);
    case 'edited':
    case 'edit':
    case 'update':
      return [
        {
          kind: 'edit',
          eventId: `edit:${id}:${contentHash(story)}`,
          providerMessageId: id,
          parts: partsOf(story),
          ...(timeMs === undefined ? {} : { atMs: timeMs }),
        },
      ];
    case 'remove':
    case 'delete':
      return [
        {
          kind: 'delete',
          eventId: `remove:${id}`,
          providerMessageId: id,
          ...(timeMs === undefined ? {} : { atMs: timeMs }),
        },
      ];
    case 'hide':
    case 'unhide':
      return [hidden(told)];
    default:
      return written(told, [{ kind: 'unsupported', what: `${told.kind} ${story.verb ?? ''}`.trim() }]);
  }
}

/** Edits have no id: the same words, of the same time where Meta tells one, are the same edit. */
function contentHash(story: wire.Story): string {
  const content = JSON.stringify([story.message, story.photo, story.video, story.link, story.created_time]);
  return createHash('sha256').update(content).digest('base64url').slice(0, 22);
}

/** Hidden by somebody of the page, here or at Facebook: no message of anybody's, told for Diagnostics. */
function hidden({ story, id, timeMs }: Told): ChannelEvent {
  const change = story.verb === 'unhide' ? 'comment_unhidden' : 'comment_hidden';
  return {
    kind: 'account',
    eventId: [change, id, timeMs ?? ''].join(':'),
    change,
    facts: { commentId: id, postId: story.post_id ?? null },
  };
}

function written(told: Told, parts: InboundPart[] = partsOf(told.story)): ChannelEvent[] {
  const { story, id, pageId } = told;
  const threadKey = story.post_id ?? id;
  const writer = writerOf(story, id);
  const parent = story.parent_id === story.post_id ? undefined : story.parent_id;
  const base = {
    threadKey,
    parts,
    providerMessageId: id,
    ...(parent === undefined || parent === id ? {} : { inReplyTo: parent }),
    ...(story.created_time === undefined ? {} : { sentAtMs: story.created_time }),
    replyAddress: addressOf(story, id),
  };
  if (writer.externalId !== pageId) return [{ kind: 'message', eventId: id, contact: writer, ...base }];
  // The page speaks. Where it answers nobody (its own posts, comments below them), there is no conversation it belongs to.
  if (base.inReplyTo === undefined) return [];
  return [{ kind: 'echo', eventId: `echo:${id}`, contact: unnamed(base.inReplyTo), ...base }];
}

/** Meta leaves the writer out for people who have given the app no access. */
function writerOf(story: wire.Story, id: string): InboundContact {
  const externalId = story.from?.id ?? story.sender_id;
  const name = story.from?.name ?? story.sender_name;
  if (externalId === undefined)
    return unnamed(story.parent_id === story.post_id ? id : (story.parent_id ?? id));
  return { externalId, ...(name ? { name } : {}) };
}

/** Known by the comment that began the thread: its answers come to the same conversation. */
function unnamed(commentId: string): InboundContact {
  return { externalId: `unnamed:${commentId}` };
}

function addressOf(
  { post_id: postId, comment_id: commentId, group_id: groupId }: wire.Story,
  id: string,
): JsonObject {
  return {
    ...(commentId === undefined ? { postId: postId ?? id } : { commentId }),
    ...(groupId === undefined ? {} : { groupId }),
  };
}

/** A field newer than this file: kept where somebody has written something. */
function unknownField(item: MetaItem, story: wire.Story, pageId: string): ChannelEvent[] {
  const id = story.comment_id ?? story.post_id;
  if (item.from !== 'change' || id === undefined || story.from === undefined) return [];
  const told: Told = { story: { ...story, verb: 'add' }, id, kind: item.field, pageId, timeMs: item.timeMs };
  return written(told, [{ kind: 'unsupported', what: item.field || 'change' }]);
}
