/** Lists beside messages and statuses: calls, the app's history and address book, marketing preferences. */
import type { JsonObject } from '#domain/json.ts';
import type { ChannelEvent } from '../contract.ts';
import { addressOf, personOf } from './identity.ts';
import { namesOf } from './messages.ts';
import * as wire from './wire.ts';

/** Somebody calls us, or has. Null for calls of our own making. */
export function callEvent(item: unknown, contacts: readonly unknown[]): ChannelEvent | null {
  const read = wire.call.safeParse(item);
  if (!read.success || read.data.direction === 'BUSINESS_INITIATED') return null;
  const { id, event, timestamp, from, from_user_id: userId, from_parent_user_id: parentUserId } = read.data;
  const { names, name } = namesOf({ phone: from, userId, parentUserId }, contacts);
  const contact = personOf(names, name);
  if (!contact) return null;
  const { duration } = read.data;
  return {
    kind: 'message',
    eventId: `${id}:${event}`,
    threadKey: '',
    contact,
    parts: [{ kind: 'call', event, ...(duration === undefined ? {} : { durationSeconds: duration }) }],
    providerMessageId: `${id}:${event}`,
    ...(timestamp === undefined ? {} : { sentAtMs: timestamp * 1000 }),
    replyAddress: addressOf(names, undefined),
  };
}

/**
 * A chunk of what was written in the app before the number came here: counted, not taken over. As messages they would wake flows
 * and people for chats of months ago.
 */
export function historyFacts(item: unknown): JsonObject {
  const chunk = recordOf(item);
  const { phase, chunk_order: order, progress } = recordOf(chunk['metadata']);
  const threads = listOf(chunk['threads']).map(recordOf);
  const messages = threads.reduce((sum, thread) => sum + listOf(thread['messages']).length, 0);
  const refusal = recordOf(listOf(chunk['errors'])[0]);
  return {
    ...plain({ phase, chunkOrder: order, progress }),
    threads: threads.length,
    messages,
    ...plain({ code: refusal['code'], title: refusal['title'] }),
  };
}

/** The app's address book, counted: names of people who never wrote here make no contacts. */
export function appStateFacts(list: readonly unknown[]): JsonObject {
  const actions = list.map((item) => recordOf(item)['action']);
  const added = actions.filter((action) => action === 'add').length;
  const removed = actions.filter((action) => action === 'remove').length;
  return { entries: list.length, added, removed };
}

/** Somebody stopped or allowed marketing messages. */
export function preferenceFacts(item: unknown): JsonObject {
  const read = wire.userPreference.safeParse(item);
  if (!read.success) return {};
  const { user_id: userId, wa_id: phone, category, value, timestamp } = read.data;
  return plain({ contact: userId ?? phone, category, value, timestamp });
}

function plain(facts: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(facts).filter(([, fact]) => typeof fact === 'string' || typeof fact === 'number'),
  ) as JsonObject;
}
function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : {};
}
function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
