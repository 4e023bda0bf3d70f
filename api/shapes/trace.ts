import { z } from '@hono/zod-openapi';
import type { MessageRow } from '#db/messages.ts';
import type { EffectRow, RunStepRow } from '#db/runs.ts';
import type { TraceRows, TraceRun } from '#db/trace.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { inboundWorkflowId, outboundWorkflowId } from '#workflows/contract.ts';
import { asObject } from './inbox.ts';

const entryShape = z.object({
  /** When; absent where rows don't say (a decision is stored without a time of its own). */
  at: z.string().optional(),
  /** webhook_received, workflow_started, ingested, routed, run_started, step, outbox, provider_ack, delivered, read, done … */
  kind: z.string(),
  title: z.string(),
  evidence: z.record(z.string(), z.unknown()),
});
export type TraceEntry = z.infer<typeof entryShape>;

export const traceShape = z
  .object({ messageId: z.string(), conversationId: z.string(), entries: z.array(entryShape) })
  .openapi('MessageTrace');

/** A message's story in the order in which it happened, each line with what proves it. */
export function toTrace(message: MessageRow, rows: TraceRows): z.infer<typeof traceShape> {
  const entries = message.direction === 'in' ? inboundStory(message, rows) : outboundStory(message, rows);
  return { messageId: message.id, conversationId: message.conversation_id, entries };
}

function inboundStory(message: MessageRow, { event, run, steps, effects }: TraceRows): TraceEntry[] {
  const arrival: TraceEntry[] = [];
  if (event) {
    arrival.push(
      line(event.received_at, 'webhook_received', 'The provider told us', {
        eventId: event.id,
        providerEventId: event.provider_event_id,
        acceptNo: event.accept_no,
      }),
    );
    if (event.started_at) {
      arrival.push(
        line(event.started_at, 'workflow_started', 'Its workflow was started', {
          workflowId: inboundWorkflowId(event.id),
        }),
      );
    }
  }
  arrival.push(
    line(
      event?.ingested_at ?? message.created_at,
      'ingested',
      `It became message ${message.seq} of the conversation`,
      {
        conversationId: message.conversation_id,
        seq: message.seq,
        providerMessageId: message.provider_message_id,
      },
    ),
  );
  const routed =
    message.routing === null
      ? []
      : [{ kind: 'routed', title: routedTitle(message.routing, run), evidence: asObject(message.routing) }];
  const started = run !== null && run.trigger_message_id === message.id ? [runStarted(run)] : [];
  const walked = inOrder([...started, ...stepLines(run, steps), ...effectLines(effects)]);
  const done = event?.done_at ? [line(event.done_at, 'done', 'Its workflow had nothing more to do', {})] : [];
  return [...arrival, ...routed, ...inOrder([...walked, ...done])];
}

function outboundStory(message: MessageRow, { run, steps, effects }: TraceRows): TraceEntry[] {
  const written = line(
    message.created_at,
    'written',
    message.author_kind === 'bot' ? 'A flow wrote it' : 'A person wrote it',
    {
      authorKind: message.author_kind,
      authorId: message.author_id,
      seq: message.seq,
      ...(run
        ? { runId: run.id, triggerMessageId: run.trigger_message_id }
        : { workflowId: outboundWorkflowId(message.id) }),
    },
  );
  const after = [
    ...(message.delivered_at
      ? [line(message.delivered_at, 'delivered', 'Delivered to the contact', {})]
      : []),
    ...(message.read_at ? [line(message.read_at, 'read', 'Read by the contact', {})] : []),
  ];
  return inOrder([...stepLines(run, steps), written, ...effectLines(effects), ...after]);
}

function routedTitle(routing: Json, run: TraceRun | null): string {
  const { kind } = asObject(routing);
  if (kind === 'person') return 'A person answers this conversation, so no flow took it';
  if (kind === 'other_app') return 'Another app answers this conversation, so no flow took it';
  if (kind === 'run') return run ? `The open run of “${run.flow_name}” took it` : 'An open run took it';
  if (kind === 'flow') return run ? `A trigger of “${run.flow_name}” fired` : 'A trigger fired';
  return 'No trigger fired';
}

function runStarted(run: TraceRun): TraceEntry {
  return line(run.started_at, 'run_started', `“${run.flow_name}” version ${run.version_no} began`, {
    runId: run.id,
    flowId: run.flow_id,
    versionNo: run.version_no,
    workflowId: run.workflow_id,
    status: run.status,
  });
}

function stepLines(run: TraceRun | null, steps: readonly RunStepRow[]): TraceEntry[] {
  return steps.map((step) =>
    line(
      step.entered_at,
      'step',
      step.exit === null
        ? `Step ${step.step_id} (${step.kind})`
        : `Step ${step.step_id} (${step.kind}) left by ${step.exit}`,
      {
        ...(run && { runId: run.id }),
        stepNo: step.step_no,
        stepId: step.step_id,
        leftAt: step.left_at?.toISOString() ?? null,
        exit: step.exit,
        input: step.input,
        output: step.output,
        error: step.error,
      },
    ),
  );
}

function effectLines(effects: readonly EffectRow[]): TraceEntry[] {
  return effects.flatMap((effect) => {
    const planned = line(
      effect.created_at,
      'outbox',
      effect.kind === 'http' ? 'A request was planned' : 'A message was planned',
      {
        outboxId: effect.id,
        messageId: effect.message_id,
        stepNo: effect.step_no,
        effectNo: effect.effect_no,
        state: effect.state,
        attempts: effect.attempts,
      },
    );
    return effect.settled_at === null ? [planned] : [planned, settled(effect, effect.settled_at)];
  });
}

const endings: Readonly<Record<string, readonly [kind: string, title: string]>> = {
  sent: ['provider_ack', 'The provider acknowledged it'],
  failed: ['provider_refused', 'It failed'],
  unknown: ['no_answer', 'No answer came: it may have arrived'],
  cancelled: ['cancelled', 'It was withdrawn before it left'],
};

function settled(effect: EffectRow, at: Date): TraceEntry {
  const [kind, title] = endings[effect.state] ?? ['settled', 'It was settled'];
  return line(at, kind, title, {
    outboxId: effect.id,
    providerMessageId: effect.provider_message_id,
    attempts: effect.attempts,
    error: effect.error,
  });
}

function line(at: Date, kind: string, title: string, evidence: JsonObject): TraceEntry {
  return { at: at.toISOString(), kind, title, evidence };
}

/** Stable: lines of the same moment stay in the order in which one leads to the other. */
function inOrder(entries: readonly TraceEntry[]): TraceEntry[] {
  return entries.toSorted((one, other) => (one.at ?? '').localeCompare(other.at ?? ''));
}
