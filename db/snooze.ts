import type pg from 'pg';

/** Opens conversations whose snooze is over, with a line in the thread and word to the screens. Idempotent. @returns how many */
export async function endSnoozes(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `with due as (
       select id from conversations where status = 'snoozed' and snoozed_until <= now() order by snoozed_until limit 500
          for update skip locked
     ), opened as (
       update conversations c set status = 'open', snoozed_until = null, updated_at = now() from due where c.id = due.id
       returning c.id, c.workspace_id, c.last_seq
     ), lines as (
       insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind)
       select uuidv7(), workspace_id, id, last_seq, 'snooze_ended', 'system' from opened
     ), told as (
       insert into ui_events (workspace_id, name, data)
       select workspace_id, 'conversation.updated', jsonb_build_object('conversationId', id) from opened
     )
     select count(*) as n from opened`,
  );
  return rows[0]?.n ?? 0;
}
