/**
 * Mailboxes that we look at ourselves, each under a lease: a row says how far it was read, who works on it and until when. Every write of a
 * holder names its token, so one that lost its lease without knowing changes nothing.
 */
import { sql } from 'kysely';
import type pg from 'pg';
import type { Json, JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';

export type MailboxKindName = 'imap' | 'microsoft';

/** What a holder has in hand: proof for every write. */
export interface MailboxLease {
  inboxId: string;
  workspaceId: string;
  holder: string;
  token: number;
}
export interface ClaimedMailbox extends MailboxLease {
  kind: MailboxKindName;
  cursor: JsonObject;
  /** The mail that was being taken in when this mailbox was last let go of. */
  trying: Trying | null;
  failures: number;
  lastOkAt: Date | null;
}
export interface Trying {
  /** Where it lies in the mailbox, in its kind's own words. */
  place: string;
  /** How often it has been begun. */
  tries: number;
}

/**
 * An inbox that is to be looked at, or looked at in another way; `null` takes its mailbox away. The cursor stays while the kind does.
 * Idempotent.
 * @param cursor where a new mailbox begins
 */
export async function setMailbox(
  tx: Tx,
  inbox: { id: string; workspaceId: string },
  mailbox: { kind: MailboxKindName; cursor?: JsonObject | undefined } | null,
): Promise<void> {
  if (mailbox === null) {
    await tx.deleteFrom('mailboxes').where('inbox_id', '=', inbox.id).execute();
    return;
  }
  const cursor = JSON.stringify(mailbox.cursor ?? {});
  await sql`
    insert into mailboxes (inbox_id, workspace_id, kind, cursor) values (${inbox.id}, ${inbox.workspaceId}, ${mailbox.kind}, ${cursor}::jsonb)
    on conflict (inbox_id) do update set next_look_at = clock_timestamp(), failures = 0,
      kind = excluded.kind,
      cursor = case when mailboxes.kind = excluded.kind then mailboxes.cursor else excluded.cursor end,
      trying = case when mailboxes.kind = excluded.kind then mailboxes.trying end,
      holder = null, lease_until = null, lease_token = mailboxes.lease_token + 1`.execute(tx);
}

/**
 * Takes up to `limit` mailboxes that are due and that nobody holds: news first, then those that wait longest. A lease whose time is over
 * counts as none. Several processes take at once (SKIP LOCKED).
 */
export async function claimMailboxes(
  pool: pg.Pool,
  holder: string,
  options: { kinds: readonly MailboxKindName[]; limit: number; leaseMs: number },
): Promise<ClaimedMailbox[]> {
  if (options.limit <= 0) return [];
  const { rows } = await pool.query<{
    inbox_id: string;
    workspace_id: string;
    kind: MailboxKindName;
    cursor: JsonObject;
    trying: Trying | null;
    failures: number;
    last_ok_at: Date | null;
    lease_token: number;
  }>(
    `with due as (
       select m.inbox_id from mailboxes m join inboxes i on i.id = m.inbox_id
        where ${due} and m.kind = any($2::text[])
        order by m.dirty_at nulls last, m.next_look_at limit $3 for update of m skip locked
     )
     update mailboxes m set holder = $1, lease_token = lease_token + 1, dirty_at = null,
            lease_until = clock_timestamp() + make_interval(secs => $4)
       from due where m.inbox_id = due.inbox_id
     returning m.inbox_id, m.workspace_id, m.kind, m.cursor, m.trying, m.failures, m.last_ok_at, m.lease_token`,
    [holder, options.kinds, options.limit, options.leaseMs / 1000],
  );
  return rows.map((row) => ({
    inboxId: row.inbox_id,
    workspaceId: row.workspace_id,
    kind: row.kind,
    cursor: row.cursor,
    trying: row.trying,
    failures: row.failures,
    lastOkAt: row.last_ok_at,
    holder,
    token: row.lease_token,
  }));
}

/** Free, of a living inbox, and its time has come; news doesn't shorten the wait after a failure. */
const due = `i.deleted_at is null and (m.holder is null or m.lease_until < clock_timestamp())
        and (m.next_look_at <= clock_timestamp() or (m.dirty_at is not null and m.failures = 0))`;

export interface Pulse {
  /** The leases that are still ours, with the news that came since the last pulse. */
  held: { inboxId: string; token: number; dirty: boolean }[];
  /** Processes alive, this one among them. */
  holders: number;
  /** Mailboxes of living inboxes, whoever holds them. */
  mailboxes: number;
  /** Those of them that are due and that nobody holds. */
  waiting: number;
}

/** Says that this process lives, prolongs its leases and counts. A lease that isn't in the answer is lost: its holder stops at once. */
export async function pulse(pool: pg.Pool, holder: string, leaseMs: number): Promise<Pulse> {
  const seconds = leaseMs / 1000;
  const { rows } = await pool.query<{ inbox_id: string; lease_token: number; dirty: boolean }>(
    `with before as (select inbox_id, dirty_at from mailboxes where holder = $1 for update)
     update mailboxes m set lease_until = clock_timestamp() + make_interval(secs => $2), dirty_at = null
       from before where m.inbox_id = before.inbox_id
     returning m.inbox_id, m.lease_token, before.dirty_at is not null as dirty`,
    [holder, seconds],
  );
  const { rows: counts } = await pool.query<{ holders: number; mailboxes: number; waiting: number }>(
    `with seen as (insert into mailbox_holders (id) values ($1) on conflict (id) do update set seen_at = clock_timestamp() returning id),
          gone as (delete from mailbox_holders where seen_at < clock_timestamp() - make_interval(secs => $2) - interval '1 hour')
     select (select count(*) from mailbox_holders
              where id <> $1 and seen_at > clock_timestamp() - make_interval(secs => $2)) + (select count(*) from seen) as holders,
            (select count(*) from mailboxes m join inboxes i on i.id = m.inbox_id where i.deleted_at is null) as mailboxes,
            (select count(*) from mailboxes m join inboxes i on i.id = m.inbox_id where ${due}) as waiting`,
    [holder, seconds],
  );
  const [count] = counts;
  return {
    held: rows.map((row) => ({ inboxId: row.inbox_id, token: row.lease_token, dirty: row.dirty })),
    holders: count?.holders ?? 1,
    mailboxes: count?.mailboxes ?? 0,
    waiting: count?.waiting ?? 0,
  };
}

/** This process looks after mailboxes no more. What it held is free at once. */
export async function retire(pool: pg.Pool, holder: string): Promise<void> {
  await pool.query('delete from mailbox_holders where id = $1', [holder]);
  await pool.query(
    `update mailboxes set holder = null, lease_until = null, lease_token = lease_token + 1 where holder = $1`,
    [holder],
  );
}

/** There is news, somebody says: whoever holds it or takes it looks at once. Idempotent while nobody has. */
export async function markDirty(pool: pg.Pool, inboxIds: readonly string[]): Promise<void> {
  await pool.query(
    `with told as (update mailboxes set dirty_at = clock_timestamp() where inbox_id = any($1::uuid[]) and dirty_at is null returning inbox_id)
     select pg_notify('teloring_inbox', inbox_id::text) from told`,
    [inboxIds],
  );
}

const fenced = 'inbox_id = $1 and holder = $2 and lease_token = $3';
const proof = (lease: MailboxLease): unknown[] => [lease.inboxId, lease.holder, lease.token];

/** Moves the cursor; what was being tried is done. @returns false if the lease is another's by now: nothing was written */
export async function saveCursor(pool: pg.Pool, lease: MailboxLease, cursor: JsonObject): Promise<boolean> {
  const { rowCount } = await pool.query(`update mailboxes set cursor = $4, trying = null where ${fenced}`, [
    ...proof(lease),
    JSON.stringify(cursor),
  ]);
  return rowCount === 1;
}

/** Before a mail is taken in: should we die of it, that counts. @returns false if the lease is lost */
export async function saveTrying(pool: pg.Pool, lease: MailboxLease, trying: Trying): Promise<boolean> {
  const { rowCount } = await pool.query(`update mailboxes set trying = $4 where ${fenced}`, [
    ...proof(lease),
    JSON.stringify(trying),
  ]);
  return rowCount === 1;
}

/** A look went well; facts are what it saw. @returns false if the lease is lost */
export async function saveSuccess(pool: pg.Pool, lease: MailboxLease, facts: JsonObject): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update mailboxes set last_ok_at = clock_timestamp(), last_error = null, facts = facts || $4::jsonb where ${fenced}`,
    [...proof(lease), JSON.stringify(facts)],
  );
  return rowCount === 1;
}

export interface SentMail {
  outboxId: string;
  messageId: string;
  settledAt: Date;
}

/**
 * What was sent since the last one saved, and a little before: who settled first may commit last. Oldest first; nothing from before the
 * mailbox.
 */
export async function sentMails(pool: pg.Pool, inboxId: string): Promise<SentMail[]> {
  const { rows } = await pool.query<{ id: string; provider_message_id: string; settled_at: Date }>(
    `select o.id, o.provider_message_id, o.settled_at from mailboxes m join outbox o on o.inbox_id = m.inbox_id
      where m.inbox_id = $1 and o.kind = 'message' and o.state = 'sent' and o.provider_message_id is not null
        and o.id > uuid_floor(clock_timestamp() - interval '8 days')
        and o.settled_at > coalesce(m.sent_saved_until - interval '15 seconds', m.created_at)
      order by o.settled_at limit 500`,
    [inboxId],
  );
  return rows.map((row) => ({
    outboxId: row.id,
    messageId: row.provider_message_id,
    settledAt: row.settled_at,
  }));
}

/** @returns false if the lease is lost */
export async function saveSentUntil(pool: pg.Pool, lease: MailboxLease, until: Date): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update mailboxes set sent_saved_until = greatest(sent_saved_until, $4::timestamptz) where ${fenced}`,
    [...proof(lease), until],
  );
  return rowCount === 1;
}

export interface LookFailure {
  kind: string;
  message: string;
}

/** Lets go of a mailbox and says when it is due again. @returns false if it was another's already */
export async function releaseMailbox(
  pool: pg.Pool,
  lease: MailboxLease,
  next: { inMs: number; failures: number; error?: LookFailure },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update mailboxes set holder = null, lease_until = null, failures = $5,
            next_look_at = clock_timestamp() + make_interval(secs => $4),
            last_error = case when $6::text is null then last_error
                              else jsonb_build_object('kind', $6::text, 'message', $7::text, 'at', clock_timestamp()) end
      where ${fenced}`,
    [...proof(lease), next.inMs / 1000, next.failures, next.error?.kind ?? null, next.error?.message ?? null],
  );
  return rowCount === 1;
}

/** @returns whether it is news; then screens and caches have been told */
export async function recordInboundHealth(
  pool: pg.Pool,
  inboxId: string,
  found: { state: 'ok' | 'degraded' | 'failing'; reason?: string },
): Promise<boolean> {
  const { rows } = await pool.query<{ news: boolean }>('select record_inbound_health($1, $2) as news', [
    inboxId,
    JSON.stringify(found),
  ]);
  return rows[0]?.news ?? false;
}

export interface MailboxRow {
  kind: string;
  cursor: Json;
  facts: Json;
  held: boolean;
  nextLookAt: Date;
  lastOkAt: Date | null;
  lastError: Json | null;
  failures: number;
}

/** For Diagnostics. Undefined where nobody has to look. */
export async function findMailbox(tx: Tx, inboxId: string): Promise<MailboxRow | undefined> {
  const row = await tx.selectFrom('mailboxes').selectAll().where('inbox_id', '=', inboxId).executeTakeFirst();
  return (
    row && {
      kind: row.kind,
      cursor: row.cursor,
      facts: row.facts,
      held: row.lease_until !== null && row.lease_until.getTime() > Date.now(),
      nextLookAt: row.next_look_at,
      lastOkAt: row.last_ok_at,
      lastError: row.last_error,
      failures: row.failures,
    }
  );
}
