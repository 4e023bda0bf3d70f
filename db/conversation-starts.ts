/** Conversations that people here begin, once per client's id. */
import { sql } from 'kysely';
import type { Tx } from './client.ts';

export interface ConversationStart {
  workspaceId: string;
  inboxId: string;
  clientMessageId: string;
}
export interface Started {
  conversationId: string;
  messageId: string;
}

/** What this client's id has begun; from here to the end of the transaction nobody else begins anything with it. */
export async function startedBefore(tx: Tx, start: ConversationStart): Promise<Started | null> {
  await sql`select pg_advisory_xact_lock(7003, hashtext(${`${start.inboxId}/${start.clientMessageId}`}))`.execute(
    tx,
  );
  const row = await tx
    .selectFrom('conversation_starts')
    .select(['conversation_id', 'message_id'])
    .where('inbox_id', '=', start.inboxId)
    .where('client_message_id', '=', start.clientMessageId)
    .executeTakeFirst();
  return row ? { conversationId: row.conversation_id, messageId: row.message_id } : null;
}

export interface StartWith {
  externalId: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  threadKey: string;
  reopenWithinHours: number;
}

/** The conversation to write in: that of the contact's thread where one is open, else a new one. Locked. Its contact is made where it is new. */
export async function openForStart(tx: Tx, start: ConversationStart, to: StartWith): Promise<string> {
  const { rows: contacts } = await sql<{ id: string }>`select meet_by_address(${start.workspaceId},
    ${start.inboxId}, ${to.externalId}, ${to.name}, ${to.email}, ${to.phone}) as id`.execute(tx);
  const contactId = contacts[0]?.id;
  const { rows } = await sql<{ id: string }>`select open_conversation(${start.workspaceId}, ${start.inboxId},
    ${contactId}, ${to.threadKey}, '{}'::jsonb, ${to.reopenWithinHours}, true) as id`.execute(tx);
  const conversationId = rows[0]?.id;
  if (conversationId === undefined) throw new Error('A conversation was opened and has no id.');
  if (to.name !== null)
    await sql`update contacts set name = ${to.name} where id = ${contactId} and name is null`.execute(tx);
  return conversationId;
}

export async function keepStart(tx: Tx, start: ConversationStart, made: Started): Promise<void> {
  await tx
    .insertInto('conversation_starts')
    .values({
      workspace_id: start.workspaceId,
      inbox_id: start.inboxId,
      client_message_id: start.clientMessageId,
      conversation_id: made.conversationId,
      message_id: made.messageId,
    })
    .execute();
}
