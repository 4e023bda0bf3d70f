import { z } from '@hono/zod-openapi';
import { RUN_KINDS, RUN_STATUSES, type EffectRow, type RunRow, type RunStepRow } from '#db/runs.ts';
import type { Config } from '../config.ts';
import { errorWire, toError } from './message.ts';

export const runShape = z
  .object({
    id: z.string(),
    kind: z.enum(RUN_KINDS),
    status: z.enum(RUN_STATUSES),
    workflowId: z.string(),
    flowId: z.string().optional(),
    flowName: z.string().optional(),
    versionNo: z.number().optional(),
    conversationId: z.string().optional(),
    inboxId: z.string().optional(),
    inboxName: z.string().optional(),
    contactName: z.string().optional(),
    /** The message it is about: received, sent, or what started the flow. */
    messageId: z.string().optional(),
    stepId: z.string().optional(),
    background: z.boolean(),
    /** reply, merge, delay, person · start (queued) · turn, retry, inbox (a reply that can't leave yet) */
    waitingFor: z.string().optional(),
    waitingUntil: z.string().optional(),
    startedAt: z.string(),
    endedAt: z.string().optional(),
    error: errorWire.optional(),
    /** Its page in Temporal's own UI, where the deployment names one. */
    temporalUiUrl: z.string().optional(),
  })
  .openapi('Run');
export type RunWire = z.infer<typeof runShape>;

export function toRun(row: RunRow, config: Pick<Config, 'temporalUiUrl' | 'temporal'>): RunWire {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    workflowId: row.workflow_id,
    ...(row.flow_id !== null && { flowId: row.flow_id }),
    ...(row.flow_name !== null && { flowName: row.flow_name }),
    ...(row.version_no !== null && { versionNo: row.version_no }),
    ...(row.conversation_id !== null && { conversationId: row.conversation_id }),
    ...(row.inbox_id !== null && { inboxId: row.inbox_id }),
    ...(row.inbox_name !== null && { inboxName: row.inbox_name }),
    ...(row.contact_name !== null && { contactName: row.contact_name }),
    ...(row.message_id !== null && { messageId: row.message_id }),
    ...(row.step_id !== null && { stepId: row.step_id }),
    background: row.background,
    ...(row.waiting_for !== null && { waitingFor: row.waiting_for }),
    ...(row.waiting_until !== null && { waitingUntil: row.waiting_until.toISOString() }),
    startedAt: row.started_at.toISOString(),
    ...(row.ended_at !== null && { endedAt: row.ended_at.toISOString() }),
    ...(row.error !== null && { error: toError(row.error) }),
    ...(config.temporalUiUrl !== null && { temporalUiUrl: workflowPage(config, row.workflow_id) }),
  };
}

function workflowPage(config: Pick<Config, 'temporalUiUrl' | 'temporal'>, workflowId: string): string {
  const namespace = encodeURIComponent(config.temporal.namespace);
  return `${config.temporalUiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
}

/** Something done outside for a step: a message or a request, with its receipt. */
export const effectShape = z
  .object({
    id: z.string(),
    effectNo: z.number().nullable(),
    kind: z.string(),
    state: z.enum(['planned', 'sending', 'sent', 'failed', 'unknown', 'cancelled']),
    attempts: z.number(),
    messageId: z.string().optional(),
    providerMessageId: z.string().optional(),
    notBefore: z.string().optional(),
    error: errorWire.optional(),
    createdAt: z.string(),
    settledAt: z.string().optional(),
  })
  .openapi('Effect');
type EffectWire = z.infer<typeof effectShape>;

export function toEffect(row: EffectRow): EffectWire {
  return {
    id: row.id,
    effectNo: row.effect_no,
    kind: row.kind,
    state: row.state as EffectWire['state'],
    attempts: row.attempts,
    ...(row.message_id !== null && { messageId: row.message_id }),
    ...(row.provider_message_id !== null && { providerMessageId: row.provider_message_id }),
    ...(row.not_before !== null && { notBefore: row.not_before.toISOString() }),
    ...(row.error !== null && { error: toError(row.error) }),
    createdAt: row.created_at.toISOString(),
    ...(row.settled_at !== null && { settledAt: row.settled_at.toISOString() }),
  };
}

export const stepShape = z
  .object({
    stepNo: z.number(),
    stepId: z.string(),
    kind: z.string(),
    enteredAt: z.string(),
    leftAt: z.string().optional(),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    exit: z.string().optional(),
    error: errorWire.optional(),
    effects: z.array(effectShape),
    /** Only of the step where the run is waiting now. */
    wait: z.object({ for: z.string(), until: z.string().optional() }).optional(),
  })
  .openapi('RunStep');

export function toStep(
  row: RunStepRow,
  effects: readonly EffectRow[],
  run: RunRow | null,
): z.infer<typeof stepShape> {
  const waits =
    run !== null && run.waiting_for !== null && row.left_at === null && run.step_id === row.step_id;
  return {
    stepNo: row.step_no,
    stepId: row.step_id,
    kind: row.kind,
    enteredAt: row.entered_at.toISOString(),
    ...(row.left_at !== null && { leftAt: row.left_at.toISOString() }),
    ...(row.input !== null && { input: row.input }),
    ...(row.output !== null && { output: row.output }),
    ...(row.exit !== null && { exit: row.exit }),
    ...(row.error !== null && { error: toError(row.error) }),
    effects: effects.filter((effect) => effect.step_no === row.step_no).map(toEffect),
    ...(waits && {
      wait: {
        for: run.waiting_for ?? '',
        ...(run.waiting_until !== null && { until: run.waiting_until.toISOString() }),
      },
    }),
  };
}
