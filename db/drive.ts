/**
 * The drive protocol's transactions: lock and load a snapshot, let a pure function decide, store its plan, commit. SQL lives in
 * migrations/0006_drive.sql; each verb here is one transaction of two round trips.
 */
import type pg from 'pg';
import type { DriveDecision, DrivePlan, DriveSnapshot, OwedWake } from '#domain/drive/snapshot.ts';
import type { Json } from '#domain/json.ts';
import type { MessageError } from '#domain/message.ts';
import { storableText, toJsonb } from '#domain/text.ts';

export type Decide = (snapshot: DriveSnapshot) => Promise<DriveDecision>;
/** Whom the drive is for: a message's own workflow or a run's. */
export type DriveTarget = { eventId: string; runId?: undefined } | { runId: string; eventId?: undefined };

/** What became of a provider call, told by the execution that claimed it. */
export interface Settlement {
  outboxId: string;
  claim: string;
  /** `refused` may be tried again at `notBeforeMs`; `unsent` = the claim was too old and nothing was called. */
  outcome: 'sent' | 'refused' | 'failed' | 'unknown' | 'unsent';
  providerMessageId: string | null;
  notBeforeMs: number | null;
  error: MessageError | null;
  result: Json;
}

/**
 * T1 + T2: ingests (repeatable), locks the conversation, decides and stores in one transaction.
 * @returns null when there is nothing to drive (the event became no message), `wait` when that can't be said yet
 */
export async function enterDrive(
  pool: pg.Pool,
  target: DriveTarget,
  holder: string,
  decide: Decide,
): Promise<(DriveDecision & { snapshot: DriveSnapshot }) | 'wait' | null> {
  const load = {
    name: 'drive_load',
    text: 'select drive_load($1::uuid, $2::uuid) as snapshot',
    values: [target.eventId ?? null, target.runId ?? null],
  };
  return loadDecideStore(pool, load, holder, decide);
}

/** T1 alone: makes the message visible even where deciding fails. Idempotent. */
export async function ingestOnly(pool: pg.Pool, eventId: string): Promise<void> {
  await pool.query('select ingest_event($1::uuid)', [eventId]);
}

/** The same, and its conversation; null where it became no message. */
export async function ingestEvent(pool: pg.Pool, eventId: string): Promise<string | null> {
  const { rows } = await pool.query<{ id: string | null }>('select ingest_event($1::uuid) as id', [eventId]);
  return rows[0]?.id ?? null;
}

/** T3 for a run's effect: the evidence always counts; what follows is decided only under a current lease. */
export async function settleDrive(
  pool: pg.Pool,
  conversationId: string,
  target: DriveTarget,
  holder: string,
  settlement: Settlement,
  decide: Decide,
): Promise<(DriveDecision & { snapshot: DriveSnapshot }) | 'wait' | null> {
  const load = {
    name: 'drive_settle',
    text: `select drive_settle($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::uuid, $6, $7, $8::timestamptz, $9::jsonb, $10::jsonb) as snapshot`,
    values: [conversationId, target.eventId ?? null, target.runId ?? null, ...settlementValues(settlement)],
  };
  return loadDecideStore(pool, load, holder, decide);
}

export function settlementValues(settlement: Settlement): unknown[] {
  const { outboxId, claim, outcome, providerMessageId, notBeforeMs, error, result } = settlement;
  return [
    outboxId,
    claim,
    outcome,
    providerMessageId === null ? null : storableText(providerMessageId),
    notBeforeMs === null ? null : new Date(notBeforeMs).toISOString(),
    error === null ? null : toJsonb(error),
    toJsonb(result),
  ];
}

/** T4: notes that wakes were paid. Only the payer calls it, after the signal was accepted. Idempotent. */
export async function markWoken(pool: pg.Pool, wakes: readonly OwedWake[]): Promise<void> {
  await pool.query(
    // Rows of several runs are locked in one order by everybody.
    `with locked as (select id from runs where id = any($1::uuid[]) order by id for update)
     update runs set woken_no = greatest(woken_no, paid.n)
       from locked join unnest($1::uuid[], $2::integer[]) as paid(id, n) using (id) where runs.id = locked.id`,
    [wakes.map((wake) => wake.runId), wakes.map((wake) => wake.wakeNo)],
  );
}

type Decided = (DriveDecision & { snapshot: DriveSnapshot }) | 'wait' | null;

async function loadDecideStore(
  pool: pg.Pool,
  load: pg.QueryConfig,
  holder: string,
  decide: Decide,
): Promise<Decided> {
  return inTransaction<Decided>(
    pool,
    async (client) => {
      const { rows } = await client.query<{ snapshot: DriveSnapshot | { wait: true } | null }>(load);
      const snapshot = rows[0]?.snapshot ?? null;
      if (snapshot === null) return null;
      return 'wait' in snapshot ? 'wait' : { ...(await decide(snapshot)), snapshot };
    },
    (client, decided) =>
      decided === null || decided === 'wait' || decided.plan === null
        ? null
        : storePlan(client, decided.snapshot, holder, decided.plan),
  );
}

async function storePlan(
  client: pg.PoolClient,
  snapshot: DriveSnapshot,
  holder: string,
  plan: DrivePlan,
): Promise<void> {
  const touched =
    plan.changes.length > 0 ||
    plan.activities.length > 0 ||
    (plan.conversation !== null && plan.conversation.owner !== snapshot.conversation.owner);
  await client.query({
    name: 'drive_store',
    text: 'select drive_store($1::uuid, $2::uuid, $3::uuid, $4::jsonb)',
    values: [
      snapshot.conversation.id,
      snapshot.conversation.workspaceId,
      snapshot.inbox.id,
      toJsonb({ ...plan, holder, touched }),
    ],
  });
}

/**
 * One transaction on a pipelined connection: `begin` travels with the first query of `work`, and the one query of `lastly` with the
 * commit, which is a rollback where that query fails.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  lastly?: (client: pg.PoolClient, result: T) => Promise<unknown> | null | undefined,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const begun = client.query('begin');
    begun.catch(() => undefined); // awaited below; what comes behind it fails too
    try {
      const result = await work(client);
      const ended = await Promise.allSettled([begun, lastly?.(client, result), client.query('commit')]);
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
      return result;
    } catch (error) {
      // A connection that can't roll back is thrown away; the server rolls back by itself.
      await client.query('rollback').catch((failure: Error) => (broken = failure));
      throw error;
    }
  } finally {
    client.release(broken);
  }
}
