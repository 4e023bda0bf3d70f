/** WhatsApp puts many messages or statuses into one change; a long one is told as several, so that each is stored with little beside it. */
import type { Json, JsonObject } from '#domain/json.ts';

/** Lists whose items are events of their own, in the order in which they are read. */
const LISTS = ['messages', 'message_echoes', 'statuses', 'user_id_update', 'calls', 'user_preferences'];

/** How many events a change holds. */
export function eventsIn(change: Json): number {
  const value = valueOf(change);
  return Math.max(1, value ? LISTS.reduce((sum, list) => sum + itemsOf(value, list).length, 0) : 0);
}

/** The change itself where it is short; else the same in several, every item in exactly one, in order, with the people it names. */
export function inShort(change: Json, most: number): Json[] {
  const value = valueOf(change);
  if (!value || eventsIn(change) <= most) return [change];
  const { contacts, ...frame } = value;
  const rest = Object.fromEntries(Object.entries(frame).filter(([key]) => !LISTS.includes(key)));
  const chunks = LISTS.flatMap((list) => {
    const items = itemsOf(value, list);
    return Array.from({ length: Math.ceil(items.length / most) }, (_, index) => ({
      list,
      items: items.slice(index * most, (index + 1) * most),
    }));
  });
  const facts: JsonObject = {};
  for (const key of ['messaging_product', 'metadata']) if (rest[key] !== undefined) facts[key] = rest[key];
  return chunks.map(({ list, items }, index) => ({
    ...(change as JsonObject),
    value: {
      // What comes beside the lists is told once.
      ...(index === 0 ? rest : facts),
      ...(Array.isArray(contacts) ? { contacts: namedIn(items, contacts) } : {}),
      [list]: items,
    },
  }));
}

function valueOf(change: Json): JsonObject | null {
  const value = isObject(change) ? change['value'] : undefined;
  return isObject(value) ? value : null;
}

function itemsOf(value: JsonObject, list: string): Json[] {
  const items = value[list];
  return Array.isArray(items) ? items : [];
}

/** One entry is of everybody in the body who has no name. */
function namedIn(items: readonly Json[], contacts: readonly Json[]): Json[] {
  if (contacts.length === 1) return [...contacts];
  const names = new Set(items.flatMap(namesOf));
  return contacts.filter((contact) => namesOf(contact).some((name) => names.has(name)));
}

function namesOf(item: Json): string[] {
  if (!isObject(item)) return [];
  const renamed = isObject(item['user_id']) ? item['user_id']['current'] : item['user_id'];
  const { from, from_user_id: fromId, to, to_user_id: toId, wa_id: phone } = item;
  return [from, fromId, to, toId, phone, renamed].flatMap((id) =>
    typeof id === 'string' || typeof id === 'number' ? [String(id)] : [],
  );
}

function isObject(json: unknown): json is JsonObject {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}
