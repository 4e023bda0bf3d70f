/** Runs: one list over what has a workflow. Inbound messages, flow runs, and replies that people sent. */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { Json } from '#domain/json.ts';
import type { Tx } from './client.ts';
import type { RunStepsTable } from './schema.ts';

export const RUN_KINDS = ['inbound', 'flow', 'outbound', 'onboarding', 'probe', 'batch'] as const;
export type RunKind = (typeof RUN_KINDS)[number];
export const RUN_STATUSES = ['running', 'waiting', 'completed', 'failed', 'cancelled', 'terminated'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface RunRow {
  /** The flow run's id, the event's id (inbound) or the message's id (outbound). */
  id: string;
  kind: RunKind;
  status: RunStatus;
  workflow_id: string;
  flow_id: string | null;
  version_no: number | null;
  conversation_id: string | null;
  inbox_id: string | null;
  message_id: string | null;
  step_id: string | null;
  waiting_for: string | null;
  waiting_until: Date | null;
  background: boolean;
  started_at: Date;
  ended_at: Date | null;
  error: Json | null;
  flow_name: string | null;
  inbox_name: string | null;
  contact_name: string | null;
}
export interface RunFilter {
  kind?: RunKind;
  status?: RunStatus;
  flowId?: string;
  inboxId?: string;
  conversationId?: string;
  id?: string;
}
type Part = RawBuilder<unknown>;

/** Newest first. @param before the id of the last one already seen */
export async function listRuns(
  tx: Tx,
  filter: RunFilter,
  limit: number,
  before: string | null,
): Promise<RunRow[]> {
  const branches = sources
    .filter((source) => filter.kind === undefined || filter.kind === source.kind)
    .filter((source) => filter.flowId === undefined || source.kind === 'flow')
    .map((source) => source.select(filter, limit, before));
  if (branches.length === 0) return [];
  const { rows } = await sql<RunRow>`
    select u.*, f.name as flow_name, i.name as inbox_name, coalesce(k.name, k.external_id) as contact_name
      from (select * from (${sql.join(branches, sql` union all `)}) every order by id desc limit ${limit}) u
      left join flows f on f.id = u.flow_id
      left join inboxes i on i.id = u.inbox_id
      left join conversations c on c.id = u.conversation_id
      left join contacts k on k.id = c.contact_id
     order by u.id desc`.execute(tx);
  return rows;
}

export async function findRun(tx: Tx, id: string): Promise<RunRow | undefined> {
  return (await listRuns(tx, { id }, 1, null))[0];
}

interface Source {
  kind: RunKind;
  select(filter: RunFilter, limit: number, before: string | null): Part;
}

const inbound: Source = {
  kind: 'inbound',
  select(filter, limit, before) {
    const conditions = [
      // An echo of our own send, known at once, needed no workflow.
      sql`(e.kind in ('message', 'reaction', 'contact') or e.kind = 'echo' and (e.started_at is not null or e.done_at is null))`,
      ...places(sql`e`, filter),
      ...seek(sql`e.id`, filter, before),
      ...byStatus(filter, {
        failed: sql`e.error is not null`,
        completed: sql`e.error is null and e.done_at is not null`,
        waiting: sql`e.error is null and e.done_at is null and e.started_at is null and e.workspace_id is not null`,
        running: sql`e.error is null and e.done_at is null and e.started_at is not null`,
      }),
    ];
    return sql`(select e.id, 'inbound' as kind,
        case when e.error is not null then 'failed' when e.done_at is not null then 'completed'
             when e.started_at is null then 'waiting' else 'running' end as status,
        'inbound/' || e.id as workflow_id, null::uuid as flow_id, null::integer as version_no, e.conversation_id, e.inbox_id, e.message_id,
        null::text as step_id, case when e.started_at is null and e.done_at is null then 'start' end as waiting_for,
        null::timestamptz as waiting_until, false as background, e.received_at as started_at, e.done_at as ended_at, e.error
      from inbound_events e where ${sql.join(conditions, sql` and `)} order by e.id desc limit ${limit})`;
  },
};

const flow: Source = {
  kind: 'flow',
  select(filter, limit, before) {
    const conditions = [
      sql`true`,
      ...places(sql`r`, filter),
      ...(filter.flowId === undefined ? [] : [sql`r.flow_id = ${filter.flowId}`]),
      ...seek(sql`r.id`, filter, before),
      ...byStatus(filter, {
        failed: sql`r.status = 'failed'`,
        completed: sql`r.status = 'completed'`,
        cancelled: sql`r.status = 'cancelled'`,
        terminated: sql`r.status = 'terminated'`,
        waiting: sql`r.ended_at is null and r.status in ('waiting', 'paused')`,
        running: sql`r.ended_at is null and r.status = 'active'`,
      }),
    ];
    return sql`(select r.id, 'flow' as kind,
        case r.status when 'active' then 'running' when 'paused' then 'waiting' else r.status end as status,
        r.workflow_id, r.flow_id, r.version_no, r.conversation_id, r.inbox_id, r.trigger_message_id as message_id, r.step_id,
        case r.status when 'paused' then 'person' when 'waiting' then r.waiting_for end as waiting_for,
        case r.status when 'waiting' then r.deadline end as waiting_until, r.background, r.started_at, r.ended_at, r.error
      from runs r where ${sql.join(conditions, sql` and `)} order by r.id desc limit ${limit})`;
  },
};

const outbound: Source = {
  kind: 'outbound',
  select(filter, limit, before) {
    const conditions = [
      sql`o.run_id is null and o.kind = 'message'`,
      ...places(sql`o`, filter),
      ...seek(sql`o.message_id`, filter, before),
      ...byStatus(filter, {
        failed: sql`o.state in ('failed', 'unknown')`,
        completed: sql`o.state = 'sent'`,
        cancelled: sql`o.state = 'cancelled'`,
        waiting: sql`o.state = 'planned'`,
        running: sql`o.state = 'sending'`,
      }),
    ];
    return sql`(select o.message_id as id, 'outbound' as kind,
        case o.state when 'sent' then 'completed' when 'cancelled' then 'cancelled' when 'planned' then 'waiting'
                     when 'sending' then 'running' else 'failed' end as status,
        'outbound/' || o.message_id as workflow_id, null::uuid as flow_id, null::integer as version_no, o.conversation_id, o.inbox_id,
        o.message_id, null::text as step_id,
        case when o.state = 'planned' then case when not i.can_send then 'inbox' when o.not_before > now() then case when o.attempts = 0 then 'undo' else 'retry' end else 'turn' end end
          as waiting_for,
        case when o.state = 'planned' then o.not_before end as waiting_until, false as background,
        o.created_at as started_at, o.settled_at as ended_at,
        case when o.state in ('failed', 'unknown', 'cancelled') then o.error end as error
      from outbox o join inboxes i on i.id = o.inbox_id
     where ${sql.join(conditions, sql` and `)} order by o.message_id desc limit ${limit})`;
  },
};

const sources: readonly Source[] = [inbound, flow, outbound];

function places(alias: Part, filter: RunFilter): Part[] {
  return [
    ...(filter.inboxId === undefined ? [] : [sql`${alias}.inbox_id = ${filter.inboxId}`]),
    ...(filter.conversationId === undefined
      ? []
      : [sql`${alias}.conversation_id = ${filter.conversationId}`]),
  ];
}

function seek(id: Part, filter: RunFilter, before: string | null): Part[] {
  return [
    ...(filter.id === undefined ? [] : [sql`${id} = ${filter.id}`]),
    ...(before === null ? [] : [sql`${id} < ${before}`]),
  ];
}

function byStatus(filter: RunFilter, conditions: Partial<Record<RunStatus, Part>>): Part[] {
  return filter.status === undefined ? [] : [conditions[filter.status] ?? sql`false`];
}

export type RunStepRow = Selectable<RunStepsTable>;
export interface EffectRow {
  id: string;
  step_no: number | null;
  effect_no: number | null;
  kind: string;
  state: string;
  attempts: number;
  message_id: string | null;
  provider_message_id: string | null;
  not_before: Date | null;
  error: Json | null;
  created_at: Date;
  settled_at: Date | null;
}

/** Executions of steps, first to last. */
export async function stepsOfRun(tx: Tx, runId: string, limit: number, after: number): Promise<RunStepRow[]> {
  return tx
    .selectFrom('run_steps')
    .selectAll()
    .where('run_id', '=', runId)
    .where('step_no', '>', after)
    .orderBy('step_no')
    .limit(limit)
    .execute();
}

export async function effectsOfRun(tx: Tx, runId: string, stepNos: readonly number[]): Promise<EffectRow[]> {
  if (stepNos.length === 0) return [];
  return tx
    .selectFrom('outbox')
    .select(effectColumns)
    .where('run_id', '=', runId)
    .where('step_no', 'in', [...stepNos])
    .orderBy('step_no')
    .orderBy('effect_no')
    .execute();
}

export const effectColumns = [
  'id',
  'step_no',
  'effect_no',
  'kind',
  'state',
  'attempts',
  'message_id',
  'provider_message_id',
  'not_before',
  'error',
  'created_at',
  'settled_at',
] as const;
