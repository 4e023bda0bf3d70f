/** Conversations as the screens list and change them. Owner, assignee and status go through db/ownership.ts. */
import { sql, type Selectable, type Updateable } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { Tx } from './client.ts';
import type { ConversationsTable } from './schema.ts';
import { emit } from './ui-events.ts';

export type ConversationRow = Selectable<ConversationsTable> & {
  contact_external_id: string;
  contact_name: string | null;
  contact_avatar_url: string | null;
  customer_id: string | null;
  inbox_type: string;
  inbox_settings: Json;
  sent_since_last_in: number;
};
export type ConversationListRow = ConversationRow & {
  /** Exact to the microsecond, for cursors. */
  position: string;
  unread: number;
  last_message: {
    id: string;
    seq: number;
    direction: string;
    author_kind: string;
    text: string;
    /** Of an email. */
    subject: string | null;
    created_at: string;
  } | null;
};

export interface ConversationFilter {
  inboxId?: string;
  status?: string;
  /** A user's id, or `none`. */
  assigneeId?: string;
  label?: string;
  priority?: string;
  customerId?: string;
  q?: string;
}
export interface ConversationPlace {
  position: string;
  id: string;
}

/** Above this an unread count says "many"; counting further would read whole histories. */
export const MOST_UNREAD = 99;

function base(tx: Tx) {
  return tx
    .selectFrom('conversations as c')
    .innerJoin('contacts as k', 'k.id', 'c.contact_id')
    .innerJoin('inboxes as i', 'i.id', 'c.inbox_id')
    .selectAll('c')
    .select([
      'k.external_id as contact_external_id',
      'k.name as contact_name',
      'k.avatar_url as contact_avatar_url',
      'k.customer_id as customer_id',
      'i.type as inbox_type',
      'i.settings as inbox_settings',
      sql<number>`case when c.last_seq > c.last_in_seq then sent_since_last_in(c.id, c.last_in_seq) else 0 end`.as(
        'sent_since_last_in',
      ),
    ]);
}

/** Newest first, by last message. `userId` is who the unread counts are for; null (an API key) has none. */
export async function listConversations(
  tx: Tx,
  filter: ConversationFilter,
  userId: string | null,
  limit: number,
  before: ConversationPlace | null,
): Promise<ConversationListRow[]> {
  const position = sql`coalesce(c.last_message_at, c.created_at)`;
  let query = base(tx)
    .select([
      sql<string>`${position}::text`.as('position'),
      unreadCount(userId).as('unread'),
      sql<ConversationListRow['last_message']>`(
        select json_build_object('id', m.id, 'seq', m.seq, 'direction', m.direction, 'author_kind', m.author_kind,
                                 'text', left(m.text, 200), 'created_at', m.created_at,
                                 'subject', (select p ->> 'subject' from jsonb_array_elements(m.parts) p where p ->> 'kind' = 'email' limit 1))
          from messages m where m.conversation_id = c.id and m.direction <> 'internal' order by m.seq desc limit 1)`.as(
        'last_message',
      ),
    ])
    .orderBy(position, 'desc')
    .orderBy('c.id', 'desc')
    .limit(limit);
  if (before)
    query = query.where(
      sql<boolean>`(${position}, c.id) < (${before.position}::timestamptz, ${before.id}::uuid)`,
    );
  if (filter.inboxId !== undefined) query = query.where('c.inbox_id', '=', filter.inboxId);
  if (filter.status !== undefined) query = query.where('c.status', '=', filter.status);
  if (filter.assigneeId === 'none') query = query.where('c.assignee_id', 'is', null);
  else if (filter.assigneeId !== undefined) query = query.where('c.assignee_id', '=', filter.assigneeId);
  if (filter.label !== undefined) query = query.where(sql<boolean>`${filter.label} = any(c.labels)`);
  if (filter.priority !== undefined) query = query.where('c.priority', '=', filter.priority);
  if (filter.customerId !== undefined) query = query.where('k.customer_id', '=', filter.customerId);
  if (filter.q !== undefined) {
    query = query.where(sql<boolean>`c.id in (select search_conversations(${containing(filter.q)}))`);
  }
  return query.execute();
}

export async function findConversation(
  tx: Tx,
  id: string,
  userId: string | null,
): Promise<(ConversationRow & { unread: number }) | undefined> {
  return base(tx).select(unreadCount(userId).as('unread')).where('c.id', '=', id).executeTakeFirst();
}

function unreadCount(userId: string | null) {
  if (userId === null) return sql<number>`0`;
  return sql<number>`(select count(*)::int from (
    select 1 from messages m where m.conversation_id = c.id and m.direction = 'in'
       and m.seq > coalesce((select r.seq from conversation_reads r where r.conversation_id = c.id and r.user_id = ${userId}), 0)
     limit ${MOST_UNREAD + 1}) unread)`;
}

/** `ilike` pattern for "contains this text literally". */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

export interface ConversationChanges {
  status?: 'pending' | 'snoozed';
  snoozedUntil?: Date | null;
  labels?: string[];
  priority?: string;
}
export interface Changer {
  workspaceId: string;
  actorKind: string;
  actorId: string | null;
}

/**
 * Changes what is nobody's turn: status pending or snoozed, labels, priority. Locks the row first, writes an activity line for each
 * real change, tells the screens. Idempotent.
 * @returns false if there is no such conversation
 */
export async function changeConversation(
  tx: Tx,
  by: Changer,
  id: string,
  changes: ConversationChanges,
): Promise<boolean> {
  const row = await tx
    .selectFrom('conversations')
    .select(['status', 'snoozed_until', 'labels', 'priority', 'last_seq'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!row) return false;
  const lines: { kind: string; data: JsonObject }[] = [];
  const set: Updateable<ConversationsTable> = {};
  if (changes.labels !== undefined) {
    const added = changes.labels.filter((label) => !row.labels.includes(label));
    const removed = row.labels.filter((label) => !changes.labels?.includes(label));
    if (added.length > 0 || removed.length > 0) lines.push({ kind: 'labelled', data: { added, removed } });
    set.labels = changes.labels;
    await knowLabels(tx, by.workspaceId, added);
  }
  if (changes.priority !== undefined && changes.priority !== row.priority) {
    lines.push({ kind: 'prioritized', data: { priority: changes.priority, before: row.priority } });
    set.priority = changes.priority;
  }
  if (changes.status !== undefined) {
    const until = changes.status === 'snoozed' ? (changes.snoozedUntil ?? null) : null;
    if (changes.status !== row.status || until?.getTime() !== row.snoozed_until?.getTime()) {
      lines.push({
        kind: changes.status === 'snoozed' ? 'snoozed' : 'set_pending',
        data: { until: until?.toISOString() ?? null },
      });
      Object.assign(set, { status: changes.status, snoozed_until: until, resolved_at: null });
    }
  }
  if (lines.length === 0) return true;
  await tx
    .updateTable('conversations')
    .set({ ...set, updated_at: sql`now()` })
    .where('id', '=', id)
    .execute();
  for (const line of lines) await addActivity(tx, by, id, row.last_seq, line.kind, line.data);
  await emit(tx, by.workspaceId, 'conversation.updated', { conversationId: id });
  return true;
}

/** Connects the conversation's contact (and so all its conversations) to a customer, or to none. Idempotent. */
export async function connectCustomer(
  tx: Tx,
  by: Changer,
  conversationId: string,
  customerId: string | null,
): Promise<boolean> {
  const row = await tx
    .selectFrom('conversations as c')
    .innerJoin('contacts as k', 'k.id', 'c.contact_id')
    .select(['k.id as contact_id', 'k.customer_id', 'c.last_seq'])
    .where('c.id', '=', conversationId)
    .forUpdate('c')
    .executeTakeFirst();
  if (!row) return false;
  if (row.customer_id === customerId) return true;
  await tx
    .updateTable('contacts')
    .set({ customer_id: customerId, updated_at: sql`now()` })
    .where('id', '=', row.contact_id)
    .execute();
  await addActivity(tx, by, conversationId, row.last_seq, 'customer_connected', { customerId });
  const others = await tx
    .selectFrom('conversations')
    .select('id')
    .where('contact_id', '=', row.contact_id)
    .execute();
  for (const { id } of others) await emit(tx, by.workspaceId, 'conversation.updated', { conversationId: id });
  if (customerId !== null) await emit(tx, by.workspaceId, 'customer.updated', { customerId });
  return true;
}

/** Moves a member's read mark forward, never back. Tells the member's other screens. */
export async function markRead(
  tx: Tx,
  workspaceId: string,
  conversationId: string,
  userId: string,
  seq: number,
): Promise<void> {
  const moved = await tx
    .insertInto('conversation_reads')
    .values({ workspace_id: workspaceId, conversation_id: conversationId, user_id: userId, seq })
    .onConflict((conflict) =>
      conflict
        .columns(['conversation_id', 'user_id'])
        .doUpdateSet({ seq })
        .where('conversation_reads.seq', '<', seq),
    )
    .returning('seq')
    .executeTakeFirst();
  if (moved) await emit(tx, workspaceId, 'conversation.updated', { conversationId });
}

async function knowLabels(tx: Tx, workspaceId: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await tx
    .insertInto('labels')
    .values(names.map((name) => ({ workspace_id: workspaceId, name })))
    .onConflict((conflict) => conflict.columns(['workspace_id', 'name']).doNothing())
    .execute();
}

async function addActivity(
  tx: Tx,
  by: Changer,
  conversationId: string,
  afterSeq: number,
  kind: string,
  data: JsonObject,
): Promise<void> {
  await tx
    .insertInto('conversation_activities')
    .values({
      id: uuidV7(),
      workspace_id: by.workspaceId,
      conversation_id: conversationId,
      after_seq: afterSeq,
      kind,
      actor_kind: by.actorKind,
      actor_id: by.actorId,
      data: JSON.stringify(data),
    })
    .execute();
}
