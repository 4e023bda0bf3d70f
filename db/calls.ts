/** Calls as rows. Their events keep them (migrations/0010_voice.sql); here they are read, and what isn't an event is written. */
import { sql } from 'kysely';
import type pg from 'pg';
import type { CallDirection, CallState, RingStrategy } from '#domain/call.ts';
import { isUuid, uuidV7 } from '#domain/ids.ts';
import { whoRings } from '#domain/who-rings.ts';
import { allows, type Role } from '#domain/roles.ts';
import type { Db, Tx } from './client.ts';
import { inTransaction } from './drive.ts';
import { presencesOf, type PresenceRow } from './presence.ts';

export interface CallRow {
  id: string;
  workspace_id: string;
  inbox_id: string;
  thread_key: string;
  conversation_id: string | null;
  provider_call_id: string | null;
  direction: CallDirection;
  state: CallState;
  from_number: string;
  to_number: string;
  ringing: string[];
  agent_id: string | null;
  agent_leg: string | null;
  customer_leg: string | null;
  held: boolean;
  control: 'flow' | 'desk' | null;
  started_at: Date;
  answered_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  duration_seconds: number | null;
  wrap_up_until: Date | null;
  agent_name: string | null;
  contact_id: string | null;
  contact_name: string | null;
  contact_external_id: string | null;
}

const read = `select c.*, u.name as agent_name, k.id as contact_id, k.name as contact_name, k.external_id as contact_external_id
  from calls c left join users u on u.id = c.agent_id
  left join conversations v on v.id = c.conversation_id left join contacts k on k.id = v.contact_id`;

export async function findCall(tx: Tx, id: string): Promise<CallRow | null> {
  const { rows } = await sql<CallRow>`${sql.raw(read)} where c.id = ${id}`.execute(tx);
  return rows[0] ?? null;
}

/** Newest first. Active: they ring or go on, or the asking member is in wrap-up after them. */
export async function listCalls(
  tx: Tx,
  filter: { active: boolean; userId: string | null },
  limit: number,
): Promise<CallRow[]> {
  const where = filter.active
    ? sql`where (c.state <> 'ended' and (c.direction = 'in' or c.dialled_at is not null or c.seen_at is not null))
             or (c.agent_id = ${filter.userId}::uuid and c.wrap_up_until > now())`
    : sql``;
  const { rows } =
    await sql<CallRow>`${sql.raw(read)} ${where} order by c.started_at desc, c.id desc limit ${limit}`.execute(
      tx,
    );
  return rows;
}

/** A call by its place, for the engine. */
export async function callAt(
  pool: Pick<pg.Pool, 'query'>,
  inboxId: string,
  threadKey: string,
): Promise<CallRow | null> {
  const { rows } = await pool.query<CallRow>(`${read} where c.inbox_id = $1 and c.thread_key = $2`, [
    inboxId,
    threadKey,
  ]);
  return rows[0] ?? null;
}

/** A call of ours, by the provider's id of the agent's side. */
export async function callOfLeg(
  pool: pg.Pool,
  inboxId: string,
  providerCallId: string,
): Promise<CallRow | null> {
  const { rows } = await pool.query<CallRow>(
    `${read} where c.inbox_id = $1 and c.provider_call_id = $2 and c.direction = 'out'`,
    [inboxId, providerCallId],
  );
  return rows[0] ?? null;
}

export interface Ticket {
  workspaceId: string;
  inboxId: string;
  userId: string;
  clientCallId: string;
  from: string;
  to: string;
  /** Seconds in which it must be dialled. */
  goodFor: number;
  /** Null where the phone itself reports on the call. */
  providerReports: boolean;
}

/** A call of ours that may be placed; the same for a repeated clientCallId. Its id is its conversation's thread key. */
export async function giveTicket(
  tx: Tx,
  ticket: Ticket,
): Promise<{ id: string; to: string; created: boolean }> {
  const id = uuidV7();
  const { rows } = await sql<{ id: string; to_number: string }>`
    insert into calls (id, workspace_id, inbox_id, thread_key, client_call_id, direction, from_number, to_number, agent_id, ticket_until, seen_at)
    values (${id}, ${ticket.workspaceId}, ${ticket.inboxId}, ${id}, ${ticket.clientCallId}, 'out', ${ticket.from}, ${ticket.to},
            ${ticket.userId}, now() + make_interval(secs => ${ticket.goodFor}), ${ticket.providerReports ? null : sql`now()`})
    on conflict (inbox_id, agent_id, client_call_id) where client_call_id is not null do nothing returning id, to_number`.execute(
    tx,
  );
  if (rows[0]) return { id, to: rows[0].to_number, created: true };
  const first = await tx
    .selectFrom('calls')
    .select(['id', 'to_number'])
    .where('inbox_id', '=', ticket.inboxId)
    .where('agent_id', '=', ticket.userId)
    .where('client_call_id', '=', ticket.clientCallId)
    .executeTakeFirstOrThrow();
  return { id: first.id, to: first.to_number, created: false };
}

/** An incoming call that a phone tells of, under the id that all phones of the call have for it. Nothing where it is known. Engine's pool. */
export async function createIncoming(
  db: Db,
  call: {
    id: string;
    workspaceId: string;
    inboxId: string;
    from: string;
    to: string;
    providerCallId: string | null;
  },
): Promise<void> {
  await sql`
    insert into calls (id, workspace_id, inbox_id, thread_key, provider_call_id, direction, from_number, to_number, rang, seen_at)
    values (${call.id}, ${call.workspaceId}, ${call.inboxId}, ${call.id}, ${call.providerCallId}, 'in', ${call.from}, ${call.to}, true, now())
    on conflict do nothing`.execute(db);
}

/** Calls to numbers this member has had made within the last hour: tickets and forwards. Held until the transaction ends: two at once count each other. */
export async function callsLately(tx: Tx, userId: string): Promise<number> {
  await sql`select pg_advisory_xact_lock(7004, hashtext(${userId}))`.execute(tx);
  // A statement of its own: it sees what whoever held the lock has committed.
  const { rows } = await sql<{ n: number }>`
    select count(*) filter (where direction = 'out' and started_at > clock_timestamp() - interval '1 hour') + coalesce(sum(forwards), 0) as n
      from calls where agent_id = ${userId} and started_at > clock_timestamp() - interval '4 hours'`.execute(
    tx,
  );
  return rows[0]?.n ?? 0;
}

/** Counted before it is done, so that one that may have happened counts. */
export async function countForward(tx: Tx, callId: string): Promise<void> {
  await sql`update calls set forwards = forwards + 1 where id = ${callId}`.execute(tx);
}

/** Whether this number has called the inbox before. */
export async function hasCalled(tx: Tx, inboxId: string, number: string): Promise<boolean> {
  const found = await tx
    .selectFrom('calls')
    .select('id')
    .where('inbox_id', '=', inboxId)
    .where('direction', '=', 'in')
    .where('from_number', '=', number)
    .executeTakeFirst();
  return found !== undefined;
}

/** Dialled now: once per ticket, in time, by its own agent; the provider's repetition gets the same. Null: it must not be dialled. */
export async function dial(
  pool: pg.Pool,
  input: { inboxId: string; callId: string; userId: string; providerCallId: string },
): Promise<CallRow | null> {
  // A phone may hand us anything.
  if (!isUuid(input.callId) || !isUuid(input.userId)) return null;
  const { rows } = await pool.query<CallRow>(
    'select (d).* from call_dial($1::uuid, $2::uuid, $3::uuid, $4) d',
    [input.inboxId, input.callId, input.userId, input.providerCallId],
  );
  const [row] = rows;
  return row?.id ? row : null;
}

/** Whether a published flow listens to incoming calls of this inbox. */
export async function flowListens(pool: pg.Pool, workspaceId: string, inboxId: string): Promise<boolean> {
  const { rows } = await pool.query(
    `select 1 from flows f join flow_versions v on v.id = f.published_version_id
      where f.workspace_id = $1 and f.enabled and f.deleted_at is null and exists (
        select from jsonb_array_elements(v.definition -> 'triggers') t
         where t ->> 'kind' = 'call' and t ->> 'event' = 'incoming' and t -> 'inboxIds' ?| array[$2, '*']) limit 1`,
    [workspaceId, inboxId],
  );
  return rows.length > 0;
}

/** Whether a flow may lead this call now; from then on it does. */
export async function takeForFlow(
  pool: pg.Pool,
  inboxId: string,
  threadKey: string,
): Promise<'ok' | 'taken' | 'ended'> {
  const { rows } = await pool.query<{ taken: 'ok' | 'taken' | 'ended' }>(
    'select call_take($1::uuid, $2) as taken',
    [inboxId, threadKey],
  );
  return rows[0]?.taken ?? 'ok';
}

/** What a caller who waits is to hear next. */
export async function holding(
  pool: pg.Pool,
  inboxId: string,
  threadKey: string,
  patienceSeconds: number,
): Promise<'hold' | 'pick_up' | 'desk' | 'hang_up'> {
  const { rows } = await pool.query<{ next: 'hold' | 'pick_up' | 'desk' | 'hang_up' }>(
    'select call_holding($1::uuid, $2, make_interval(secs => $3)) as next',
    [inboxId, threadKey, patienceSeconds],
  );
  return rows[0]?.next ?? 'hang_up';
}

/** Who may be rung: members who may answer, of these, of this team, or all. */
function eligible(rows: readonly PresenceRow[], only: ReadonlySet<string> | null): PresenceRow[] {
  return rows.filter(
    ({ userId, role }) => (only === null || only.has(userId)) && allows(role as Role, 'conversations:write'),
  );
}

/** Chooses whom an incoming call rings and notes it, so that two calls at once don't both choose the same one. */
export async function ring(
  pool: pg.Pool,
  input: {
    workspaceId: string;
    inboxId: string;
    threadKey: string;
    agentIds?: readonly string[];
    teamId?: string;
    strategy: RingStrategy;
  },
): Promise<string[]> {
  return inTransaction(pool, async (client) => {
    await client.query(`select pg_advisory_xact_lock(7003, hashtext($1))`, [input.workspaceId]);
    const team =
      input.teamId === undefined
        ? null
        : (
            await client.query<{ user_id: string }>(
              'select user_id from team_members where team_id::text = $1 and workspace_id = $2',
              [input.teamId, input.workspaceId],
            )
          ).rows.map(({ user_id }) => user_id);
    const only = input.agentIds ?? team;
    // Asked twice for the same call, the same phones ring.
    const own = await client.query<{ ringing: string[] }>(
      'select ringing from calls where inbox_id = $1 and thread_key = $2',
      [input.inboxId, input.threadKey],
    );
    const mine = new Set(own.rows[0]?.ringing);
    const candidates = eligible(await presencesOf(client, input.workspaceId), only && new Set(only)).map(
      (row) => ({
        userId: row.userId,
        status: row.status,
        isRung: row.isRung && !mine.has(row.userId),
        lastRungAtMs: row.lastRungAt?.getTime() ?? null,
        lastCallAtMs: row.lastCallAt?.getTime() ?? null,
      }),
    );
    const chosen = whoRings(candidates, input.strategy);
    if (chosen.length > 0) {
      await client.query(
        `with rung as (
           update calls set ringing = $3::uuid[], rang = true where inbox_id = $1 and thread_key = $2 and state <> 'ended' returning *
         ), noted as (
           update presences p set last_rung_at = clock_timestamp() where p.user_id = any ($3::uuid[]) and p.workspace_id = $4
         )
         insert into ui_events (workspace_id, name, data)
         select workspace_id, 'call.updated', jsonb_strip_nulls(jsonb_build_object('callId', id, 'conversationId', conversation_id, 'inboxId', inbox_id)) from rung`,
        [input.inboxId, input.threadKey, chosen, input.workspaceId],
      );
    } else {
      // Wanted, and nobody was free: a caller who gives up now is missed.
      await client.query('update calls set rang = true where inbox_id = $1 and thread_key = $2', [
        input.inboxId,
        input.threadKey,
      ]);
    }
    return chosen;
  });
}

/** Nobody's phone rings any more. */
export async function stopRinging(pool: pg.Pool, inboxId: string, threadKey: string): Promise<void> {
  await pool.query(
    `with c as (update calls set ringing = '{}' where inbox_id = $1 and thread_key = $2 and ringing <> '{}' returning *)
     select call_told(c) from c`,
    [inboxId, threadKey],
  );
}

/** Whoever answered has the conversation, where nobody has. Idempotent. */
export async function assignAnswered(pool: pg.Pool, inboxId: string, threadKey: string): Promise<void> {
  await pool.query('select assign_answered($1::uuid, $2)', [inboxId, threadKey]);
}

/** The phone that reports on this call is there. */
export async function callSeen(tx: Tx, callId: string): Promise<void> {
  await sql`update calls set seen_at = now() where id = ${callId} and state <> 'ended'`.execute(tx);
}

/** Sets or ends the time after the call. */
export async function wrapUp(tx: Tx, callId: string, seconds: number): Promise<void> {
  await sql`with c as (update calls set wrap_up_until = now() + make_interval(secs => ${seconds}) where id = ${callId} returning *)
            select call_told(c) from c`.execute(tx);
}

export interface LostCall {
  inboxId: string;
  threadKey: string;
  contactExternalId: string;
  direction: CallDirection;
  answered: boolean;
  reason: 'connection_lost' | 'cancelled';
}

/** Calls whose phone fell silent while somebody here could hear it, and tickets that nobody dialled. */
export async function lostCalls(
  pool: pg.Pool,
  gapSeconds: number,
  upSeconds: number | null,
): Promise<LostCall[]> {
  const { rows } = await pool.query<LostCall>(
    `select c.inbox_id as "inboxId", c.thread_key as "threadKey", c.direction, c.answered_at is not null as answered,
            coalesce(k.external_id, case c.direction when 'in' then c.from_number else c.to_number end) as "contactExternalId",
            case when c.seen_at is null then 'cancelled' else 'connection_lost' end as reason
       from calls c left join conversations v on v.id = c.conversation_id left join contacts k on k.id = v.contact_id
      where c.state <> 'ended'
        and ((c.seen_at < clock_timestamp() - make_interval(secs => $1) and ($2::float8 is null or $2::float8 > $1::float8))
          or (c.seen_at is null and c.direction = 'out' and c.dialled_at is null and c.ticket_until < clock_timestamp()))
      order by c.started_at limit 200`,
    [gapSeconds, upSeconds],
  );
  return rows;
}

/** Calls that go on by what we know, for longer than a moment, whose provider can be asked. */
export async function openCalls(
  pool: pg.Pool,
  olderThanSeconds: number,
): Promise<
  {
    inboxId: string;
    threadKey: string;
    providerCallId: string;
    contactExternalId: string;
    direction: CallDirection;
    to: string;
    from: string;
    startedAt: Date;
  }[]
> {
  const { rows } = await pool.query(
    `select c.inbox_id as "inboxId", c.thread_key as "threadKey", coalesce(c.customer_leg, c.provider_call_id) as "providerCallId", c.direction,
            c.to_number as "to", c.from_number as "from", c.started_at as "startedAt",
            coalesce(k.external_id, case c.direction when 'in' then c.from_number else c.to_number end) as "contactExternalId"
       from calls c left join conversations v on v.id = c.conversation_id left join contacts k on k.id = v.contact_id
      where c.state <> 'ended' and c.seen_at is null and coalesce(c.customer_leg, c.provider_call_id) is not null
        and c.started_at < clock_timestamp() - make_interval(secs => $1)
      order by random() limit 20`,
    [olderThanSeconds],
  );
  return rows;
}
