/** The mutable copy of a snapshot that one decision works on, and the plan it leaves behind. */
import type { Reduction, RunContext, RunEvent } from '../flow/types.ts';
import { applyChange } from '../flow/apply-change.ts';
import { reduce } from '../flow/reduce.ts';
import type { JsonObject } from '../json.ts';
import { plainText, type MessageError } from '../message.ts';
import { contextOf } from './context.ts';
import type {
  DrivePlan,
  DriveSnapshot,
  DriveTools,
  MessageWrite,
  OutboxRow,
  OutboxWrite,
  OwedWake,
  RunRow,
} from './snapshot.ts';

/** Runs that one decision may start. */
export const MOST_STARTED = 20;

/** A run as it stands inside a decision. */
export interface WorkingRun extends RunRow {
  inserted: boolean;
  error: MessageError | null;
  parentRunId: string | null;
}

export interface Working {
  readonly snapshot: DriveSnapshot;
  readonly tools: DriveTools;
  readonly holder: string;
  conversation: DriveSnapshot['conversation'];
  context: RunContext;
  /** The open run being driven, if any. */
  run: WorkingRun | null;
  runs: Map<string, WorkingRun>;
  effect: (OutboxRow & { inserted: boolean }) | null;
  unread: DriveSnapshot['unread'];
  messages: MessageWrite[];
  messageStatuses: DrivePlan['messageStatuses'];
  outbox: Map<string, OutboxWrite>;
  routed: DrivePlan['routed'];
  visits: DrivePlan['visits'];
  changes: DrivePlan['changes'];
  activities: DrivePlan['activities'];
  /** Runs created in this decision; bounds flows that start flows. */
  startedRuns: number;
}

export function beginWork(
  snapshot: DriveSnapshot,
  holder: string,
  token: number,
  tools: DriveTools,
): Working {
  const { conversation } = snapshot;
  const run = snapshot.run ? { ...snapshot.run, inserted: false, error: null, parentRunId: null } : null;
  const runs = new Map<string, WorkingRun>();
  if (run) runs.set(run.id, run);
  return {
    snapshot,
    tools,
    holder,
    conversation: { ...conversation, leaseHolder: holder, leaseToken: token },
    context: contextOf(snapshot, tools),
    run,
    runs,
    effect: snapshot.effect ? { ...snapshot.effect, inserted: false } : null,
    unread: [...snapshot.unread],
    messages: [],
    messageStatuses: [],
    outbox: new Map(),
    routed: [],
    visits: [],
    changes: [],
    activities: [],
    startedRuns: 0,
  };
}

/** Tells the run an event and takes in everything the reducer answers: visits, changes, the next effect, wait or end. */
export function tell(w: Working, run: WorkingRun, event: RunEvent): void {
  const reduction = reduce(w.tools.definition(run.versionId), run.state, event, w.context);
  run.state = reduction.state;
  for (const visit of reduction.visits) w.visits.push({ ...visit, runId: run.id });
  run.waitingFor = null;
  run.deadlineMs = null;
  const successor = takeChanges(w, run, reduction);
  takeNext(w, run, reduction, successor);
}

/** @returns the flow that takes over as the next foreground run, if a step asked for one */
function takeChanges(w: Working, run: WorkingRun, reduction: Reduction): string | null {
  let successor: string | null = null;
  for (const change of reduction.changes) {
    w.context = applyChange(w.context, change);
    if (change.kind === 'start_flow') {
      if (change.foreground && !run.background) successor = change.flowId;
      else
        startRun(w, {
          flowId: change.flowId,
          background: true,
          parent: run,
          message: run.state?.message ?? null,
        });
      continue;
    }
    if (change.kind === 'handoff') {
      // From here a person answers: nothing planned under the old epoch may leave.
      w.conversation.owner = 'human';
      w.conversation.epoch += 1;
      note(w, 'handed_off', { runId: run.id, note: change.note });
      continue;
    }
    w.changes.push(change);
  }
  return successor;
}

function takeNext(w: Working, run: WorkingRun, reduction: Reduction, successor: string | null): void {
  const { next } = reduction;
  if (next.kind === 'effect') {
    run.status = 'active';
    planEffect(w, run, next);
    return;
  }
  if (next.kind === 'waiting') {
    if (run.background && next.waitingFor !== 'delay') {
      endRun(w, run, 'failed', {
        kind: 'background_ask',
        message:
          'A flow running in the background cannot wait for replies. Start it as the last step instead.',
      });
      return;
    }
    run.status = 'waiting';
    run.waitingFor = next.waitingFor;
    run.deadlineMs = next.deadlineMs;
    wakeBy(w, run, next.deadlineMs);
    return;
  }
  endRun(w, run, next.status, next.error ?? null);
  if (successor !== null && w.conversation.owner !== 'human') {
    startRun(w, { flowId: successor, background: false, parent: run, message: run.state?.message ?? null });
  }
}

function planEffect(w: Working, run: WorkingRun, next: Extract<Reduction['next'], { kind: 'effect' }>): void {
  const { effect, stepNo, effectNo } = next;
  let messageId: string | null = null;
  if (effect.kind === 'message') {
    messageId = w.tools.newId();
    w.conversation.lastSeq += 1;
    w.messages.push({
      id: messageId,
      seq: w.conversation.lastSeq,
      authorId: run.flowId,
      authorName: run.flowName,
      parts: effect.parts,
      text: plainText(effect.parts),
      status: 'planned',
      inReplyToId: effect.inReplyToId ?? null,
      as: effect.as ?? null,
    });
  }
  w.effect = {
    id: w.tools.newId(),
    messageId,
    kind: effect.kind,
    payload: effect,
    stepNo,
    effectNo,
    state: 'planned',
    epoch: w.conversation.epoch,
    claimExpiresAtMs: null,
    notBeforeMs: null,
    attempts: 0,
    inDoubtSinceMs: null,
    error: null,
    result: null,
    inserted: true,
  };
  writeEffect(w, run, w.effect, null);
}

/** Notes the effect's present state for storing, and mirrors it on its message. */
export function writeEffect(
  w: Working,
  run: WorkingRun,
  effect: OutboxRow & { inserted: boolean },
  claim: string | null,
): void {
  w.outbox.set(effect.id, {
    id: effect.id,
    insert: effect.inserted,
    runId: run.id,
    messageId: effect.messageId,
    kind: effect.kind,
    payload: effect.payload,
    stepNo: effect.stepNo,
    effectNo: effect.effectNo,
    state: effect.state,
    epoch: effect.epoch,
    claim,
    claimedAtMs: claim === null ? null : w.snapshot.nowMs,
    claimExpiresAtMs: effect.claimExpiresAtMs,
    attempts: effect.attempts,
    error: effect.error,
  });
  if (effect.messageId === null) return;
  const status = effect.state === 'cancelled' ? 'failed' : effect.state;
  const created = w.messages.find((message) => message.id === effect.messageId);
  if (created) created.status = status;
  else w.messageStatuses.push({ id: effect.messageId, status, error: effect.error });
}

/**
 * A new run of a published flow. Nothing happens if the flow is gone or flows start one another without end; the reason is
 * an activity of the conversation.
 */
export function startRun(
  w: Working,
  start: {
    flowId: string;
    background: boolean;
    parent: WorkingRun | null;
    message: WorkingRun['triggerMessage'];
  },
): void {
  const flow = w.snapshot.flows.find((candidate) => candidate.flowId === start.flowId);
  const depth = start.parent ? start.parent.depth + 1 : 0;
  if (!flow || depth > 5 || w.startedRuns >= MOST_STARTED) {
    const reason = flow ? 'Flows started one another more than five deep.' : 'The flow is not published.';
    note(w, 'flow_not_started', { flowId: start.flowId, reason });
    return;
  }
  w.startedRuns += 1;
  const run: WorkingRun = {
    id: w.tools.newId(),
    flowId: flow.flowId,
    flowName: flow.name,
    versionId: flow.versionId,
    versionNo: flow.versionNo,
    background: start.background,
    status: 'active',
    state: null,
    triggerMessage: start.message,
    waitingFor: null,
    deadlineMs: null,
    wakeAtMs: start.background ? w.snapshot.nowMs : null,
    wakeNo: start.background ? 1 : 0,
    wokenNo: 0,
    resume: false,
    ending: null,
    depth,
    leaseHolder: null,
    leaseToken: 0,
    inserted: true,
    error: null,
    parentRunId: start.parent?.id ?? null,
  };
  w.runs.set(run.id, run);
  note(w, 'flow_started', { runId: run.id, flowId: flow.flowId, flowName: flow.name });
  if (start.background) return;
  w.run = run;
  w.effect = null;
  w.conversation.runId = run.id;
  w.conversation.owner = 'run';
}

/** A line of the thread, placed behind what has been said so far. */
function note(w: Working, kind: string, data: JsonObject): void {
  w.activities.push({ kind, data, afterSeq: w.conversation.lastSeq });
}

export function endRun(
  w: Working,
  run: WorkingRun,
  status: 'completed' | 'failed' | 'cancelled',
  error: MessageError | null,
): void {
  run.status = status;
  run.error = error;
  run.waitingFor = null;
  run.deadlineMs = null;
  run.wakeAtMs = null;
  run.ending = null;
  run.resume = false;
  // Its own workflow sleeps on a timer: only a wake lets it end. The workflow that is driving it sees the end by itself.
  if (run.wakeNo > 0 && w.holder !== `run/${run.id}`) run.wakeNo += 1;
  note(w, 'flow_ended', { runId: run.id, flowName: run.flowName, status, error: error?.message ?? null });
  if (!run.background) {
    w.conversation.runId = null;
    if (w.conversation.owner === 'run') w.conversation.owner = 'none';
  }
  w.run = null;
  w.effect = null;
}

/**
 * Its workflow has to look by then (null: only when signalled). Owes a wake if it sleeps longer than that or was never started; the run's
 * own workflow, when it is the one deciding, simply sleeps accordingly.
 */
export function wakeBy(w: Working, run: WorkingRun, atMs: number | null): void {
  if (w.holder === `run/${run.id}`) {
    run.wakeAtMs = atMs;
    return;
  }
  const earlier = atMs !== null && (run.wakeAtMs === null || atMs < run.wakeAtMs);
  if (run.wakeNo > 0 && !earlier) return;
  run.wakeNo += 1;
  run.wakeAtMs = atMs;
}

/** The plan and the wakes owed once it is stored. */
export function finishWork(
  w: Working,
  release: boolean,
  doneEventId: string | null,
): { plan: DrivePlan; wakes: OwedWake[] } {
  const owed = new Map(w.snapshot.owed.map((wake) => [wake.runId, wake]));
  for (const run of w.runs.values()) {
    if (run.wakeNo > run.wokenNo)
      owed.set(run.id, { runId: run.id, wakeNo: run.wakeNo, wokenNo: run.wokenNo });
  }
  const { conversation } = w;
  const background = w.snapshot.run?.background === true ? w.snapshot.run.id : null;
  return {
    wakes: [...owed.values()],
    plan: {
      conversation: {
        id: conversation.id,
        owner: conversation.owner,
        epoch: conversation.epoch,
        runId: conversation.runId,
        cursor: conversation.cursor,
        lastSeq: conversation.lastSeq,
        // A background run's lease is on its own row; the conversation's stays whoever's it is.
        leaseHolder: background ? w.snapshot.conversation.leaseHolder : release ? null : w.holder,
        leaseToken: background ? w.snapshot.conversation.leaseToken : conversation.leaseToken,
      },
      doneEventId,
      routed: w.routed,
      runs: [...w.runs.values()].map((run) => ({
        id: run.id,
        insert: run.inserted,
        flowId: run.flowId,
        versionId: run.versionId,
        versionNo: run.versionNo,
        background: run.background,
        triggerMessageId: run.triggerMessage?.id ?? null,
        parentRunId: run.parentRunId,
        depth: run.depth,
        status: run.status,
        stepId: run.state?.stepId ?? null,
        stepNo: run.state?.stepNo ?? 0,
        state: run.state,
        waitingFor: run.waitingFor,
        deadlineMs: run.deadlineMs,
        wakeAtMs: run.wakeAtMs,
        wakeNo: run.wakeNo,
        resume: run.resume,
        ending: run.ending,
        error: run.error,
        leaseHolder: run.id === background && !release ? w.holder : null,
        leaseToken: run.id === background ? conversation.leaseToken : run.leaseToken,
      })),
      messages: w.messages,
      messageStatuses: w.messageStatuses,
      outbox: [...w.outbox.values()],
      visits: w.visits,
      changes: w.changes,
      activities: w.activities,
    },
  };
}
