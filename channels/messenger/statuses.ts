/** What is told of messages that are there already: reactions, deliveries, reading, edits. */
import type { Json } from '#domain/json.ts';
import type { ChannelEvent } from '../contract.ts';
import type { Frame } from './parse.ts';
import * as wire from './wire.ts';

export function readReaction(value: Json, frame: Frame): ChannelEvent[] {
  const read = wire.reaction.safeParse(value);
  // The page's own reaction, given in Meta's inbox, is no message and nothing a contact did.
  if (!read.success || frame.ours) return [];
  const { mid, action, emoji, reaction } = read.data;
  const taken = action === 'unreact';
  return [
    {
      kind: 'reaction',
      eventId: [
        'reaction',
        mid,
        frame.contact.externalId,
        taken ? 'unreact' : 'react',
        frame.atMs ?? '',
      ].join(':'),
      threadKey: '',
      contact: frame.contact,
      providerMessageId: mid,
      emoji: taken ? '' : (emoji ?? NAMED[reaction ?? ''] ?? '👍'),
    },
  ];
}

const NAMED: Record<string, string> = {
  smile: '😆',
  angry: '😠',
  sad: '😢',
  wow: '😮',
  love: '❤️',
  like: '👍',
  dislike: '👎',
  other: '❔',
};

/** Message by message where Meta names them, else everything up to the watermark. */
export function readDelivery(value: Json, frame: Frame): ChannelEvent[] {
  const read = wire.delivery.safeParse(value);
  if (!read.success) return [];
  const { mids = [], watermark } = read.data;
  const named = mids.flatMap((given) => {
    const mid = wire.midOf.safeParse(given);
    return mid.success ? [mid.data] : [];
  });
  if (named.length === 0) return watermarkEvents('delivered', watermark, frame);
  return named.map((mid) => ({
    kind: 'status',
    eventId: `delivered:${mid}`,
    providerMessageId: mid,
    status: 'delivered',
    ...(watermark === undefined ? {} : { atMs: watermark }),
  }));
}

export function readRead(value: Json, frame: Frame): ChannelEvent[] {
  const read = wire.read.safeParse(value);
  if (!read.success) return [];
  const { mid, watermark } = read.data;
  if (mid === undefined) return watermarkEvents('read', watermark ?? frame.atMs, frame);
  return [{ kind: 'status', eventId: `read:${mid}`, providerMessageId: mid, status: 'read', ...at(frame) }];
}

function watermarkEvents(
  status: 'delivered' | 'read',
  untilMs: number | undefined,
  { contact, ours }: Frame,
): ChannelEvent[] {
  // In the page's own name it tells what the page has read, which is no status of ours.
  if (untilMs === undefined || ours) return [];
  const eventId = [status, contact.externalId, untilMs].join(':');
  return [{ kind: 'watermark', eventId, threadKey: '', contact, status, untilMs }];
}

export function readEdit(value: Json, frame: Frame): ChannelEvent[] {
  const read = wire.edit.safeParse(value);
  if (!read.success) return [];
  const { mid, text, num_edit: count } = read.data;
  return [
    {
      kind: 'edit',
      eventId: ['edit', mid, count ?? frame.atMs ?? ''].join(':'),
      providerMessageId: mid,
      parts: [text ? { kind: 'text', text } : { kind: 'unsupported', what: 'message_edit' }],
      ...at(frame),
    },
  ];
}

export function at({ atMs }: Frame): { atMs?: number } {
  return atMs === undefined ? {} : { atMs };
}
