/**
 * Signed events of accounts that are not connected here: kept for some days without a workspace, so that no member sees them, and
 * routed when the account is connected.
 */
import { hash } from 'node:crypto';
import type pg from 'pg';
import { uuidV7 } from '#domain/ids.ts';

/** Whose it is: `address` is an account key, or a subscription such as `waba/1`. */
export interface Unrouted {
  type: string;
  address: string;
  /** Signed by the sandbox's app: only sandbox inboxes may have it. */
  sandbox: boolean;
  raw: Uint8Array;
}

/** Stores once per content, in one statement. `refused`: the inbox is here and couldn't read it, so routing it again is no use. */
export async function keepUnrouted(
  pool: pg.Pool,
  slices: readonly Unrouted[],
  refused?: { message: string },
): Promise<void> {
  if (slices.length === 0) return;
  const contents = slices.map(({ raw }) => hash('sha256', raw, 'hex'));
  await pool.query(
    `with given as (
       select * from unnest($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::bytea[])
         with ordinality as t(key, id, type, address, content, sandbox, raw, n)
     ), claimed as (
       insert into inbound_keys (key, event_id) select key, id from given order by key on conflict (key) do nothing returning event_id
     )
     insert into inbound_events (id, type, account_key, provider_event_id, order_key, kind, payload, raw, error)
     select id, type, address, content, 'unrouted', 'unrouted', jsonb_build_object('sandbox', sandbox, 'key', encode(key, 'hex')), raw, $8::jsonb
       from given where id in (select event_id from claimed) order by n`,
    [
      slices.map(({ type, address, sandbox }, index) =>
        hash('sha256', JSON.stringify(['unrouted', type, address, sandbox, contents[index]]), 'buffer'),
      ),
      slices.map(() => uuidV7()),
      slices.map(({ type }) => type),
      slices.map(({ address }) => address),
      contents,
      slices.map(({ sandbox }) => sandbox),
      slices.map(({ raw }) => Buffer.from(raw)),
      refused ? JSON.stringify({ kind: 'malformed', message: refused.message }) : null,
    ],
  );
}

export interface UnroutedRow {
  id: string;
  raw: Buffer;
  receivedAt: Date;
}

/** What came for this inbox's account or subscription before it was connected; oldest first. */
export async function unroutedOf(
  pool: pg.Pool,
  inbox: { type: string; addresses: readonly string[]; sandbox: boolean },
  limit: number,
): Promise<UnroutedRow[]> {
  const { rows } = await pool.query<{ id: string; raw: Buffer; received_at: Date }>(
    `select id, raw, received_at from inbound_events
      where kind = 'unrouted' and error is null and type = $1 and account_key = any($2::text[])
        and (payload ->> 'sandbox')::boolean = $3
      order by accept_no limit $4`,
    [inbox.type, inbox.addresses, inbox.sandbox, limit],
  );
  return rows.map((row) => ({ id: row.id, raw: row.raw, receivedAt: row.received_at }));
}

/** Connected inboxes that unrouted events wait for: what a crash between connecting and routing left behind. */
export async function inboxesWithUnrouted(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select distinct i.id from inbound_events e
       join inboxes i on i.type = e.type and i.deleted_at is null and i.sandbox = (e.payload ->> 'sandbox')::boolean
        and (i.account_key = e.account_key or i.subscription_key = e.account_key)
      where e.kind = 'unrouted' and e.error is null limit 100`,
  );
  return rows.map(({ id }) => id);
}

/** They have been accepted as their inbox's events. */
export async function dropUnrouted(pool: pg.Pool, ids: readonly string[]): Promise<void> {
  await pool.query(
    `with gone as (delete from inbound_events where kind = 'unrouted' and id = any($1::uuid[]) returning payload ->> 'key' as key)
     delete from inbound_keys where key in (select decode(key, 'hex') from gone)`,
    [ids],
  );
}

/** This one can't be read: it stays as evidence until its time is over. */
export async function refuseUnrouted(pool: pg.Pool, id: string, message: string): Promise<void> {
  await pool.query(
    `update inbound_events set error = jsonb_build_object('kind', 'malformed', 'message', $2::text) where kind = 'unrouted' and id = $1`,
    [id, message],
  );
}

/** How long unrouted events are kept. */
export const UNROUTED_DAYS = 7;

/** @returns how many were let go */
export async function expireUnrouted(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `with gone as (
       delete from inbound_events where id in (
         select id from inbound_events where kind = 'unrouted' and received_at < now() - make_interval(days => $1) limit 10000)
       returning payload ->> 'key' as key
     ), keys as (delete from inbound_keys where key in (select decode(key, 'hex') from gone))
     select count(*)::integer as n from gone`,
    [UNROUTED_DAYS],
  );
  return rows[0]?.n ?? 0;
}
