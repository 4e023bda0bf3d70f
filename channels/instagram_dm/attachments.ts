import { z } from 'zod';
import type { MediaKind } from '#domain/message.ts';
import type { InboundMedia, InboundPart } from '../contract.ts';
import * as wire from '../instagram/wire.ts';

/**
 * What a direct message says, as parts. Stories are never fetched: Instagram forbids keeping their content, so a story mention is its
 * link, which runs out with the story. Content that is new to us is `unsupported`, never lost.
 */
export function partsOf(message: wire.Message): InboundPart[] {
  const { text = '', quick_reply: picked, reply_to: replyTo, attachments = [] } = message;
  const parts: InboundPart[] = [];
  const story = replyTo?.story;
  if (picked) parts.push({ kind: 'choice_reply', id: picked.payload, label: text || picked.payload });
  else if (story) parts.push(storyReply(text, story));
  else if (text !== '') parts.push({ kind: 'text', text });
  parts.push(...attachments.flatMap((each) => attachmentParts(each, text)));
  if (parts.length > 0) return parts;
  return [{ kind: 'unsupported', what: message.is_unsupported ? 'unsupported message' : contentOf(message) }];
}

/** An answer to our story is a comment on it: which one, and its link while Instagram shows it. */
function storyReply(
  text: string,
  { id, url }: { id?: string | undefined; url?: string | undefined },
): InboundPart {
  return {
    kind: 'comment',
    text,
    ...(id === undefined ? {} : { postId: id }),
    ...(url === undefined ? {} : { permalink: url }),
  };
}

const media: Record<string, { kind: MediaKind; mimeType: string }> = {
  image: { kind: 'image', mimeType: 'image/jpeg' },
  video: { kind: 'video', mimeType: 'video/mp4' },
  audio: { kind: 'audio', mimeType: 'audio/mp4' },
  file: { kind: 'file', mimeType: 'application/octet-stream' },
  sticker: { kind: 'image', mimeType: 'image/webp' },
  animated_media: { kind: 'image', mimeType: 'image/gif' },
  // Somebody's post or reel, sent on: what the question is about.
  share: { kind: 'image', mimeType: 'image/jpeg' },
  ig_post: { kind: 'image', mimeType: 'image/jpeg' },
  ig_reel: { kind: 'video', mimeType: 'video/mp4' },
  reel: { kind: 'video', mimeType: 'video/mp4' },
};

function attachmentParts(value: unknown, text: string): InboundPart[] {
  const read = wire.attachment.safeParse(value);
  if (!read.success) return [{ kind: 'unsupported', what: 'attachment' }];
  const { type = 'attachment', payload: { url, title } = {} } = read.data;
  if (type === 'story_mention') return storyMention(url);
  if (type === 'fallback' || type === 'template') return linkParts(type, title, url, text);
  const known = Object.hasOwn(media, type) ? media[type] : undefined;
  // A private account's post comes without a link.
  if (!known || url === undefined || !z.url().safeParse(url).success)
    return [{ kind: 'unsupported', what: type }];
  const part: InboundMedia = { kind: known.kind, source: { url }, mimeType: known.mimeType };
  return [title === undefined ? part : { ...part, caption: title }];
}

function storyMention(url: string | undefined): InboundPart[] {
  const what: InboundPart = { kind: 'unsupported', what: 'story_mention' };
  return url === undefined ? [what] : [what, { kind: 'comment', text: '', permalink: url }];
}

/** A link's preview stands beside the text that has the link. */
function linkParts(
  type: string,
  title: string | undefined,
  url: string | undefined,
  text: string,
): InboundPart[] {
  if (url !== undefined && text.includes(url)) return [];
  const line = [title, url].filter((each) => each !== undefined).join('\n');
  return [line === '' ? { kind: 'unsupported', what: type } : { kind: 'text', text: line }];
}

const FRAME = new Set(['mid', 'text', 'is_echo', 'is_self', 'app_id', 'attachments', 'reply_to', 'referral']);

function contentOf(message: wire.Message): string {
  const content = Object.entries(message).filter(([key, value]) => !FRAME.has(key) && value !== undefined);
  return content[0]?.[0] ?? 'message';
}
