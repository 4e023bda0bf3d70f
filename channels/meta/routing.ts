/** Whose one event of Meta's is: by object, entry, section and field. */
import type { ChannelType } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { WebhookSlice } from '../contract.ts';

/** `entry`: the entry itself, where nothing in it is known as an event. */
export type Section = 'messaging' | 'standby' | 'changes' | 'entry';

export interface Routed {
  to: WebhookSlice['to'];
  /** Where the adapter reads it; not always where it stood. */
  section: Section;
  item: Json;
}

export function routeEvent(object: string, entry: Json, section: Section, item: Json): Routed {
  const entryId = idOf(entry);
  if (object === 'whatsapp_business_account') return { to: whatsAppOf(entryId, item), section, item };
  if (object === 'page') return pageEvent(entryId, section, item);
  if (object === 'instagram') return instagramEvent(entryId, section, item);
  // Nothing we subscribe to: kept for nobody's account.
  return { to: { type: 'facebook_page', accountKey: `${object}/${entryId}` }, section, item };
}

/** Of one number, or of the business account: then every number on it is told. */
function whatsAppOf(entryId: string, change: Json): WebhookSlice['to'] {
  const number = textAt(change, 'value', 'metadata', 'phone_number_id');
  return number === ''
    ? { type: 'whatsapp', subscription: `waba/${entryId}` }
    : { type: 'whatsapp', accountKey: number };
}

function pageEvent(entryId: string, section: Section, item: Json): Routed {
  const { section: place, item: event } = asMessaging(section, item);
  if (place === 'messaging' || place === 'standby') {
    // A group's comments come among messages.
    const type = hasComment(event) ? 'facebook_page' : 'messenger';
    return to(type, named(entryId) || ownSide(event), place, event);
  }
  return to(isMessagingField(event) ? 'messenger' : 'facebook_page', entryId, place, event);
}

function instagramEvent(entryId: string, section: Section, item: Json): Routed {
  const { section: place, item: event } = asMessaging(section, item);
  if (place === 'messaging' || place === 'standby')
    // Our side of the message is the id that inboxes are known by, whichever of an account's two ids the entry has.
    return to('instagram_dm', isParty(entryId, event) ? entryId : ownSide(event) || entryId, place, event);
  return to(isMessagingField(event) ? 'instagram_dm' : 'instagram_posts', entryId, place, event);
}

function to(type: ChannelType, accountKey: string, section: Section, item: Json): Routed {
  return { to: { type, accountKey }, section, item };
}

/** The dashboard's test button sends a message as a change with the messaging item in `value`. */
function asMessaging(section: Section, item: Json): { section: Section; item: Json } {
  if (section !== 'changes' || !isMessagingField(item)) return { section, item };
  const value = isObject(item) ? item['value'] : undefined;
  if (!isObject(value) || !(isObject(value['sender']) || isObject(value['recipient'])))
    return { section, item };
  return { section: textAt(item, 'field') === 'standby' ? 'standby' : 'messaging', item: value };
}

function isMessagingField(change: Json): boolean {
  const field = textAt(change, 'field');
  return field === 'messages' || field === 'standby' || /^messag(ing|e)_/.test(field);
}

function hasComment(event: Json): boolean {
  return isObject(event) && ('comment_id' in event || textAt(event, 'value', 'comment_id') !== '');
}

/** The entry's account is one of the two: whoever of them speaks, it is ours (an own edit or reaction is no echo). */
function isParty(entryId: string, event: Json): boolean {
  return (
    entryId !== '' && [textAt(event, 'sender', 'id'), textAt(event, 'recipient', 'id')].includes(entryId)
  );
}

/** An echo was sent by our account; everything else was sent to it. */
function ownSide(event: Json): string {
  const echo = isObject(event) && isObject(event['message']) && event['message']['is_echo'] === true;
  return textAt(event, echo ? 'sender' : 'recipient', 'id');
}

/** Test deliveries of the dashboard come from account 0. */
function named(entryId: string): string {
  return entryId === '0' ? '' : entryId;
}

function idOf(entry: Json): string {
  return textAt(entry, 'id');
}

/** An id or a name at a path: numbers as written, '' where there is none. */
function textAt(json: Json, ...path: string[]): string {
  let at: Json | undefined = json;
  for (const key of path) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return typeof at === 'string' || typeof at === 'number' ? String(at) : '';
}

function isObject(json: unknown): json is JsonObject {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}
