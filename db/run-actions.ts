/** What an operator may do to a run beside cancelling it (db/ownership.ts). Every verb locks the conversation row first. */
import { sql } from 'kysely';
import type { OwedWake } from '#domain/drive/snapshot.ts';
import type { Tx } from './client.ts';
import { emit } from './ui-events.ts';

/**
 * Ends a flow run's wait now, as if its time were over: a delay goes on, a question takes its exit `timeout`.
 * @returns null where the run isn't waiting
 */
export async function skipWait(tx: Tx, workspaceId: string, runId: string): Promise<OwedWake[] | null> {
  if (!(await lockConversationOfRun(tx, runId))) return null;
  const { rows } = await sql<{ wake_no: number; woken_no: number; conversation_id: string }>`
    update runs set deadline = clock_timestamp(), wake_at = clock_timestamp(), wake_no = wake_no + 1, updated_at = now()
     where id = ${runId} and status = 'waiting' returning wake_no, woken_no, conversation_id`.execute(tx);
  const row = rows[0];
  if (!row) return null;
  await emit(tx, workspaceId, 'run.updated', { runId, conversationId: row.conversation_id });
  return [{ runId, wakeNo: row.wake_no, wokenNo: row.woken_no }];
}

/** After `cancelRun` in the same transaction: says that it was ended by force. */
export async function markTerminated(tx: Tx, runId: string): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ status: 'terminated' })
    .where('id', '=', runId)
    .where('status', '=', 'cancelled')
    .execute();
}

/** An event whose workflow failed gets another one. False where it hasn't failed and isn't waiting to be started. */
export async function retryEvent(tx: Tx, eventId: string): Promise<boolean> {
  const row = await tx
    .updateTable('inbound_events')
    .set({ error: null, started_at: null, done_at: null })
    .where('id', '=', eventId)
    .where((eb) =>
      eb.or([eb('error', 'is not', null), eb.and([eb('started_at', 'is', null), eb('done_at', 'is', null)])]),
    )
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export type Replanned = 'planned' | 'may_have_arrived' | 'wrong_state';

/** A person's message that failed is planned again; one without an answer only if `evenIfUnknown`, for it may arrive twice. */
export async function replanMessage(
  tx: Tx,
  workspaceId: string,
  messageId: string,
  evenIfUnknown: boolean,
): Promise<Replanned> {
  const conversationId = await lockConversationOfMessage(tx, messageId);
  if (!conversationId) return 'wrong_state';
  const row = await tx
    .selectFrom('outbox')
    .select(['id', 'state'])
    .where('message_id', '=', messageId)
    .where('run_id', 'is', null)
    .executeTakeFirst();
  if (row?.state === 'unknown' && !evenIfUnknown) return 'may_have_arrived';
  if (row?.state !== 'failed' && row?.state !== 'unknown' && row?.state !== 'cancelled') return 'wrong_state';
  await tx
    .updateTable('outbox')
    .set({
      state: 'planned',
      claim: null,
      claimed_at: null,
      claim_expires_at: null,
      not_before: null,
      in_doubt_since: null,
      error: null,
      settled_at: null,
      give_up_at: sql<Date>`now() + interval '24 hours'`,
    })
    .where('id', '=', row.id)
    .execute();
  await setMessage(tx, workspaceId, conversationId, messageId, 'planned', null);
  return 'planned';
}

/**
 * `before`: was withdrawn already. `on_its_way`: claimed, or an attempt of it may have arrived. `settled`: it left or failed. `not_ours`: no
 * message that a person here sent.
 */
export type Withdrawal = 'withdrawn' | 'before' | 'on_its_way' | 'settled' | 'not_ours';

/** Withdraws a person's message that has not left. Against a claim whoever has the conversation's lock first wins. */
export async function withdrawMessage(
  tx: Tx,
  workspaceId: string,
  messageId: string,
  by: string,
): Promise<Withdrawal> {
  const conversationId = await lockConversationOfMessage(tx, messageId);
  if (!conversationId) return 'not_ours';
  const row = await tx
    .selectFrom('outbox')
    .select(['id', 'state', 'in_doubt_since'])
    .where('message_id', '=', messageId)
    .where('run_id', 'is', null)
    .executeTakeFirst();
  if (!row) return 'not_ours';
  if (row.state === 'cancelled') return 'before';
  if (row.state === 'sending') return 'on_its_way';
  if (row.state !== 'planned') return 'settled';
  // An attempt without an answer is to be repeated with its key: that one may have arrived.
  if (row.in_doubt_since !== null) return 'on_its_way';
  const error = JSON.stringify({ kind: 'cancelled', message: `Withdrawn by ${by} before it was sent.` });
  await tx
    .updateTable('outbox')
    .set({ state: 'cancelled', error, not_before: null, settled_at: sql`now()` })
    .where('id', '=', row.id)
    .execute();
  await setMessage(tx, workspaceId, conversationId, messageId, 'failed', error);
  return 'withdrawn';
}

async function setMessage(
  tx: Tx,
  workspaceId: string,
  conversationId: string,
  messageId: string,
  status: string,
  error: string | null,
): Promise<void> {
  await tx.updateTable('messages').set({ status, error }).where('id', '=', messageId).execute();
  await emit(tx, workspaceId, 'message.updated', { conversationId, messageId });
}

async function lockConversationOfRun(tx: Tx, runId: string): Promise<boolean> {
  const { rows } = await sql`select c.id from conversations c
    where c.id = (select conversation_id from runs where id = ${runId}) for update`.execute(tx);
  return rows.length > 0;
}

async function lockConversationOfMessage(tx: Tx, messageId: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`select c.id from conversations c
    where c.id = (select conversation_id from messages where id = ${messageId}) for update`.execute(tx);
  return rows[0]?.id ?? null;
}
