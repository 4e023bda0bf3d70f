import { createHash } from 'node:crypto';
import type { Json } from '#domain/json.ts';
import type { ChannelEvent, InboundContact } from '../contract.ts';
import { exactJsonOf } from '../json-body.ts';
import { partOf } from './parts.ts';
import * as wire from './wire.ts';

/** One delivery is one event, its content JSON within JSON. Total: no body makes it throw. */
export function readDelivery(body: Uint8Array): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const json = exactJsonOf(body);
  const read = wire.envelope.safeParse(json);
  if (!read.success) return { kind: 'malformed', message: 'The body is not an event of TikTok’s webhook.' };
  const digest = digestOf(read.data);
  const content = wire.content.safeParse(contentOf(read.data.content));
  if (!content.success) return [noted(read.data, {}, digest)];
  const frame: Frame = { envelope: read.data, content: content.data, digest };
  const reader = Object.hasOwn(readers, read.data.event) ? readers[read.data.event] : readUnknown;
  return reader?.(frame) ?? [noted(frame.envelope, frame.content, frame.digest)];
}

interface Frame {
  envelope: wire.Envelope;
  content: wire.Content;
  /** Stands for an id where an event has none. */
  digest: string;
}
type Reader = (frame: Frame) => ChannelEvent[] | null;

const readers: Record<string, Reader> = {
  im_receive_msg: (frame) => (isOurs(frame) ? readEcho(frame) : readMessage(frame)),
  im_send_msg: readEcho,
  im_mark_read_msg: readWatermark,
  im_referral_msg: readReferral,
  // Of people in the EEA, Switzerland and the UK, TikTok says only that somebody wrote: neither who nor what.
  im_receive_msg_eu: () => null,
};

function readMessage(frame: Frame): ChannelEvent[] | null {
  const { content } = frame;
  if (content.type === 'reaction') return readReactions(frame);
  const at = placeOf(content, 'from');
  const { message_id: providerMessageId } = content;
  if (!at || providerMessageId === undefined) return null;
  return [{ kind: 'message', ...saidIn(frame, at, providerMessageId) }];
}

/** What the account sends, by us or by people in TikTok's app. Its automatic messages are nobody's, and must not pass for a person's. */
function readEcho(frame: Frame): ChannelEvent[] | null {
  const { content } = frame;
  const at = placeOf(content, 'to');
  const { message_id: providerMessageId } = content;
  // A reaction of the business's own people is no message, and no customer's.
  if (!at || providerMessageId === undefined || content.type === 'reaction') return null;
  if (content.auto_message_type !== undefined) return null;
  return [{ kind: 'echo', ...saidIn(frame, at, providerMessageId) }];
}

/** What somebody said, whoever it was. */
function saidIn(frame: Frame, at: NonNullable<ReturnType<typeof placeOf>>, providerMessageId: string) {
  const { content } = frame;
  return {
    eventId: eventIdOf(frame, at.conversationId, providerMessageId),
    threadKey: '',
    contact: at.contact,
    parts: [partOf(content)],
    providerMessageId,
    inReplyTo: content.referenced_message_info?.referenced_message_id,
    sentAtMs: content.timestamp,
    replyAddress: { conversationId: at.conversationId },
  };
}

/** One payload may hold several, each with its own message. */
function readReactions(frame: Frame): ChannelEvent[] | null {
  const at = placeOf(frame.content, 'from');
  const id = frame.content.message_id ?? frame.digest;
  if (!at) return null;
  const events = (frame.content.reaction ?? []).flatMap((given, index): ChannelEvent[] => {
    const read = wire.reaction.safeParse(given);
    if (!read.success) return [];
    const { operation, original_msg_id: providerMessageId, emoji, ai_emoji_url: picture } = read.data;
    return [
      {
        kind: 'reaction',
        eventId: `${eventIdOf(frame, at.conversationId, id)}:${index}`,
        threadKey: '',
        contact: at.contact,
        providerMessageId,
        emoji: operation === 'REMOVE' ? '' : (emoji ?? (picture ? `custom:${picture}` : '⭐')),
      },
    ];
  });
  return events.length > 0 ? events : null;
}

/** The time up to which the person has seen our messages; TikTok names none of them. */
function readWatermark(frame: Frame): ChannelEvent[] | null {
  const at = placeOf(frame.content, 'from');
  const untilMs = frame.content.read?.last_read_timestamp;
  if (!at || untilMs === undefined || isOurs(frame)) return null;
  return [
    {
      kind: 'watermark',
      eventId: eventIdOf(frame, at.conversationId, String(untilMs)),
      threadKey: '',
      contact: at.contact,
      status: 'read',
      untilMs,
    },
  ];
}

/** Somebody came by an advertisement or a link, and has not written yet. */
function readReferral(frame: Frame): ChannelEvent[] | null {
  const at = placeOf(frame.content, 'from');
  if (!at) return null;
  const eventId = eventIdOf(frame, at.conversationId, frame.digest);
  return [{ kind: 'contact', eventId, threadKey: '', contact: at.contact, change: 'updated' }];
}

/** A kind newer than this file: what looks like a person's message is kept as one. */
function readUnknown(frame: Frame): ChannelEvent[] | null {
  const { type, to_user: to } = frame.content;
  const isToUs = to?.id !== undefined && to.id === frame.envelope.user_openid;
  if (type === undefined || !isToUs) return null;
  const [event] = readMessage(frame) ?? [];
  return event?.kind === 'message'
    ? [{ ...event, parts: [{ kind: 'unsupported', what: frame.envelope.event }] }]
    : null;
}

/** The conversation stands for the contact: TikTok's is always with one person, and answers go to it. */
function placeOf(
  content: wire.Content,
  side: 'from' | 'to',
): { conversationId: string; contact: InboundContact } | null {
  const { conversation_id: conversationId } = content;
  if (conversationId === undefined) return null;
  return { conversationId, contact: { externalId: conversationId, name: content[side] } };
}

function isOurs({ envelope, content }: Frame): boolean {
  return content.from_user?.id !== undefined && content.from_user.id === envelope.user_openid;
}

function eventIdOf({ envelope }: Frame, conversationId: string, id: string): string {
  return `${envelope.event}:${conversationId}:${id}`;
}

/** What happened at the account rather than with a contact, or was not told in full: for Diagnostics. */
function noted(envelope: wire.Envelope, content: Partial<wire.Content>, digest: string): ChannelEvent {
  const { timestamp, type, auto_message_type: automatic } = content;
  return {
    kind: 'account',
    eventId: `${envelope.event}:${digest}`,
    change: envelope.event,
    facts: {
      event: envelope.event,
      ...(type === undefined ? {} : { type }),
      ...(automatic === undefined ? {} : { automatic }),
      ...(timestamp === undefined ? {} : { at: new Date(timestamp).toISOString() }),
    },
  };
}

function contentOf(content: unknown): Json | undefined {
  return typeof content === 'string'
    ? exactJsonOf(new TextEncoder().encode(content))
    : (content as Json | undefined);
}

function digestOf({ event, user_openid, create_time, content }: wire.Envelope): string {
  const said = JSON.stringify([event, user_openid, create_time, content]);
  return createHash('sha256').update(said).digest('hex').slice(0, 32);
}
