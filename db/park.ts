/** Parking: while an inbox can't send, what it owes waits; afterwards it leaves in order. */
import type pg from 'pg';
import type { OwedWake } from '#domain/drive/snapshot.ts';
import { inTransaction } from './drive.ts';

/** The provider refuses our credentials: nothing is tried until somebody reconnects. Idempotent. */
export async function parkInbox(pool: pg.Pool, inboxId: string, reason: string): Promise<void> {
  await pool.query(
    `with parked as (
       update inboxes set can_send = false, state = 'needs_attention', updated_at = now(),
              outbound_health = jsonb_build_object('state', 'failing', 'reason', $2::text, 'since', now())
        where id = $1 and can_send returning id, workspace_id
     )
     select emit_ui(workspace_id, 'inbox.updated', jsonb_build_object('inboxId', id)), pg_notify('teloring_inbox', id::text) from parked`,
    [inboxId, reason],
  );
}

/** It can send again. @returns what is to be woken, so that everything parked drains in order */
export async function unparkInbox(
  pool: pg.Pool,
  inboxId: string,
): Promise<{ wakes: OwedWake[]; messageIds: string[] }> {
  return inTransaction(pool, async (client) => {
    await client.query(
      `with freed as (update inboxes set can_send = true, updated_at = now() where id = $1 and not can_send returning id, workspace_id)
       select emit_ui(workspace_id, 'inbox.updated', jsonb_build_object('inboxId', id)), pg_notify('teloring_inbox', id::text) from freed`,
      [inboxId],
    );
    const runs = await client.query<{ id: string; wake_no: number; woken_no: number }>(
      `with locked as (
         select id from runs where ended_at is null and id in
           (select run_id from outbox where inbox_id = $1 and state = 'planned' and run_id is not null)
         order by id for update)
       update runs set wake_no = wake_no + 1 where id in (select id from locked) returning id, wake_no, woken_no`,
      [inboxId],
    );
    const messages = await client.query<{ message_id: string }>(
      // The first of each conversation takes along what is behind it, except what is held back for longer.
      `select message_id from (
         select o.message_id, o.not_before, row_number() over (partition by o.conversation_id order by m.seq) as place
           from outbox o join messages m on m.id = o.message_id
          where o.inbox_id = $1 and o.state = 'planned' and o.run_id is null) waiting
        where place = 1 or not_before > clock_timestamp()`,
      [inboxId],
    );
    return {
      wakes: runs.rows.map((row) => ({ runId: row.id, wakeNo: row.wake_no, wokenNo: row.woken_no })),
      messageIds: messages.rows.map((row) => row.message_id),
    };
  });
}
