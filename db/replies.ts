/** What a message answers: the provider's handles of it, and whether a comment was answered privately before. */
import type pg from 'pg';
import type { JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';

export interface AnsweredComment {
  providerMessageId: string | null;
  reference: JsonObject | null;
  /** By another message that has left or is to leave. */
  answeredPrivately: boolean;
}

export async function answeredComment(
  pool: pg.Pool,
  commentId: string,
  messageId: string,
): Promise<AnsweredComment | null> {
  const { rows } = await pool.query<AnsweredComment>(
    `select provider_message_id as "providerMessageId", provider_ref as reference,
            exists (select from messages a where a.in_reply_to_id = $1 and a.sent_as is not null and a.id <> $2 and a.status <> 'failed')
              as "answeredPrivately"
       from messages where id = $1`,
    [commentId, messageId],
  );
  return rows[0] ?? null;
}

/** With the conversation locked, nobody can answer it privately meanwhile. */
export async function wasAnsweredPrivately(tx: Tx, commentId: string): Promise<boolean> {
  const found = await tx
    .selectFrom('messages')
    .select('id')
    .where('in_reply_to_id', '=', commentId)
    .where('sent_as', 'is not', null)
    .where('status', '<>', 'failed')
    .executeTakeFirst();
  return found !== undefined;
}
