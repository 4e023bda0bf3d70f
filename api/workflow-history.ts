/** Temporal's own record of a workflow, summarised: what happened and when. Payloads stay sealed; nothing of them is passed on. */
import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
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

/** Temporal's pages are of whole batches, so ours are cut from them; bigger than most histories are long. */
const fetchedAtOnce = 500;

/**
 * The latest execution of this workflow id, oldest event first, up to `limit` events after the one with the id `after`; null where
 * Temporal knows no such workflow (any more).
 */
export async function workflowHistory(
  client: Client,
  workflowId: string,
  limit: number,
  after: number,
): Promise<HistoryEvent[] | null> {
  const found: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | null | undefined;
  try {
    do {
      const answer = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId },
        maximumPageSize: fetchedAtOnce,
        ...(nextPageToken && { nextPageToken }),
      });
      const events = (answer.history?.events ?? []).map(toEvent);
      found.push(...events.filter((event) => event.id > after).slice(0, limit - found.length));
      nextPageToken = answer.nextPageToken;
    } while (found.length < limit && nextPageToken && nextPageToken.length > 0);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
  return found;
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
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** gRPC's NOT_FOUND. */
const notFoundCode = 5;
/** The service tells by its code; the client's handles wrap the same error or translate it. */
function isNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const told = error instanceof ServiceError && error.cause !== undefined ? error.cause : error;
  return told instanceof Error && 'code' in told && told.code === notFoundCode;
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
