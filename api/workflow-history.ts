/** Temporal's own record of a workflow, summarised: what happened and when. Payloads stay sealed; nothing of them is passed on. */
import { ServiceError, type Client } from '@temporalio/client';
import proto, { type temporal as protocol } from '@temporalio/proto';
import type { JsonObject } from '#domain/json.ts';

// CommonJS: Node finds its default export only.
const { temporal } = proto;

export interface HistoryEvent {
  id: number;
  type: string;
  at: string;
  details: JsonObject;
}
export interface HistoryPage {
  events: HistoryEvent[];
  nextToken: string | null;
}

/** The latest execution of this workflow id, oldest event first; null where Temporal knows none (any more). */
export async function workflowHistory(
  client: Client,
  workflowId: string,
  limit: number,
  token: string | null,
): Promise<HistoryPage | null> {
  try {
    const answer = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: limit,
      ...(token !== null && { nextPageToken: Buffer.from(token, 'base64url') }),
    });
    const next = answer.nextPageToken;
    return {
      events: (answer.history?.events ?? []).map(toEvent),
      nextToken: next && next.length > 0 ? Buffer.from(next).toString('base64url') : null,
    };
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** Ends a workflow by force. False where none is running. */
export async function terminateWorkflow(
  client: Client,
  workflowId: string,
  reason: string,
): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).terminate(reason);
    return true;
  } catch (error) {
    if (isNotFound(error) || (error instanceof Error && error.name === 'WorkflowNotFoundError')) return false;
    throw error;
  }
}

const notFoundCode = 5;
function isNotFound(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === notFoundCode;
}

type ProtoEvent = protocol.api.history.v1.IHistoryEvent;

function toEvent(event: ProtoEvent): HistoryEvent {
  const type = temporal.api.enums.v1.EventType[event.eventType ?? 0] ?? 'EVENT_TYPE_UNSPECIFIED';
  return {
    id: Number(event.eventId ?? 0),
    type: type.replace(/^EVENT_TYPE_/, '').toLowerCase(),
    at: at(event.eventTime),
    details: details(event),
  };
}

function at(time: { seconds?: unknown; nanos?: number | null } | null | undefined): string {
  return new Date(Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6).toISOString();
}

/** Names and numbers only: a field that isn't named here stays out. */
function details(event: ProtoEvent): JsonObject {
  const scheduled = event.activityTaskScheduledEventAttributes;
  const started = event.activityTaskStartedEventAttributes;
  const failed = event.activityTaskFailedEventAttributes ?? event.workflowExecutionFailedEventAttributes;
  const timer = event.timerStartedEventAttributes;
  const signal = event.workflowExecutionSignaledEventAttributes;
  const begun = event.workflowExecutionStartedEventAttributes;
  const marker = event.markerRecordedEventAttributes;
  const task = event.workflowTaskFailedEventAttributes;
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  return {
    ...(begun && {
      workflowType: begun.workflowType?.name ?? '',
      taskQueue: begun.taskQueue?.name ?? '',
      attempt: begun.attempt ?? 1,
    }),
    ...(scheduled && {
      activity: scheduled.activityType?.name ?? '',
      taskQueue: scheduled.taskQueue?.name ?? '',
    }),
    ...(started && { attempt: started.attempt ?? 1 }),
    ...(timer && {
      timerId: timer.timerId ?? '',
      firesAfterSeconds: Number(timer.startToFireTimeout?.seconds ?? 0),
    }),
    ...(signal && { signal: signal.signalName ?? '' }),
    ...(marker && { marker: marker.markerName ?? '' }),
    ...(task && { cause: temporal.api.enums.v1.WorkflowTaskFailedCause[task.cause ?? 0] ?? '' }),
    ...(failed && { failure: failed.failure?.applicationFailureInfo?.type ?? 'failed' }),
    ...(terminated && { reason: terminated.reason ?? '' }),
  };
}
