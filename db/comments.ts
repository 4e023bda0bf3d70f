/** What people do with contacts' comments at the provider, as the rows show it. */
import { sql } from 'kysely';
import type { CommentAction } from '#domain/channel.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { Tx } from './client.ts';
import type { Changer } from './conversations.ts';
import type { MessageRow } from './messages.ts';
import { emit } from './ui-events.ts';

const marks: Record<CommentAction, { column: 'hidden_at' | 'liked_at' | 'deleted_at'; set: boolean }> = {
  hide: { column: 'hidden_at', set: true },
  unhide: { column: 'hidden_at', set: false },
  like: { column: 'liked_at', set: true },
  unlike: { column: 'liked_at', set: false },
  delete: { column: 'deleted_at', set: true },
};

/** After the provider has done it. A line of the thread for each real change; idempotent. */
export async function markComment(
  tx: Tx,
  by: Changer,
  message: MessageRow,
  action: CommentAction,
): Promise<void> {
  const { column, set } = marks[action];
  // The conversation first, like everybody who changes what belongs to it.
  const conversation = await tx
    .selectFrom('conversations')
    .select('last_seq')
    .where('id', '=', message.conversation_id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const changed = await tx
    .updateTable('messages')
    .set({ [column]: set ? sql`now()` : null })
    .where('id', '=', message.id)
    .where(column, set ? 'is' : 'is not', null)
    .returning('id')
    .executeTakeFirst();
  // The provider's own word of what we did may have come first: it is ours all the same, and told once.
  if (!changed && ((message[column] !== null) === set || (await told(tx, message, action)))) return;
  await tx
    .insertInto('conversation_activities')
    .values({
      id: uuidV7(),
      workspace_id: by.workspaceId,
      conversation_id: message.conversation_id,
      after_seq: conversation.last_seq,
      kind: `comment_${action}`,
      actor_kind: by.actorKind,
      actor_id: by.actorId,
      data: JSON.stringify({ messageId: message.id }),
    })
    .execute();
  await emit(tx, by.workspaceId, 'message.updated', {
    conversationId: message.conversation_id,
    messageId: message.id,
  });
}

/** Whether somebody here did the same to this comment a moment ago. */
async function told(tx: Tx, message: MessageRow, action: CommentAction): Promise<boolean> {
  const { rows } = await sql`select from conversation_activities
    where conversation_id = ${message.conversation_id} and kind = ${`comment_${action}`}
      and data ->> 'messageId' = ${message.id} and created_at > now() - interval '1 minute'`.execute(tx);
  return rows.length > 0;
}
