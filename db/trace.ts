/** The rows that tell one message's story. */
import type { Selectable } from 'kysely';
import type { Tx } from './client.ts';
import type { MessageRow } from './messages.ts';
import { effectColumns, type EffectRow, type RunStepRow } from './runs.ts';
import type { InboundEventsTable, RunsTable } from './schema.ts';

export type TraceEvent = Omit<Selectable<InboundEventsTable>, 'payload' | 'raw'>;
export type TraceRun = Pick<
  Selectable<RunsTable>,
  | 'id'
  | 'flow_id'
  | 'version_no'
  | 'workflow_id'
  | 'status'
  | 'trigger_message_id'
  | 'started_at'
  | 'ended_at'
  | 'error'
> & { flow_name: string };
export interface TraceRows {
  event: TraceEvent | null;
  run: TraceRun | null;
  /** Of an inbound message: the steps walked from its arrival to the next one's. Of a bot's message: the step that sent it. */
  steps: RunStepRow[];
  effects: EffectRow[];
}

const mostSteps = 100;

export async function traceRows(tx: Tx, message: MessageRow): Promise<TraceRows> {
  return message.direction === 'in' ? traceInbound(tx, message) : traceOutbound(tx, message);
}

async function traceInbound(tx: Tx, message: MessageRow): Promise<TraceRows> {
  const event =
    message.event_id === null
      ? undefined
      : await tx
          .selectFrom('inbound_events')
          .select([
            'id',
            'accept_no',
            'workspace_id',
            'inbox_id',
            'type',
            'account_key',
            'provider_event_id',
            'order_key',
            'kind',
            'target_provider_message_id',
            'received_at',
            'started_at',
            'message_id',
            'conversation_id',
            'ingested_at',
            'applied_at',
            'done_at',
            'not_before',
            'error',
          ])
          .where('id', '=', message.event_id)
          .executeTakeFirst();
  const run = await runOf(tx, message.conversation_id, {
    triggerMessageId: message.id,
    runId: listeningRun(message),
  });
  if (!run) return { event: event ?? null, run: null, steps: [], effects: [] };
  const next = await tx
    .selectFrom('messages')
    .select('created_at')
    .where('conversation_id', '=', message.conversation_id)
    .where('direction', '=', 'in')
    .where('seq', '>', message.seq)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  let query = tx
    .selectFrom('run_steps')
    .selectAll()
    .where('run_id', '=', run.id)
    .where((eb) => eb.or([eb('left_at', 'is', null), eb('left_at', '>=', message.created_at)]));
  if (next) query = query.where('entered_at', '<', next.created_at);
  const steps = await query.orderBy('step_no').limit(mostSteps).execute();
  return {
    event: event ?? null,
    run,
    steps,
    effects: await effectsOf(tx, run.id, steps, message.created_at),
  };
}

async function traceOutbound(tx: Tx, message: MessageRow): Promise<TraceRows> {
  const row = await tx
    .selectFrom('outbox')
    .select([...effectColumns, 'run_id'])
    .where('message_id', '=', message.id)
    .executeTakeFirst();
  if (!row) return { event: null, run: null, steps: [], effects: [] };
  const { run_id: runId, ...effect } = row;
  if (runId === null || effect.step_no === null)
    return { event: null, run: null, steps: [], effects: [effect] };
  const run = await runOf(tx, message.conversation_id, { runId });
  const steps = await tx
    .selectFrom('run_steps')
    .selectAll()
    .where('run_id', '=', runId)
    .where('step_no', '=', effect.step_no)
    .execute();
  return { event: null, run, steps, effects: [effect] };
}

function listeningRun(message: MessageRow): string | null {
  const { routing } = message;
  if (routing === null || typeof routing !== 'object' || Array.isArray(routing)) return null;
  return typeof routing['runId'] === 'string' ? routing['runId'] : null;
}

async function runOf(
  tx: Tx,
  conversationId: string,
  by: { runId?: string | null; triggerMessageId?: string },
): Promise<TraceRun | null> {
  const { runId, triggerMessageId } = by;
  const row = await tx
    .selectFrom('runs as r')
    .innerJoin('flows as f', 'f.id', 'r.flow_id')
    .select([
      'r.id',
      'r.flow_id',
      'r.version_no',
      'r.workflow_id',
      'r.status',
      'r.trigger_message_id',
      'r.started_at',
      'r.ended_at',
      'r.error',
      'f.name as flow_name',
    ])
    .where('r.conversation_id', '=', conversationId)
    .where((eb) =>
      eb.or([
        ...(runId ? [eb('r.id', '=', runId)] : []),
        ...(triggerMessageId
          ? [eb.and([eb('r.trigger_message_id', '=', triggerMessageId), eb('r.background', '=', false)])]
          : []),
      ]),
    )
    .orderBy('r.id')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

async function effectsOf(
  tx: Tx,
  runId: string,
  steps: readonly RunStepRow[],
  since: Date,
): Promise<EffectRow[]> {
  if (steps.length === 0) return [];
  return tx
    .selectFrom('outbox')
    .select(effectColumns)
    .where('run_id', '=', runId)
    .where(
      'step_no',
      'in',
      steps.map((step) => step.step_no),
    )
    .where('created_at', '>=', since)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}
