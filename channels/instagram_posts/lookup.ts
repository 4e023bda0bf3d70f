/** What webhooks leave out, asked for afterwards: who wrote, and what a mention says. */
import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type InboundContact, type MediaBytes } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callInstagram, type InstagramInbox } from '../instagram/call.ts';
import { mentioned, writer } from '../instagram/wire.ts';
import { unreadable } from '../meta/graph.ts';
import { unnamedWriterOf } from './parse.ts';

interface MentionIds {
  mediaId: string;
  commentId?: string;
}
interface Mention {
  text?: string | undefined;
  username?: string | undefined;
  timestamp?: string | undefined;
  permalink?: string | undefined;
}

/** The name of a writer whom the webhook didn't tell; of the others it knows no more than the webhook. @throws ChannelError */
export async function fetchWriter(
  http: HttpClient,
  inbox: InstagramInbox,
  externalId: string,
  signal: AbortSignal,
): Promise<Partial<Omit<InboundContact, 'externalId'>>> {
  const unnamed = unnamedWriterOf(externalId);
  if (!unnamed) return {};
  const name =
    'mention' in unnamed
      ? (await askMention(http, inbox, unnamed.mention, signal)).username
      : await askWriter(http, inbox, unnamed.commentId, signal);
  return name === undefined ? {} : { name };
}

async function askWriter(
  http: HttpClient,
  inbox: InstagramInbox,
  commentId: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = `/${encodeURIComponent(commentId)}`;
  const query = { fields: 'username,from{username}' };
  const read = writer.safeParse(await callInstagram(http, inbox, { method: 'GET', path, query, signal }));
  if (!read.success) throw unreadable(`GET ${path}`);
  return read.data.username ?? read.data.from?.username;
}

/** A mention's text, as a small file: who, what, and where to see it. @throws ChannelError */
export async function fetchMention(
  http: HttpClient,
  inbox: InstagramInbox,
  source: JsonObject,
  { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  const ids = idsOf(source['mention']);
  if (!ids) throw new ChannelError('permanent', 'The mention names no post.');
  const { text, username, timestamp, permalink } = await askMention(http, inbox, ids, signal);
  const head = [username === undefined ? undefined : `@${username}`, timestamp].filter(
    (each) => each !== undefined,
  );
  const lines = [head.join(' · '), text ?? '', permalink ?? ''].filter((line) => line !== '');
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  if (bytes.byteLength > maxBytes)
    throw new ChannelError('permanent', 'The mention is longer than what is fetched.');
  return { bytes, mimeType: 'text/plain', name: 'mention.txt' };
}

function idsOf(value: unknown): MentionIds | null {
  if (
    typeof value !== 'object' ||
    value === null ||
    !('mediaId' in value) ||
    typeof value.mediaId !== 'string'
  )
    return null;
  const { mediaId } = value;
  return 'commentId' in value && typeof value.commentId === 'string'
    ? { mediaId, commentId: value.commentId }
    : { mediaId };
}

async function askMention(
  http: HttpClient,
  inbox: InstagramInbox,
  { mediaId, commentId }: MentionIds,
  signal: AbortSignal,
): Promise<Mention> {
  const fields =
    commentId === undefined
      ? `mentioned_media.media_id(${number(mediaId)}){caption,username,timestamp,permalink}`
      : `mentioned_comment.comment_id(${number(commentId)}){text,username,timestamp,media{permalink}}`;
  const path = `/${inbox.credentials.instagramUserId}`;
  const read = mentioned.safeParse(
    await callInstagram(http, inbox, { method: 'GET', path, query: { fields }, signal }),
  );
  if (!read.success) throw unreadable(`GET ${path}`);
  const { mentioned_comment: comment, mentioned_media: media } = read.data;
  if (comment) return { ...comment, permalink: comment.media?.permalink };
  return media ? { ...media, text: media.caption } : {};
}

/** Ids go into an expression of Meta's, so only what can be one. @throws ChannelError permanent */
function number(id: string): string {
  if (!/^\d+$/.test(id)) throw new ChannelError('permanent', 'The mention’s id is not one of Instagram’s.');
  return id;
}
