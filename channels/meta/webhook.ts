/** Meta's one webhook for WhatsApp, Pages and Instagram: who signed it, and whose its events are. */
import type { Json, JsonObject } from '#domain/json.ts';
import type { ProviderApp } from '#domain/channel.ts';
import type { AppWebhook, RawRequest, WebhookSlice } from '../contract.ts';
import { constantTimeEquals } from '../hmac.ts';
import { exactJsonOf } from '../json-body.ts';
import { eventsIn, inShort } from './long-lists.ts';
import { routeEvent, type Section } from './routing.ts';
import { signerOf, verifyMetaSignature } from './signature.ts';

export const metaWebhook: AppWebhook = {
  name: 'meta',
  verify(apps, request) {
    const own = apps.filter(({ provider }) => provider === 'meta' || provider === 'instagram');
    if (request.method === 'GET') return handshake(own, request);
    const secrets = own.map(({ secret }) => secret);
    const verdict = verifyMetaSignature(secrets, request);
    if (verdict.kind !== 'ok') return verdict;
    const app = own[signerOf(secrets, request.headers['x-hub-signature-256'] ?? '', request.body)];
    return app
      ? { kind: 'ok', app }
      : { kind: 'reject', status: 401, code: 'signature_wrong', message: 'The signature fits no app.' };
  },
  split,
};

/** The challenge is answered as bare text; JSON's quotes would fail it. */
function handshake(
  apps: readonly ProviderApp[],
  request: RawRequest,
): Exclude<ReturnType<AppWebhook['verify']>, { kind: 'ok' }> {
  const query = new URL(request.url).searchParams;
  const given = query.get('hub.verify_token') ?? '';
  const challenge = query.get('hub.challenge');
  // Every token is compared, so that the time tells nothing.
  const fits = apps.map(
    ({ verifyToken = '' }) => verifyToken !== '' && constantTimeEquals(given, verifyToken),
  );
  if (query.get('hub.mode') !== 'subscribe' || challenge === null || !fits.includes(true)) {
    return {
      kind: 'reject',
      status: 403,
      code: 'verify_token_wrong',
      message: 'The verify token is not the one of this installation (META_VERIFY_TOKEN).',
    };
  }
  return { kind: 'respond', status: 200, body: challenge, contentType: 'text/plain; charset=utf-8' };
}

/** Events of one slice: each is stored with the slice it came in, so slices stay small however large the delivery is. */
const EVENTS_PER_SLICE = 16;

interface OpenSlice {
  to: WebhookSlice['to'];
  entries: JsonObject[];
  events: number;
  /** The entry and section that the last event came from: its siblings join it. */
  last: { source: unknown; section: string; items: Json[] } | null;
}

function split(request: RawRequest): WebhookSlice[] | { kind: 'malformed'; message: string } {
  const body = exactJsonOf(request.body);
  if (!isObject(body) || !Array.isArray(body['entry']))
    return { kind: 'malformed', message: 'A webhook of Meta is a JSON object with a list `entry`.' };
  const { entry, ...envelope } = body;
  const object = typeof body['object'] === 'string' ? body['object'] : '';
  const done: OpenSlice[] = [];
  const open = new Map<string, OpenSlice>();
  const sliceFor = (to: WebhookSlice['to']): OpenSlice => {
    const key = JSON.stringify(to);
    const known = open.get(key);
    if (known && known.events < EVENTS_PER_SLICE) return known;
    const made: OpenSlice = { to, entries: [], events: 0, last: null };
    open.set(key, made);
    done.push(made);
    return made;
  };
  for (const each of entry) {
    const { rest, events } = eventsOf(each);
    for (const { section, item } of events) {
      const routed = routeEvent(object, each, section, item);
      put(sliceFor(routed.to), each, rest, routed.section, routed.item);
    }
  }
  return done.map(({ to, entries }) => ({
    to,
    body: new TextEncoder().encode(JSON.stringify({ ...envelope, entry: entries })),
  }));
}

function put(slice: OpenSlice, source: unknown, rest: JsonObject, section: Section, item: Json): void {
  slice.events += eventsIn(item);
  const { last } = slice;
  if (last && last.source === source && last.section === section) {
    last.items.push(item);
    return;
  }
  const items = [item];
  slice.entries.push(
    section === 'entry' ? (isObject(item) ? item : { value: item }) : { ...rest, [section]: items },
  );
  slice.last = section === 'entry' ? null : { source, section, items };
}

const sections = ['messaging', 'standby', 'changes'] as const;

/** An entry's events in order, and what is said of them all (`id`, `time`). An entry without any is an event itself. */
function eventsOf(entry: Json): { rest: JsonObject; events: { section: Section; item: Json }[] } {
  if (!isObject(entry)) return { rest: {}, events: [{ section: 'entry', item: entry }] };
  const rest: JsonObject = { ...entry };
  const events: { section: Section; item: Json }[] = [];
  for (const section of sections) {
    const items = entry[section];
    if (!Array.isArray(items)) continue;
    delete rest[section];
    const short = section === 'changes' ? items.flatMap((item) => inShort(item, EVENTS_PER_SLICE)) : items;
    events.push(...short.map((item) => ({ section, item })));
  }
  // Instagram Login's documented comment shape: one change without its list.
  if (typeof rest['field'] === 'string' && 'value' in rest) {
    const { field, value, ...others } = rest;
    events.push({ section: 'changes', item: { field: field ?? null, value: value ?? null } });
    return { rest: others, events };
  }
  return events.length > 0 ? { rest, events } : { rest: {}, events: [{ section: 'entry', item: entry }] };
}

function isObject(json: unknown): json is JsonObject {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}
