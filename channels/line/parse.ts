import { createHash } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import type { AccountEvent, ChannelEvent, ContactEvent, InboundContact } from '../contract.ts';
import { jsonOf } from '../json-body.ts';
import { choiceOf } from './choices.ts';
import { partOf } from './parts.ts';
import * as wire from './wire.ts';

/** One delivery holds several events, in no promised order; the verify button's holds none. Total: no body makes it throw. */
export function readDelivery(body: Uint8Array): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const read = wire.delivery.safeParse(jsonOf(body));
  if (!read.success) return { kind: 'malformed', message: 'The body is not a delivery of LINE’s webhook.' };
  return read.data.events.flatMap(readEvent);
}

interface Frame {
  event: wire.Event;
  /** Kept by a redelivery. */
  eventId: string;
  place: Place | null;
}
/** Where it happened, and who did it: in a group whose writer LINE doesn't name, the group itself. */
interface Place {
  threadKey: string;
  to: string;
  contact: InboundContact;
}
type Reader = (frame: Frame & { place: Place }) => ChannelEvent[] | null;

function readEvent(value: unknown): ChannelEvent[] {
  const read = wire.event.safeParse(value);
  if (!read.success) return [noted('unreadable', digestOf(value))];
  const event = read.data;
  const eventId = event.webhookEventId ?? digestOf(value);
  const place = placeOf(event);
  // What names nobody is still something that happened at our account.
  return readKnown(event.type, { event, eventId, place }) ?? [noted(event.type, eventId)];
}

function readKnown(type: string, { event, eventId, place }: Frame): ChannelEvent[] | null {
  if (type === 'messageEdited') return readEdit({ event, eventId, place });
  if (type === 'unsend') return readUnsend({ event, eventId, place });
  if (!place) return null;
  const reader = Object.hasOwn(readers, type) ? readers[type] : readUnknown;
  return reader?.({ event, eventId, place }) ?? null;
}

const readers: Record<string, Reader> = {
  message: readMessage,
  postback: readPostback,
  follow: (frame) => [contactEvent(frame, 'unblocked')],
  unfollow: (frame) => [contactEvent(frame, 'blocked')],
  // The bot itself came into a group or was put out of it: the group is whom it can write to.
  join: (frame) => [groupEvent(frame, 'unblocked')],
  leave: (frame) => [groupEvent(frame, 'blocked')],
  memberJoined: (frame) => memberEvents(frame, 'joined'),
  memberLeft: (frame) => memberEvents(frame, 'left'),
  videoPlayComplete: (frame) => [contactEvent(frame, 'updated')],
  accountLink: (frame) => [contactEvent(frame, 'updated')],
  membership: (frame) => [contactEvent(frame, 'updated')],
  beacon: (frame) => [contactEvent(frame, 'updated')],
};

function readMessage({ event, eventId, place }: Frame & { place: Place }): ChannelEvent[] | null {
  const read = wire.message.safeParse(event['message']);
  if (!read.success) return null;
  const { id, quoteToken, markAsReadToken, quotedMessageId } = read.data;
  const reference: JsonObject = {
    ...(quoteToken ? { quoteToken } : {}),
    ...(markAsReadToken ? { markAsReadToken } : {}),
  };
  return [
    {
      kind: 'message',
      eventId,
      threadKey: place.threadKey,
      contact: place.contact,
      parts: [partOf(read.data)],
      providerMessageId: id,
      inReplyTo: quotedMessageId,
      sentAtMs: event.timestamp,
      replyAddress: replyAddressOf(event, place),
      ...(Object.keys(reference).length > 0 ? { reference } : {}),
      ...automationOf(event),
    },
  ];
}

/** Happens in groups only. */
function readEdit({ event, eventId }: Frame): ChannelEvent[] | null {
  const read = wire.message.safeParse(event['message']);
  if (!read.success) return null;
  return [
    {
      kind: 'edit',
      eventId,
      providerMessageId: read.data.id,
      parts: [partOf(read.data)],
      atMs: event.timestamp,
    },
  ];
}

function readUnsend({ event, eventId }: Frame): ChannelEvent[] | null {
  const read = wire.unsend.safeParse(event['unsend']);
  if (!read.success) return null;
  return [{ kind: 'delete', eventId, providerMessageId: read.data.messageId, atMs: event.timestamp }];
}

/** A button of ours, or of the account's own menu. It is a message to us, though none of LINE's: it can't be quoted. */
function readPostback({ event, eventId, place }: Frame & { place: Place }): ChannelEvent[] | null {
  const read = wire.postback.safeParse(event['postback']);
  if (!read.success) return null;
  return [
    {
      kind: 'message',
      eventId,
      threadKey: place.threadKey,
      contact: place.contact,
      parts: [choiceOf(read.data)],
      providerMessageId: `postback:${eventId}`,
      sentAtMs: event.timestamp,
      replyAddress: replyAddressOf(event, place),
      ...automationOf(event),
    },
  ];
}

/** A kind newer than this file: what looks like a message is kept as one. */
function readUnknown(frame: Frame & { place: Place }): ChannelEvent[] | null {
  const [event] = readMessage(frame) ?? [];
  if (event?.kind !== 'message') return null;
  return [{ ...event, parts: [{ kind: 'unsupported', what: frame.event.type }] }];
}

function contactEvent(
  { eventId, place }: Frame & { place: Place },
  change: ContactEvent['change'],
): ChannelEvent {
  return { kind: 'contact', eventId, threadKey: place.threadKey, contact: place.contact, change };
}

function groupEvent(
  { eventId, place }: Frame & { place: Place },
  change: ContactEvent['change'],
): ChannelEvent {
  return { kind: 'contact', eventId, threadKey: place.threadKey, contact: { externalId: place.to }, change };
}

function memberEvents(
  { event, eventId, place }: Frame & { place: Place },
  field: string,
): ChannelEvent[] | null {
  const read = wire.members.safeParse(event[field]);
  if (!read.success) return null;
  const ids = read.data.members.flatMap((member) => {
    const known = wire.source.pick({ userId: true }).safeParse(member);
    return known.success && known.data.userId ? [known.data.userId] : [];
  });
  if (ids.length === 0) return null;
  return [...new Set(ids)].map((userId) => ({
    kind: 'contact',
    eventId: `${eventId}:${userId}`,
    threadKey: place.threadKey,
    contact: { externalId: userId },
    change: 'updated',
  }));
}

const health: Record<string, Pick<AccountEvent, 'inbound' | 'outbound'>> = {
  botSuspended: {
    inbound: { state: 'failing', reason: 'LINE has suspended the bot.' },
    outbound: { state: 'failing', reason: 'LINE has suspended the bot.' },
  },
  botResumed: { inbound: { state: 'ok' }, outbound: { state: 'ok' } },
};

/** What happened at the account rather than with a contact, for Diagnostics. */
function noted(change: string, eventId: string): ChannelEvent {
  const state = Object.hasOwn(health, change) ? health[change] : {};
  return { kind: 'account', eventId, change, ...state, facts: { type: change } };
}

function placeOf({ source }: wire.Event): Place | null {
  const { groupId, roomId, userId } = source ?? {};
  const thread = groupId ?? roomId;
  if (thread) return { threadKey: thread, to: thread, contact: { externalId: userId ?? thread } };
  return userId ? { threadKey: '', to: userId, contact: { externalId: userId } } : null;
}

/** In standby another module holds the chat: we may listen, not speak. */
function replyAddressOf({ replyToken, timestamp, mode }: wire.Event, { to }: Place): JsonObject {
  return {
    to,
    ...(mode === 'standby' ? { standby: true } : {}),
    ...(replyToken && timestamp !== undefined ? { replyToken, atMs: timestamp } : {}),
  };
}

function automationOf({ mode }: wire.Event): { automation?: 'off' } {
  return mode === 'standby' ? { automation: 'off' } : {};
}

/** Of what a redelivery repeats: `deliveryContext` says that it is one. */
function digestOf(value: unknown): string {
  const said = JSON.stringify(value, (name, field: unknown) =>
    name === 'deliveryContext' ? undefined : field,
  );
  return `sha256:${createHash('sha256')
    .update(said ?? '')
    .digest('hex')}`;
}
