/** Messages of a conversation as the screens read them. They are written by ingest, drive and agents' replies. */
import { sql, type ExpressionBuilder, type Selectable } from 'kysely';
import { emailOf } from '#domain/email.ts';
import type { Json } from '#domain/json.ts';
import type { EmailPart, Part } from '#domain/message.ts';
import type { Tx } from './client.ts';
import type { ConversationActivitiesTable, MessagesTable, Schema } from './schema.ts';

/** A message as screens read it: with what became of media whose bytes aren't here, by their ids; and how long it is held back. */
export type MessageRow = Selectable<MessagesTable> & { media_missing?: Json; held_until?: Date | null };
export type ActivityRow = Selectable<ConversationActivitiesTable>;

/**
 * Ascending by seq. Without a place, or before one, the newest `limit` of what is there; after one, the oldest `limit`. One more than
 * `limit` where there is more, at the far end.
 */
export async function listMessages(
  tx: Tx,
  conversationId: string,
  range: { before?: number; after?: number },
  limit: number,
): Promise<MessageRow[]> {
  let query = tx
    .selectFrom('messages')
    .selectAll('messages')
    .select([mediaMissing, heldUntil])
    .where('conversation_id', '=', conversationId);
  if (range.before !== undefined) query = query.where('seq', '<', range.before);
  if (range.after !== undefined) query = query.where('seq', '>', range.after);
  if (range.after !== undefined && range.before === undefined) {
    return query
      .orderBy('seq', 'asc')
      .limit(limit + 1)
      .execute();
  }
  const rows = await query
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();
  return rows.toReversed();
}

export async function findMessage(tx: Tx, id: string): Promise<MessageRow | undefined> {
  return tx
    .selectFrom('messages')
    .selectAll('messages')
    .select([mediaMissing, heldUntil])
    .where('id', '=', id)
    .executeTakeFirst();
}

const mediaMissing = (eb: ExpressionBuilder<Schema, 'messages'>) =>
  eb
    .selectFrom('media')
    .select(
      sql<Json>`jsonb_object_agg(media.id, jsonb_build_object('state', state, 'reason', error))`.as('all'),
    )
    .whereRef('media.message_id', '=', 'messages.id')
    .where('media.state', '<>', 'stored')
    .as('media_missing');

/** Before a first attempt it waits only so that its agent can take it back. */
const heldUntil = (eb: ExpressionBuilder<Schema, 'messages'>) =>
  eb
    .selectFrom('outbox')
    .select('outbox.not_before')
    .whereRef('outbox.message_id', '=', 'messages.id')
    .where('outbox.state', '=', 'planned')
    .where('outbox.attempts', '=', 0)
    .as('held_until');

/** Whether an agent's message came with this id before. */
export async function wasSent(tx: Tx, conversationId: string, clientMessageId: string): Promise<boolean> {
  const row = await tx
    .selectFrom('messages')
    .select('id')
    .where('conversation_id', '=', conversationId)
    .where('client_message_id', '=', clientMessageId)
    .executeTakeFirst();
  return row !== undefined;
}

/** The contact's last message here. */
export async function lastInbound(tx: Tx, conversationId: string): Promise<MessageRow | undefined> {
  return tx
    .selectFrom('messages')
    .selectAll()
    .where('conversation_id', '=', conversationId)
    .where('direction', '=', 'in')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Of the newest mail that says what an email has beside its text. */
export async function lastEmailPart(tx: Tx, conversationId: string): Promise<EmailPart | null> {
  const row = await tx
    .selectFrom('messages')
    .select('parts')
    .where('conversation_id', '=', conversationId)
    .where('direction', '<>', 'internal')
    .where(sql<boolean>`parts @> '[{"kind": "email"}]'`)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (row && emailOf(row.parts as unknown as Part[])) ?? null;
}

/** Activity lines between two places of the thread (inclusive), oldest first; at most `limit`, the newest ones. */
export async function listActivities(
  tx: Tx,
  conversationId: string,
  range: { fromSeq?: number; toSeq?: number },
  limit: number,
): Promise<ActivityRow[]> {
  let query = tx
    .selectFrom('conversation_activities')
    .selectAll()
    .where('conversation_id', '=', conversationId);
  if (range.fromSeq !== undefined) query = query.where('after_seq', '>=', range.fromSeq);
  if (range.toSeq !== undefined) query = query.where('after_seq', '<=', range.toSeq);
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.toReversed();
}
