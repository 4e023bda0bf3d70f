import type { Json, JsonObject } from '#domain/json.ts';
import type { ChannelEvent, InboundContact, InboundPart } from '../contract.ts';
import { exactJsonOf } from '../json-body.ts';
import { itemsOf, type MetaItem } from '../meta/wire.ts';
import { readHandover, readPolicy } from './account-events.ts';
import { echoKey, isPrivateReply } from '../meta/metadata.ts';
import { partsOf } from './parts.ts';
import { at, readDelivery, readEdit, readReaction, readRead } from './statuses.ts';
import * as wire from './wire.ts';

/** The account an item is read for. */
export interface Account {
  pageId: string;
  appId: string | undefined;
}
/** An item's frame: who speaks with the page, when, and whether another app answers. */
export interface Frame extends Account {
  contact: InboundContact;
  atMs: number | undefined;
  /** The page itself speaks. */
  ours: boolean;
  replyAddress: JsonObject;
}

/** All events of a delivery, in order. Total: no body makes it throw. */
export function parseMessenger(
  body: Uint8Array,
  account: Account,
): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const items = itemsOf(exactJsonOf(body));
  if (!items) return { kind: 'malformed', message: 'The body is not a delivery of Meta.' };
  const events = items.flatMap((item) => readItem(item, account));
  // Meta may name one thing twice in a delivery; its copies say the same.
  return [...new Map(events.map((event) => [event.eventId, event])).values()];
}

function readItem(item: MetaItem, account: Account): ChannelEvent[] {
  const read = wire.item.safeParse(item.value);
  if (!read.success) return [];
  const content = read.data;
  // Comments in a group come this way too; they are the page's comments, not direct messages.
  if (typeof content['comment_id'] === 'string' || content['field'] === 'group_feed') return [];
  const frame = frameOf(content, account, item.from === 'standby');
  const known = Object.keys(readers).find((kind) => content[kind] !== undefined && content[kind] !== null);
  const reader = known === undefined ? undefined : readers[known];
  if (known !== undefined && reader) return reader(content[known] as Json, frame, content);
  return frame ? unknownKind(content, frame) : [];
}

function frameOf(content: wire.Item, { pageId, appId }: Account, standby: boolean): Frame | null {
  const { sender, recipient, timestamp: atMs } = content;
  const ours = sender?.id === pageId || isEcho(content);
  const person = ours ? recipient : sender;
  // A person who has ticked a box on a website, and not written yet, is known by the website's reference only.
  const externalId = person?.id ?? (person?.user_ref ? `user_ref:${person.user_ref}` : undefined);
  if (externalId === undefined) return null;
  const replyAddress: JsonObject = { contactId: externalId, ...(standby ? { standby: true } : {}) };
  return { pageId, appId, contact: { externalId }, atMs, ours, replyAddress };
}

function isEcho(content: wire.Item): boolean {
  const read = wire.message.safeParse(content['message']);
  return read.success && read.data.is_echo === true;
}

type Reader = (value: Json, frame: Frame | null, content: wire.Item) => ChannelEvent[];

const readers: Record<string, Reader> = {
  message: withFrame(readMessage),
  postback: withFrame(readPostback),
  reaction: withFrame(readReaction),
  delivery: withFrame(readDelivery),
  read: withFrame(readRead),
  message_edit: withFrame(readEdit),
  referral: withFrame(readReferral),
  optin: withFrame(readOptin),
  pass_thread_control: readHandover('pass_thread_control'),
  take_thread_control: readHandover('take_thread_control'),
  request_thread_control: readHandover('request_thread_control'),
  app_roles: readHandover('app_roles'),
  policy_enforcement: readPolicy,
  'policy-enforcement': readPolicy,
};

function withFrame(reader: (value: Json, frame: Frame, content: wire.Item) => ChannelEvent[]): Reader {
  return (value, frame, content) => (frame ? reader(value, frame, content) : []);
}

function readMessage(value: Json, frame: Frame, content: wire.Item): ChannelEvent[] {
  const read = wire.message.safeParse(value);
  if (!read.success) return unknownKind(content, frame);
  const message = read.data;
  const { mid } = message;
  if (message.is_deleted)
    return [{ kind: 'delete', eventId: `deleted:${mid}`, providerMessageId: mid, ...at(frame) }];
  const base = {
    threadKey: '',
    contact: frame.contact,
    parts: partsOf(message),
    providerMessageId: mid,
    ...(message.reply_to?.mid === undefined ? {} : { inReplyTo: message.reply_to.mid }),
    ...(frame.atMs === undefined ? {} : { sentAtMs: frame.atMs }),
    replyAddress: frame.replyAddress,
  };
  if (frame.ours) {
    const key = echoKey(message, frame.appId);
    // Shown where it was sent: in the comment's conversation.
    if (isPrivateReply(key)) return [];
    return [{ kind: 'echo', eventId: `echo:${mid}`, ...base, ...(key === undefined ? {} : { key }) }];
  }
  const reference = referenceOf(message.referral, frame);
  return [
    { kind: 'message', eventId: mid, ...base, ...(reference ? { reference } : {}), ...automationOf(frame) },
  ];
}

/** In standby another app answers: no flow hears it, and `send` holds bots back. */
function automationOf({ replyAddress }: Frame): { automation?: 'off' } {
  return replyAddress['standby'] === true ? { automation: 'off' } : {};
}

/** Where a person came from, and that another app was answering: kept with the message. */
function referenceOf(referral: wire.Message['referral'], frame: Frame): JsonObject | undefined {
  const { ref, source, type, ad_id: adId } = referral ?? {};
  const came = Object.entries({ ref, source, type, adId }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const reference: JsonObject = {
    ...(came.length === 0 ? {} : { referral: Object.fromEntries(came) }),
    ...(frame.replyAddress['standby'] === true ? { standby: true } : {}),
  };
  return Object.keys(reference).length === 0 ? undefined : reference;
}

/** A pressed button. In standby the payload is missing: the app that made the button gets it. */
function readPostback(value: Json, frame: Frame, content: wire.Item): ChannelEvent[] {
  const read = wire.postback.safeParse(value);
  if (!read.success) return unknownKind(content, frame);
  const { mid, title, payload, referral } = read.data;
  const chosen = payload || title;
  const part: InboundPart = chosen
    ? { kind: 'choice_reply', id: chosen, label: title || chosen }
    : { kind: 'unsupported', what: 'postback' };
  return [entered(mid ?? madeUpId('postback', frame), part, frame, referral)];
}

/** Came through a link or an ad without writing: like pressing a button that carries the link's reference. */
function readReferral(value: Json, frame: Frame, content: wire.Item): ChannelEvent[] {
  const read = wire.referralEvent.safeParse(value);
  if (!read.success) return unknownKind(content, frame);
  const { ref, source } = read.data;
  const part: InboundPart = ref
    ? { kind: 'choice_reply', id: ref, label: ref }
    : { kind: 'unsupported', what: source ? `referral ${source}` : 'referral' };
  return [entered(madeUpId('referral', frame), part, frame, read.data)];
}

function readOptin(value: Json, frame: Frame, content: wire.Item): ChannelEvent[] {
  const read = wire.optin.safeParse(value);
  if (!read.success) return unknownKind(content, frame);
  const { payload, ref, title, type } = read.data;
  const chosen = payload || ref;
  const part: InboundPart = chosen
    ? { kind: 'choice_reply', id: chosen, label: title || chosen }
    : { kind: 'unsupported', what: type ? `optin ${type}` : 'optin' };
  return [entered(madeUpId('optin', frame), part, frame, undefined)];
}

function entered(
  messageId: string,
  part: InboundPart,
  frame: Frame,
  referral: wire.Message['referral'],
): ChannelEvent {
  const reference = referenceOf(referral, frame);
  return {
    kind: 'message',
    eventId: messageId,
    threadKey: '',
    contact: frame.contact,
    parts: [part],
    providerMessageId: messageId,
    ...(frame.atMs === undefined ? {} : { sentAtMs: frame.atMs }),
    replyAddress: frame.replyAddress,
    ...(reference ? { reference } : {}),
    ...automationOf(frame),
  };
}

/** A kind newer than this file: kept as a message that can't be shown yet. */
function unknownKind(content: wire.Item, frame: Frame): ChannelEvent[] {
  const kind = Object.keys(content).find(
    (key) => !['sender', 'recipient', 'timestamp', 'optin_ref'].includes(key),
  );
  if (kind === undefined || frame.ours) return [];
  return [entered(madeUpId(kind, frame), { kind: 'unsupported', what: kind }, frame, undefined)];
}

/** For what has no id of its own: who and when. */
function madeUpId(kind: string, { contact, atMs }: Frame): string {
  return [kind, contact.externalId, atMs ?? ''].join(':');
}
