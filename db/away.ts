/** Who wrote while nobody is there and hasn't been told so yet. */
import { sql } from 'kysely';
import type pg from 'pg';
import type { JsonObject } from '#domain/json.ts';
import { uuidV7 } from '#domain/ids.ts';
import { storableText } from '#domain/text.ts';
import { inWorkspace, type Db } from './client.ts';
import { emit } from './ui-events.ts';

export interface AwayInbox {
  id: string;
  workspaceId: string;
  settings: JsonObject;
}

/** Live Chat inboxes with business hours. */
export async function awayInboxes(pool: pg.Pool): Promise<AwayInbox[]> {
  const { rows } = await pool.query<AwayInbox>(
    `select id, workspace_id as "workspaceId", settings from inboxes
      where type = 'live_chat' and deleted_at is null and settings #>> '{hours,enabled}' = 'true' order by id`,
  );
  return rows;
}

export interface AwayCandidate {
  conversationId: string;
  workspaceId: string;
  lastInAt: Date;
  language: string | null;
}

/**
 * Conversations of the inbox whose visitor wrote within the last hour; of each closed time only until they were told. In pages by id:
 * most wrote while it was open, and whoever didn't must not wait behind them.
 */
export async function awayCandidates(
  pool: pg.Pool,
  inbox: Pick<AwayInbox, 'id' | 'workspaceId'>,
  afterId: string | null,
  limit: number,
): Promise<AwayCandidate[]> {
  const { rows } = await pool.query<AwayCandidate>(
    `select c.id as "conversationId", c.workspace_id as "workspaceId", c.last_in_at as "lastInAt", v.language
       from conversations c
       left join visitors v on v.contact_id = c.contact_id
      where c.workspace_id = $1 and c.inbox_id = $2 and ($3::uuid is null or c.id > $3)
        and coalesce(c.last_message_at, c.created_at) > now() - interval '1 hour' and c.last_in_at > now() - interval '1 hour'
        and c.status <> 'resolved'
        and not exists (select from away_messages a where a.conversation_id = c.id and a.until > c.last_in_at)
      order by c.id limit $4`,
    [inbox.workspaceId, inbox.id, afterId, limit],
  );
  return rows;
}

/**
 * The away message of one closed time (`until` it opens), in the thread as the inbox's own word: at most once, also when several
 * processes are at it. It changes neither who owns the conversation nor what a flow does. @returns whether it was sent now
 */
export async function sayAway(
  db: Db,
  { conversationId, workspaceId }: Pick<AwayCandidate, 'conversationId' | 'workspaceId'>,
  text: string,
  until: Date,
): Promise<boolean> {
  return inWorkspace(db, workspaceId, async (tx) => {
    const conversation = await tx
      .selectFrom('conversations')
      .select(['inbox_id', 'last_seq', 'automation_epoch'])
      .where('id', '=', conversationId)
      .forUpdate()
      .executeTakeFirst();
    const told = await tx
      .selectFrom('away_messages')
      .select('message_id')
      .where('conversation_id', '=', conversationId)
      .where('until', '=', until)
      .executeTakeFirst();
    if (!conversation || told) return false;
    const messageId = uuidV7();
    const parts = JSON.stringify([{ kind: 'text', text: storableText(text) }]);
    const seq = conversation.last_seq + 1;
    const inboxId = conversation.inbox_id;
    await tx
      .insertInto('messages')
      .values({
        id: messageId,
        workspace_id: workspaceId,
        conversation_id: conversationId,
        inbox_id: inboxId,
        seq,
        direction: 'out',
        author_kind: 'system',
        parts,
        text: storableText(text),
        status: 'sent',
        provider_message_id: messageId,
        sent_at: new Date(),
      })
      .execute();
    // In the thread it is delivered: like every Live Chat message, its own row is what the visitor's stream reads.
    await sql`insert into outbox (id, workspace_id, conversation_id, inbox_id, message_id, kind, payload, epoch, state, provider_message_id, settled_at)
      values (${uuidV7()}, ${workspaceId}, ${conversationId}, ${inboxId}, ${messageId}, 'message', ${JSON.stringify({ kind: 'message', parts: JSON.parse(parts) as JsonObject[] })}::jsonb,
        ${conversation.automation_epoch}, 'sent', ${messageId}, now())`.execute(tx);
    await sql`update conversations set last_seq = ${seq}, last_message_at = now(), updated_at = now() where id = ${conversationId}`.execute(
      tx,
    );
    await tx
      .insertInto('away_messages')
      .values({ conversation_id: conversationId, until, workspace_id: workspaceId, message_id: messageId })
      .execute();
    await emit(tx, workspaceId, 'message.created', { conversationId, messageId, seq, inboxId });
    return true;
  });
}
