/** Ingress: accepted provider events. What is committed here is never lost; everything later starts from these rows. */
import { hash } from 'node:crypto';
import type pg from 'pg';
import { uuidV7 } from '#domain/ids.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { plainText, type Part } from '#domain/message.ts';
import { storableJson } from '#domain/text.ts';
import { createBatches } from './batches.ts';
import { poolOf, type Db } from './client.ts';
import { inTransaction } from './drive.ts';

/** A parsed channel event, as channels/contract.ts defines it (db knows no channels: only these fields are read). */
export interface AcceptableEvent {
  kind: string;
  eventId: string;
  threadKey?: string;
  contact?: { externalId: string };
  parts?: readonly { kind: string }[];
  providerMessageId?: string;
}
export interface AcceptInput {
  type: string;
  inbox: { id: string; workspaceId: string; accountKey: string };
  events: readonly AcceptableEvent[];
  raw: Uint8Array;
}
/** An event a workflow can be started for, and whose it is. */
export interface StartableEvent {
  eventId: string;
  workspaceId: string;
  inboxId: string;
}
export interface Accepted extends StartableEvent {
  duplicate: boolean;
  /** Whether a workflow is to be started for it. */
  starts: boolean;
}

/** Kinds that change rows that are there, at once and without a workflow; an echo only starts one where it is news. */
const updates = new Set(['status', 'edit', 'delete', 'echo', 'watermark', 'account']);
/** Those of them that name one message. */
const aimed = new Set(['status', 'edit', 'delete', 'echo']);

/**
 * Stores events in ONE statement. Exactly once per (type, account, provider event id), however often and concurrently the provider
 * repeats it; per order key, accept_no is the order of commit. Results are in the order of `events`. Calls made at the same time share
 * a statement; each returns after its own rows are committed.
 */
export async function acceptEvents(db: Db, input: AcceptInput): Promise<Accepted[]> {
  if (input.events.length === 0) return [];
  const pool = poolOf(db);
  const call: AcceptCall = { input, rows: input.events.map((event) => toRow(input, event)) };
  if (!call.rows.some((row) => updates.has(row.kind))) return sharedOf(pool)(call);
  // What changes rows is applied in the transaction that stores it.
  const [accepted] = await inTransaction(pool, (client) => accept(client, [call]));
  return accepted ?? [];
}

interface AcceptCall {
  input: AcceptInput;
  rows: EventRow[];
}
const shared = new WeakMap<pg.Pool, (call: AcceptCall) => Promise<Accepted[]>>();

function sharedOf(pool: pg.Pool): (call: AcceptCall) => Promise<Accepted[]> {
  const known = shared.get(pool);
  if (known) return known;
  const made = createBatches<AcceptCall, Accepted[]>(
    (calls) => accept(pool, calls),
    ({ input, rows }) => input.raw.byteLength * rows.length,
    { inFlight: 2, calls: 100, weight: 4 * 1024 * 1024 },
  );
  shared.set(pool, made);
  return made;
}

async function accept(pool: Pick<pg.Pool, 'query'>, calls: readonly AcceptCall[]): Promise<Accepted[][]> {
  const [only] = calls;
  const alone = calls.length === 1 && only?.rows.length === 1 ? only : null;
  const first = alone ? await storeOne(pool, alone) : await storeAll(pool, calls);
  const isNew = (row: EventRow): boolean => first.get(row) === row.id;
  const rows = calls.flatMap((call) => call.rows);
  // Unapplied ones stay unmatched and are applied by whoever stores their message.
  const news = new Set<EventRow>();
  for (const row of rows) if (isNew(row) && updates.has(row.kind) && (await apply(pool, row))) news.add(row);
  return calls.map((call) =>
    call.rows.map((row) => ({
      eventId: first.get(row) ?? row.id,
      duplicate: !isNew(row),
      workspaceId: call.input.inbox.workspaceId,
      inboxId: call.input.inbox.id,
      starts: isNew(row) && (!updates.has(row.kind) || news.has(row)),
    })),
  );
}

/** The event id of each row's first delivery: its own where it is new. */
type FirstDeliveries = Map<EventRow, string>;

async function storeOne(
  pool: Pick<pg.Pool, 'query'>,
  { input: { inbox, type, raw }, rows }: AcceptCall,
): Promise<FirstDeliveries> {
  const [row] = rows;
  if (!row) return new Map();
  const { rows: stored } = await pool.query<{ event_id: string }>({
    name: 'accept_event',
    text: `select accept_event($1::bytea, $2::uuid, $3, $4, $5, $6, $7::jsonb, $8::uuid, $9::uuid, $10, $11, $12::bytea) as event_id`,
    values: [
      row.key,
      row.id,
      row.providerEventId,
      row.orderKey,
      row.kind,
      row.target,
      row.payload,
      inbox.workspaceId,
      inbox.id,
      type,
      inbox.accountKey,
      Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength),
    ],
  });
  return new Map([[row, stored[0]?.event_id ?? row.id]]);
}

async function storeAll(
  pool: Pick<pg.Pool, 'query'>,
  calls: readonly AcceptCall[],
): Promise<FirstDeliveries> {
  const rows = calls.flatMap((call) => call.rows);
  const sources = calls.map(({ input }) => input);
  // Which call a row came with: what is the same for all its rows is sent once.
  const sourceNos = calls.flatMap((call, index) => call.rows.map(() => index + 1));
  const { rows: stored } = await pool.query<{ event_id: string }>({
    name: 'accept_events',
    text: `select accept_events($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::integer[],
                                $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::integer[], $14::bytea) as event_id`,
    values: [
      rows.map((row) => row.key),
      rows.map((row) => row.id),
      rows.map((row) => row.providerEventId),
      rows.map((row) => row.orderKey),
      rows.map((row) => row.kind),
      rows.map((row) => row.target),
      rows.map((row) => row.payload),
      sourceNos,
      sources.map(({ inbox }) => inbox.workspaceId),
      sources.map(({ inbox }) => inbox.id),
      sources.map(({ type }) => type),
      sources.map(({ inbox }) => inbox.accountKey),
      sources.map(({ raw }) => raw.byteLength),
      Buffer.concat(sources.map(({ raw }) => raw)),
    ],
  });
  const fresh = new Set(stored.map((row) => row.event_id));
  const earlier = await firstDeliveries(
    pool,
    rows.filter((row) => !fresh.has(row.id)).map((row) => row.key),
  );
  return new Map(
    rows.map((row) => [row, fresh.has(row.id) ? row.id : (earlier.get(row.key.toString('hex')) ?? row.id)]),
  );
}

/** @returns whether a workflow is to be started for it now */
async function apply(pool: Pick<pg.Pool, 'query'>, row: EventRow): Promise<boolean> {
  if (row.kind !== 'echo') {
    await pool.query('select apply_provider_event($1::uuid)', [row.id]);
    return false;
  }
  const { rows } = await pool.query<{ met: 'applied' | 'later' | 'now' }>(
    'select meet_echo($1::uuid) as met',
    [row.id],
  );
  return rows[0]?.met === 'now';
}

async function firstDeliveries(pool: Pick<pg.Pool, 'query'>, keys: Buffer[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const { rows } = await pool.query<{ key: Buffer; event_id: string }>(
    'select key, event_id from inbound_keys where key = any($1::bytea[])',
    [keys],
  );
  return new Map(rows.map((row) => [row.key.toString('hex'), row.event_id]));
}

interface EventRow {
  key: Buffer;
  id: string;
  providerEventId: string;
  orderKey: string;
  kind: string;
  target: string | null;
  payload: string;
}

function toRow(input: AcceptInput, event: AcceptableEvent): EventRow {
  const { type, inbox } = input;
  // A copy, also of what needs no cleaning: the caller's event stays as it is.
  const payload = storableJson(event as unknown as JsonObject);
  // Two ids that differ only in what Postgres can't store are still two ids: the key is made from the id as it came.
  const key = keyOf(type, inbox.accountKey, event.eventId);
  const media: JsonObject[] = [];
  if (event.parts) {
    const parts = (payload['parts'] as JsonObject[]).map((part) => splitMedia(part, media));
    payload['parts'] = parts;
    payload['text'] = plainText(parts as unknown as Part[]);
    payload['media'] = media;
  }
  return {
    key,
    id: uuidV7(),
    providerEventId: storableJson(event.eventId),
    orderKey: orderKeyOf(
      inbox.id,
      event.threadKey ?? '',
      event.contact?.externalId ?? event.providerMessageId ?? '',
    ),
    kind: event.kind,
    target: aimed.has(event.kind) ? storableJson(event.providerMessageId ?? '') : null,
    payload: JSON.stringify(payload),
  };
}

function keyOf(type: string, accountKey: string, eventId: string): Buffer {
  return hash('sha256', JSON.stringify([type, accountKey, eventId]), 'buffer');
}

/** Which of these events of an account were accepted already: for callers who would have to fetch them first. */
export async function acceptedAmong(
  pool: pg.Pool,
  account: { type: string; accountKey: string },
  eventIds: readonly string[],
): Promise<Set<string>> {
  const byKey = new Map(
    eventIds.map((eventId) => [keyOf(account.type, account.accountKey, eventId).toString('hex'), eventId]),
  );
  const found = await firstDeliveries(
    pool,
    [...byKey.keys()].map((key) => Buffer.from(key, 'hex')),
  );
  return new Set([...found.keys()].flatMap((key) => byKey.get(key) ?? []));
}

/** What events of one contact's thread have in common: they are stored in order of acceptance. */
export function orderKeyOf(inboxId: string, threadKey: string, externalId: string): string {
  const thread = JSON.stringify([threadKey, externalId]);
  return hash('sha256', `${inboxId}\n${thread}`, 'base64url').slice(0, 32);
}

/** Moves a media part's source out of the message: it becomes a media row's, the part keeps the id. */
function splitMedia(part: JsonObject, media: JsonObject[]): Json {
  if (!('source' in part)) return part;
  const { source, ...rest } = part;
  const id = uuidV7();
  media.push({
    id,
    source: source ?? null,
    mime_type: rest['mimeType'] ?? 'application/octet-stream',
    name: rest['name'] ?? null,
    size_bytes: rest['sizeBytes'] ?? null,
  });
  return { ...rest, mediaId: id };
}

/**
 * Claims up to `limit` events no workflow was started for: oldest first, fair between workspaces. Several processes share the queue
 * (SKIP LOCKED); what one takes and doesn't start is given back by the sweeper.
 */
export async function claimUnstarted(pool: pg.Pool, limit: number): Promise<StartableEvent[]> {
  const { rows } = await pool.query<{ id: string; workspace_id: string; inbox_id: string }>(
    `with waiting as (
       select id, accept_no, row_number() over (partition by workspace_id order by accept_no) as turn
         from (select id, accept_no, workspace_id from inbound_events
                where started_at is null and done_at is null and workspace_id is not null and kind in ('message', 'reaction', 'contact', 'echo')
                  and (not_before is null or not_before <= clock_timestamp())
                order by accept_no limit 5000) oldest
     ), mine as (
       select e.id from inbound_events e join (select id from waiting order by turn, accept_no limit $1) w using (id)
        where e.started_at is null for update of e skip locked
     )
     update inbound_events e set started_at = clock_timestamp() from mine where e.id = mine.id
     returning e.id, e.accept_no, e.workspace_id, e.inbox_id`,
    [limit],
  );
  return rows.map((row) => ({ eventId: row.id, workspaceId: row.workspace_id, inboxId: row.inbox_id }));
}

/** Gives back events whose workflow could not be started. */
export async function unstart(pool: pg.Pool, eventIds: readonly string[]): Promise<void> {
  await pool.query(
    'update inbound_events set started_at = null where id = any($1::uuid[]) and done_at is null',
    [eventIds],
  );
}

/** Which of these events' workflows have nothing more to do. */
export async function finishedOf(pool: pg.Pool, eventIds: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'select id from inbound_events where id = any($1::uuid[]) and done_at is not null',
    [eventIds],
  );
  return rows.map((row) => row.id);
}
