/** What a visitor of the chat widget may read: their own messages, never notes, authors' ids or anything of a run. */
import { sql } from 'kysely';
import type { Part } from '#domain/message.ts';
import type { Db, Tx } from './client.ts';

/** Whom a signed session speaks for: a contact of one inbox. */
export interface VisitorKey {
  inboxId: string;
  externalId: string;
}

/** A place in a visitor's thread: a conversation, and a seq in it. */
export interface ThreadPlace {
  conversationId: string;
  seq: number;
}

export interface VisitorMessageRow extends ThreadPlace {
  id: string;
  direction: 'in' | 'out';
  authorKind: string;
  authorName: string | null;
  parts: Part[];
  status: string;
  providerMessageId: string | null;
  createdAt: Date;
  deleted: boolean;
  /** Files of it whose bytes aren't here (yet), by media id. */
  missingMedia: Record<string, 'pending' | 'failed'>;
  /** The lowest seq of the conversation that will change yet (sending isn't over, a file is on its way): from there on is asked for again. */
  unsettledSeq: number | null;
  /** Of messages asked for by id: whether they are at or before the place they were asked for with, and no news since it. */
  behind: boolean;
}

/**
 * Which part of the thread: from a place on, back from a place, its end, or these messages (seen from a place, where there is one).
 * `beside` a place is what stands before it and is younger than its message: of a conversation that was opened again, or of the person's
 * own beside the one they brought along; or a reply that was sent after it had failed.
 */
export type ThreadRange =
  | { after: ThreadPlace }
  | { beside: ThreadPlace }
  | { before: ThreadPlace }
  | { only: readonly string[]; seenFrom: ThreadPlace | null }
  | 'end';

/**
 * A part of the visitor's thread, oldest first. One statement, so that what is unsettled is judged on the same snapshot as
 * what is returned: a message that is being sent can't fall between two readings.
 */
export async function visitorThread(
  tx: Tx,
  visitor: VisitorKey,
  range: ThreadRange,
  limit: number,
): Promise<VisitorMessageRow[]> {
  const backwards = range === 'end' || 'before' in range;
  const direction = backwards ? sql`desc` : sql`asc`;
  const { rows } = await sql<VisitorMessageRow>`
    select m.id, m.conversation_id as "conversationId", m.seq, m.direction, m.author_kind as "authorKind",
           case when m.author_kind = 'agent' then m.author_name end as "authorName",
           m.parts, m.status, m.provider_message_id as "providerMessageId", m.created_at as "createdAt",
           m.deleted_at is not null as deleted,
           coalesce((select jsonb_object_agg(f.id, f.state) from media f where f.message_id = m.id and f.state <> 'stored'), '{}') as "missingMedia",
           unsettled.seq as "unsettledSeq", ${behind(range)} as behind
      from contacts k
      join conversations c on c.contact_id = k.id and c.inbox_id = k.inbox_id
      left join lateral (
        select least(
          (select min(o.seq) from messages o
            where o.conversation_id = c.id and o.direction = 'out' and o.status in ('planned', 'sending', 'parked', 'unknown')),
          (select min(o.seq) from messages o join media f on f.message_id = o.id and f.state = 'pending'
            where o.conversation_id = c.id)) as seq
      ) unsettled on true
      join messages m on m.conversation_id = c.id
     where k.inbox_id = ${visitor.inboxId} and k.external_id = ${visitor.externalId}
       and (m.direction = 'in' or (m.direction = 'out' and m.status in ('sent', 'delivered', 'read')))
       and ${placed(range)}
     order by c.created_at ${direction}, c.id ${direction}, m.seq ${direction}
     limit ${limit}`.execute(tx);
  return backwards ? rows.toReversed() : rows;
}

function placed(range: ThreadRange) {
  if (range === 'end') return sql`true`;
  if ('only' in range) return sql`m.id = any(${range.only}::uuid[])`;
  if ('beside' in range)
    return sql`((c.created_at, c.id, m.seq) < (${placeRow(range.beside)}) and ${isNews(range.beside)})`;
  const [place, later] = 'after' in range ? [range.after, sql`>`] : [range.before, sql`<`];
  return sql`(c.created_at, c.id, m.seq) ${later} (${placeRow(place)})`;
}

function behind(range: ThreadRange) {
  if (range === 'end' || !('only' in range) || range.seenFrom === null) return sql`false`;
  const { seenFrom } = range;
  return sql`coalesce((c.created_at, c.id, m.seq) <= (${placeRow(seenFrom)}) and not coalesce(${isNews(seenFrom)}, false), false)`;
}

/** Younger than the place's message though it stands before it: of another conversation, or sent only after it had failed. */
function isNews(place: ThreadPlace) {
  return sql`((c.id <> ${place.conversationId} and m.created_at > (${placeTime(place)}))
    or (m.direction = 'out' and m.sent_at > (${placeTime(place)})))`;
}

function placeTime({ conversationId, seq }: ThreadPlace) {
  return sql`
    select x.created_at from messages x join conversations p on p.id = x.conversation_id
     where x.conversation_id = ${conversationId} and x.seq = ${seq}::bigint and p.contact_id = k.id`;
}

/** A place in a conversation that isn't this visitor's is no row, and whatever is compared with it is null. */
function placeRow(place: ThreadPlace) {
  return sql`
    select p.created_at, p.id, ${place.seq}::bigint from conversations p
     where p.id = ${place.conversationId} and p.contact_id = k.id`;
}

/** Which of these messages went to this visitor, and are not known to be so far yet. */
export async function receivable(
  tx: Tx,
  visitor: VisitorKey,
  messageIds: readonly string[],
  status: 'delivered' | 'read',
): Promise<string[]> {
  const rows = await tx
    .selectFrom('messages as m')
    .innerJoin('conversations as c', 'c.id', 'm.conversation_id')
    .innerJoin('contacts as k', 'k.id', 'c.contact_id')
    .select('m.id')
    .where('m.id', 'in', [...messageIds])
    .where('k.inbox_id', '=', visitor.inboxId)
    .where('k.external_id', '=', visitor.externalId)
    .where('m.direction', '=', 'out')
    .where('m.status', 'in', status === 'read' ? ['sent', 'delivered'] : ['sent'])
    .execute();
  return rows.map(({ id }) => id);
}

/** How far the team has read the visitor's latest conversation; null where nobody has. */
export async function seenByTeam(tx: Tx, visitor: VisitorKey): Promise<ThreadPlace | null> {
  const conversationId = await latestConversationId(tx, visitor);
  if (conversationId === null) return null;
  const row = await tx
    .selectFrom('conversation_reads')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('conversation_id', '=', conversationId)
    .executeTakeFirst();
  return row?.seq == null ? null : { conversationId, seq: row.seq };
}

/** Whether a flow is about to say something: it is at work now, or pauses for a moment between two messages. */
export async function botIsTyping(tx: Tx, visitor: VisitorKey): Promise<boolean> {
  const { rows } = await sql<{ typing: boolean }>`
    select exists (
      select from contacts k join conversations c on c.contact_id = k.id join runs r on r.id = c.run_id
       where k.inbox_id = ${visitor.inboxId} and k.external_id = ${visitor.externalId} and c.owner = 'run' and r.ended_at is null
         and (r.status = 'active' or (r.status = 'waiting' and r.waiting_for = 'delay' and r.deadline < now() + interval '30 seconds'))
    ) as typing`.execute(tx);
  return rows[0]?.typing ?? false;
}

/** The conversation a visitor is in, or was in last. */
export async function latestConversationId(tx: Tx, visitor: VisitorKey): Promise<string | null> {
  const row = await tx
    .selectFrom('conversations as c')
    .innerJoin('contacts as k', 'k.id', 'c.contact_id')
    .select('c.id')
    .where('k.inbox_id', '=', visitor.inboxId)
    .where('k.external_id', '=', visitor.externalId)
    .orderBy('c.created_at', 'desc')
    .orderBy('c.id', 'desc')
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Whose conversation this is: what routes the feed to the streams. Engine role: the feed is of all workspaces. */
export async function visitorOfConversation(db: Db, conversationId: string): Promise<VisitorKey | null> {
  const row = await db
    .selectFrom('conversations as c')
    .innerJoin('contacts as k', 'k.id', 'c.contact_id')
    .select(['c.inbox_id as inboxId', 'k.external_id as externalId'])
    .where('c.id', '=', conversationId)
    .executeTakeFirst();
  return row ?? null;
}

/** The oldest inbox of a type, for the demo page. Engine role: the page has no session and so no workspace. */
export async function firstInboxOfType(db: Db, type: string): Promise<{ id: string; name: string } | null> {
  const row = await db
    .selectFrom('inboxes')
    .select(['id', 'name'])
    .where('type', '=', type)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .executeTakeFirst();
  return row ?? null;
}
