/** Mails our side could not take in, several times over: kept whole and tried again later, so that nothing is lost and nothing waits. */
import { sql } from 'kysely';
import type pg from 'pg';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';
import { inTransaction } from './drive.ts';
import type { MailboxLease } from './mailboxes.ts';

export interface MailToKeep {
  place: string;
  raw: Uint8Array;
  envelope: JsonObject | null;
  receivedAtMs: number;
  reason: string;
  tries: number;
}

/** Keeps the mail and moves the cursor past it, together. @returns false if the lease is lost: neither was done */
export async function keepMail(
  pool: pg.Pool,
  lease: MailboxLease,
  mail: MailToKeep,
  cursor: JsonObject,
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const moved = await client.query(
      'update mailboxes set cursor = $4, trying = null where inbox_id = $1 and holder = $2 and lease_token = $3',
      [lease.inboxId, lease.holder, lease.token, JSON.stringify(cursor)],
    );
    if (moved.rowCount !== 1) return false;
    await client.query(
      `insert into kept_mails (id, workspace_id, inbox_id, place, raw, envelope, received_at, reason, tries, next_try_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + interval '5 minutes')
       on conflict (inbox_id, place) do nothing`,
      [
        uuidV7(),
        lease.workspaceId,
        lease.inboxId,
        mail.place,
        Buffer.from(mail.raw.buffer, mail.raw.byteOffset, mail.raw.byteLength),
        mail.envelope && JSON.stringify(mail.envelope),
        new Date(mail.receivedAtMs),
        mail.reason,
        mail.tries,
      ],
    );
    return true;
  });
}

export interface KeptMail {
  id: string;
  inboxId: string;
  raw: Buffer;
  envelope: JsonObject | null;
  receivedAtMs: number;
  tries: number;
}

/** From so many tries on only a person has it tried again. */
const AUTOMATIC_TRIES = 14;

/**
 * Takes one kept mail whose time has come. Its next try is put off first, further each time (5 minutes to a day), so that one that ends
 * the process ends it seldom.
 */
export async function claimKeptMail(pool: pg.Pool): Promise<KeptMail | null> {
  const { rows } = await pool.query<{
    id: string;
    inbox_id: string;
    raw: Buffer;
    envelope: JsonObject | null;
    received_at: Date;
    tries: number;
  }>(
    `with due as (
       select k.id from kept_mails k join inboxes i on i.id = k.inbox_id and i.deleted_at is null
        where k.taken_at is null and k.next_try_at <= clock_timestamp() order by k.next_try_at limit 1 for update of k skip locked
     )
     update kept_mails k set tries = k.tries + 1,
            next_try_at = case when k.tries < $1 then clock_timestamp() + least(interval '1 day', interval '5 minutes' * power(2, greatest(k.tries - 4, 0))) end
       from due where k.id = due.id
     returning k.id, k.inbox_id, k.raw, k.envelope, k.received_at, k.tries`,
    [AUTOMATIC_TRIES],
  );
  const [row] = rows;
  return row
    ? {
        id: row.id,
        inboxId: row.inbox_id,
        raw: row.raw,
        envelope: row.envelope,
        receivedAtMs: row.received_at.getTime(),
        tries: row.tries,
      }
    : null;
}

/** It is a message now, or set aside with a reason of its own. Its bytes are let go. */
export async function keptMailTaken(pool: pg.Pool, id: string): Promise<void> {
  await pool.query(
    'update kept_mails set taken_at = clock_timestamp(), raw = null, next_try_at = null where id = $1',
    [id],
  );
}

export async function keptMailFailed(pool: pg.Pool, id: string, reason: string): Promise<void> {
  await pool.query('update kept_mails set reason = $2 where id = $1', [id, reason]);
}

/** How many of an inbox wait to be taken in, and why the newest does. */
export async function keptMailsWaiting(
  pool: pg.Pool,
  inboxId: string,
): Promise<{ count: number; reason: string } | null> {
  const { rows } = await pool.query<{ count: number; reason: string }>(
    `select count(*) over () as count, reason from kept_mails where inbox_id = $1 and taken_at is null order by id desc limit 1`,
    [inboxId],
  );
  return rows[0] ?? null;
}

export interface KeptMailRow {
  id: string;
  place: string;
  envelope: JsonObject | null;
  sizeBytes: number;
  receivedAt: Date;
  keptAt: Date;
  reason: string;
  tries: number;
  nextTryAt: Date | null;
}

/** Those still to be taken in, newest first. */
export async function listKeptMails(tx: Tx, inboxId: string, limit: number): Promise<KeptMailRow[]> {
  const rows = await tx
    .selectFrom('kept_mails')
    .select(['id', 'place', 'envelope', 'received_at', 'kept_at', 'reason', 'tries', 'next_try_at'])
    .select(sql<number>`octet_length(raw)`.as('size_bytes'))
    .where('inbox_id', '=', inboxId)
    .where('taken_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    place: row.place,
    // Ours, written by keepMail.
    envelope: row.envelope as JsonObject | null,
    sizeBytes: row.size_bytes,
    receivedAt: row.received_at,
    keptAt: row.kept_at,
    reason: row.reason,
    tries: row.tries,
    nextTryAt: row.next_try_at,
  }));
}

/** Has it tried at once. False if there is none that waits. */
export async function retryKeptMail(tx: Tx, inboxId: string, id: string): Promise<boolean> {
  const row = await tx
    .updateTable('kept_mails')
    .set({ next_try_at: sql`clock_timestamp()` })
    .where('id', '=', id)
    .where('inbox_id', '=', inboxId)
    .where('taken_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  // Supervisors listen there: it is tried at once.
  if (row) await sql`select pg_notify('teloring_inbox', ${inboxId}::text)`.execute(tx);
  return row !== undefined;
}
