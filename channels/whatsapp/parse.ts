import type { JsonObject } from '#domain/json.ts';
import type { AccountEvent, ChannelEvent } from '../contract.ts';
import { exactJsonOf } from '../json-body.ts';
import { accountEvent, accountFieldEvent, type Place } from './account.ts';
import { callEvent, appStateFacts, historyFacts, preferenceFacts } from './other-lists.ts';
import type { WhatsappCredentials } from './definition.ts';
import { echoEvent, messageEvent, userIdUpdateEvent } from './messages.ts';
import { statusEvent } from './statuses.ts';
import * as wire from './wire.ts';

/** A slice of one account, or a whole body: entries × changes × lists, in order. Total: no body makes it throw. */
export function parseWhatsapp(
  body: Uint8Array,
  credentials: Pick<WhatsappCredentials, 'displayPhoneNumber'>,
): ChannelEvent[] | { kind: 'malformed'; message: string } {
  const envelope = wire.envelope.safeParse(exactJsonOf(body));
  if (!envelope.success) return { kind: 'malformed', message: 'The body is not a webhook of WhatsApp’s.' };
  const events = envelope.data.entry.flatMap((item) => {
    const entry = wire.entry.safeParse(item);
    if (!entry.success) return [];
    const place = { wabaId: entry.data.id, time: entry.data.time };
    return entry.data.changes.flatMap((change) => changeEvents(change, place, credentials));
  });
  return numbered(events);
}

function changeEvents(
  item: unknown,
  place: Place,
  credentials: Pick<WhatsappCredentials, 'displayPhoneNumber'>,
): ChannelEvent[] {
  const change = wire.change.safeParse(item);
  if (!change.success) return [];
  const { field, value } = change.data;
  const read = wire.value.safeParse(value);
  if (!LISTS.has(field) || !read.success) {
    const event = accountFieldEvent(field, value, place, credentials);
    return event ? [event] : [];
  }
  const lists = read.data;
  const contacts = lists.contacts ?? [];
  /** Every item becomes an event; what can't be read as one is told as news of the account, so that it isn't lost unseen. */
  const each = (list: unknown[] | undefined, kind: string, reader: (one: unknown) => ChannelEvent | null) =>
    (list ?? []).map((one) => reader(one) ?? accountEvent(`${kind}.unreadable`, shapeOf(one), place));
  const events: ChannelEvent[] = [
    ...each(lists.messages, 'messages', (one) => messageEvent(one, contacts)),
    ...each(lists.message_echoes, 'message_echoes', (one) => echoEvent(one, contacts)),
    ...each(lists.statuses, 'statuses', statusEvent),
    ...each(lists.user_id_update, 'user_id_update', (one) => userIdUpdateEvent(one, contacts)),
    ...each(lists.calls, 'calls', (one) => callEvent(one, contacts)),
    ...each(lists.errors, 'errors', (one) => accountEvent('errors', errorFacts(one), place)),
    ...each(lists.history, 'history', (one) => accountEvent('history', historyFacts(one), place)),
    ...each(lists.user_preferences, 'user_preferences', (one) =>
      accountEvent('user_preferences', preferenceFacts(one), place),
    ),
    ...(lists.state_sync ? [accountEvent('smb_app_state_sync', appStateFacts(lists.state_sync), place)] : []),
  ];
  return events.length > 0 ? events : [accountEvent(field, {}, place)];
}

/** Fields whose value is lists of items about people and messages. */
const LISTS = new Set([
  'messages',
  'smb_message_echoes',
  'smb_app_state_sync',
  'history',
  'user_id_update',
  'user_preferences',
  'calls',
]);

function errorFacts(item: unknown): JsonObject {
  const read = wire.error.safeParse(item);
  if (!read.success) return {};
  const { code, title, message, error_data: data } = read.data;
  return {
    ...(code === undefined ? {} : { code }),
    ...(title ? { title: title.slice(0, 500) } : {}),
    ...(message ? { message: message.slice(0, 500) } : {}),
    ...(data?.details ? { details: data.details.slice(0, 500) } : {}),
  };
}

/** What an unreadable item looks like, without what anybody said in it. */
function shapeOf(item: unknown): JsonObject {
  if (item === null || typeof item !== 'object') return { type: item === null ? 'null' : typeof item };
  const { id, type, status } = item as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries({ id, type, status }).filter(([, fact]) => typeof fact === 'string'),
  ) as JsonObject;
}

/** Two pieces of account news with equal facts in one body are still two. */
function numbered(events: ChannelEvent[]): ChannelEvent[] {
  const seen = new Map<string, number>();
  return events.map((event) => {
    if (event.kind !== 'account') return event;
    const before = seen.get(event.eventId) ?? 0;
    seen.set(event.eventId, before + 1);
    return before === 0
      ? event
      : ({ ...event, eventId: `${event.eventId}:${before + 1}` } satisfies AccountEvent);
  });
}
