/**
 * The heart of the drive protocol: from what the rows say, what is to be done next. Pure and total; always computed from rows, never
 * remembered, so that a repeated or late execution ends in the same place. Stored in the transaction that took the snapshot.
 */
import { isCallEnd } from '../call.ts';
import { routeMessage } from '../flow/match-trigger.ts';
import {
  beginWork,
  endRun,
  finishWork,
  MOST_STARTED,
  startRun,
  tell,
  wakeBy,
  writeEffect,
  type Working,
  type WorkingRun,
} from './working.ts';
import { forgotten, forgottenError, leaveUnknown, repeatable, unansweredError } from './repeat.ts';
import { more, nextUnread } from './unread.ts';
import type { Call, DriveDecision, DriveOutcome, DriveSnapshot, DriveTools, OutboxRow } from './snapshot.ts';
import { claimLifeMs, LEASED_WAIT_MS, LOCAL_CALL_MS, LONGEST_HTTP_MS, REGULAR_CALL_MS } from './times.ts';

/** More turns than any sound flow takes between two waits; beyond it the run goes on in the next look. */
const MOST_TURNS = 200;

/** A message's workflow wants to drive its conversation (T2). */
export function enterForEvent(snapshot: DriveSnapshot, holder: string, tools: DriveTools): DriveDecision {
  const { conversation, event } = snapshot;
  const mine = conversation.leaseHolder === holder;
  // A late attempt of a workflow that has nothing more to do takes no new lease.
  if (event?.done && !mine) return { plan: null, outcome: { kind: 'exit' }, wakes: snapshot.owed };
  if (conversation.leaseHolder !== null && !mine) {
    return { plan: finishIdle(event?.id ?? null), outcome: { kind: 'busy' }, wakes: [] };
  }
  return proceed(snapshot, holder, conversation.leaseToken + 1, tools);
}

/** `run/<id>` looks (T5): drives if there is work, sleeps if there is none, completes when its run has ended. */
export function enterForRun(snapshot: DriveSnapshot, holder: string, tools: DriveTools): DriveDecision {
  const { conversation, run, self } = snapshot;
  const background = run?.background === true;
  const lease = background ? run : conversation;
  if (lease.leaseHolder === holder) return proceed(snapshot, holder, lease.leaseToken + 1, tools);
  if (self === null || self.ended)
    return { plan: null, outcome: { kind: 'complete' }, wakes: others(snapshot) };
  if (lease.leaseHolder !== null) return { plan: null, outcome: { kind: 'busy' }, wakes: [] };
  if (hasWork(snapshot)) return proceed(snapshot, holder, lease.leaseToken + 1, tools);
  return { plan: null, outcome: { kind: 'sleep', untilMs: run?.wakeAtMs ?? null }, wakes: others(snapshot) };
}

/** Goes on under a lease whose token is known to be current (after T2 or T3). */
export function proceed(
  snapshot: DriveSnapshot,
  holder: string,
  token: number,
  tools: DriveTools,
): DriveDecision {
  const w = beginWork(snapshot, holder, token, tools);
  const outcome = walk(w);
  const release = outcome.kind === 'exit';
  const { plan, wakes } = finishWork(w, release, release ? (snapshot.event?.id ?? null) : null);
  if (outcome.kind === 'call') outcome.token = token;
  const self = snapshot.self?.id;
  return {
    plan,
    outcome: ofRunWorkflow(w, outcome),
    wakes: release ? wakes.filter((wake) => wake.runId !== self) : [],
  };
}

function walk(w: Working): DriveOutcome {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const outcome = step(w);
    if (outcome) return outcome;
  }
  return { kind: 'again' };
}

/** One turn; null = look again at what the rows (as changed) now say. */
function step(w: Working): DriveOutcome | null {
  const { run } = w;
  if (run?.ending) return endAsAsked(w, run);
  // Given back before it was paused: it simply goes on.
  if (run?.status === 'active') run.resume = false;
  if (run?.status === 'active') return run.state === null ? begin(w, run) : driveEffect(w, run);
  if (w.conversation.owner === 'human' && !run?.background) return leaveToPerson(w);
  if (run?.status === 'paused') return run.resume ? resume(w, run) : restUntil(w, run, null);
  if (run?.status === 'waiting') return listen(w, run);
  return route(w);
}

function begin(w: Working, run: WorkingRun): null {
  tell(w, run, { kind: 'start', message: run.triggerMessage });
  return null;
}

function driveEffect(w: Working, run: WorkingRun): DriveOutcome | null {
  const { effect } = w;
  const pending = run.state?.pending ?? null;
  if (!effect || !pending || effect.stepNo !== run.state?.stepNo || effect.effectNo !== pending.effectNo) {
    endRun(w, run, 'failed', {
      kind: 'inconsistent',
      message: 'The run had no effect to go on from. Nothing was sent twice.',
    });
    return null;
  }
  if (effect.state === 'planned') return claimOrWait(w, run, effect);
  if (effect.state === 'sending') return expireOrWait(w, run, effect);
  if (w.conversation.owner === 'human' && !run.background) {
    run.status = 'paused';
    run.wakeAtMs = null;
    return null;
  }
  if (effect.state !== 'cancelled') {
    const { state } = effect;
    tell(w, run, {
      kind: 'outcome',
      outcome:
        state === 'sent'
          ? { kind: 'sent', result: effect.result }
          : state === 'failed'
            ? {
                kind: 'failed',
                error: effect.error ?? { kind: 'permanent', message: 'Refused.' },
                result: effect.result,
              }
            : { kind: 'unknown' },
    });
  } else if (run.background) {
    // Nobody gives a background run back: its message is over.
    tell(w, run, { kind: 'outcome', outcome: { kind: 'failed', error: takenOverError } });
  } else {
    tell(w, run, { kind: 'replan' });
  }
  return null;
}

const takenOverError = { kind: 'cancelled', message: 'A person took over before this was sent.' };

/** Whether a bot message planned under an older ownership must not leave (I8). HTTP requests are no messages: they go on. */
function overtaken(w: Working, run: WorkingRun, effect: OutboxRow): boolean {
  if (run.background) return effect.kind === 'message' && w.conversation.owner === 'human';
  return w.conversation.owner !== 'run' || effect.epoch !== w.conversation.epoch;
}

function claimOrWait(
  w: Working,
  run: WorkingRun,
  effect: NonNullable<Working['effect']>,
): DriveOutcome | null {
  const { nowMs } = w.snapshot;
  if (overtaken(w, run, effect)) {
    effect.state = 'cancelled';
    effect.error = takenOverError;
    writeEffect(w, run, effect, null);
    return null;
  }
  if (effect.kind === 'message' && !w.snapshot.inbox.canSend) {
    wakeBy(w, run, null);
    if (effect.messageId) w.messageStatuses.push({ id: effect.messageId, status: 'parked', error: null });
    return { kind: 'exit' };
  }
  if (effect.notBeforeMs !== null && effect.notBeforeMs > nowMs) {
    const afterMs = effect.notBeforeMs - nowMs;
    if (afterMs <= LEASED_WAIT_MS) return { kind: 'deliver', afterMs };
    wakeBy(w, run, effect.notBeforeMs);
    return { kind: 'exit' };
  }
  if (forgotten(w, effect)) return leaveUnknown(w, run, effect, forgottenError);
  // A slow request would outlast the workflow task's heartbeat.
  if (effect.kind === 'http' && w.tools.mode === 'local') return { kind: 'deliver', afterMs: 0 };
  if (!w.tools.mayClaim) return { kind: 'again' };
  return claim(w, run, effect);
}

/** How long the call itself may take. */
export function callTimeoutMs(effect: OutboxRow['payload'], mode: DriveTools['mode']): number {
  if (effect.kind === 'http') return Math.min(effect.timeoutMs, LONGEST_HTTP_MS);
  return mode === 'local' ? LOCAL_CALL_MS : REGULAR_CALL_MS;
}

function claim(w: Working, run: WorkingRun, effect: NonNullable<Working['effect']>): DriveOutcome {
  const token = w.tools.newClaim();
  effect.state = 'sending';
  effect.attempts += 1;
  effect.claimExpiresAtMs = w.snapshot.nowMs + claimLifeMs(callTimeoutMs(effect.payload, w.tools.mode));
  writeEffect(w, run, effect, token);
  const call: Call = {
    runId: run.id,
    outboxId: effect.id,
    claim: token,
    messageId: effect.messageId,
    effect: effect.payload,
    attempts: effect.attempts,
  };
  return { kind: 'call', call, token: 0 };
}

function expireOrWait(
  w: Working,
  run: WorkingRun,
  effect: NonNullable<Working['effect']>,
): DriveOutcome | null {
  // A claim made in this very decision is returned at once, so this one is somebody else's.
  if ((effect.claimExpiresAtMs ?? 0) > w.snapshot.nowMs) return { kind: 'wait' };
  const slow = effect.kind === 'http' && w.tools.mode === 'local';
  if (repeatable(w, effect) && !overtaken(w, run, effect) && !forgotten(w, effect)) {
    if (slow) return { kind: 'deliver', afterMs: 0 };
    return w.tools.mayClaim ? claim(w, run, effect) : { kind: 'again' };
  }
  return leaveUnknown(w, run, effect, forgotten(w, effect) ? forgottenError : unansweredError);
}

function leaveToPerson(w: Working): DriveOutcome {
  if (w.run?.status === 'waiting') {
    w.run.status = 'paused';
    w.run.deadlineMs = null;
    w.run.wakeAtMs = null;
  }
  for (let message = nextUnread(w); message; message = nextUnread(w)) {
    w.routed.push({
      messageId: message.id,
      routing: { kind: 'person', reason: 'A person answers this conversation.' },
    });
  }
  return more(w) ? { kind: 'again' } : { kind: 'exit' };
}

function resume(w: Working, run: WorkingRun): null {
  run.resume = false;
  if (run.state?.pending) run.status = 'active';
  else tell(w, run, { kind: 'resumed' });
  return null;
}

function listen(w: Working, run: WorkingRun): DriveOutcome | null {
  const message = run.background ? undefined : nextUnread(w);
  // Rows before timers: what the customer said before the deadline was looked at counts.
  if (message) {
    w.routed.push({
      messageId: message.id,
      routing: { kind: 'run', runId: run.id, flowId: run.flowId, reason: `“${run.flowName}” was listening.` },
    });
    tell(w, run, {
      kind: 'message',
      message: { id: message.id, seq: message.seq, text: message.text, parts: message.parts },
    });
    // A call is over, and with it the run that led it: flows that listen to calls that are over hear of it too.
    if (w.run === null && isCallEnd(callEventOf(w, message) ?? ''))
      consider(w, message, 'only if one starts');
    return null;
  }
  if (!run.background && more(w)) return { kind: 'again' };
  if (run.deadlineMs !== null && run.deadlineMs <= w.snapshot.nowMs) {
    tell(w, run, { kind: 'timeout' });
    return null;
  }
  return restUntil(w, run, run.deadlineMs);
}

/** Nothing to do before then. `run/<id>`, when it is the one deciding, forgets the earlier time it was woken for. */
function restUntil(w: Working, run: WorkingRun, atMs: number | null): DriveOutcome {
  if (w.holder === `run/${run.id}`) run.wakeAtMs = atMs;
  return { kind: 'exit' };
}

function route(w: Working): DriveOutcome | null {
  if (w.snapshot.run?.background) return { kind: 'exit' };
  if (w.startedRuns >= MOST_STARTED && w.unread.length > 0) return { kind: 'again' };
  const message = nextUnread(w);
  if (!message) return more(w) ? { kind: 'again' } : { kind: 'exit' };
  consider(w, message);
  return null;
}

type Unread = DriveSnapshot['unread'][number];

/** What happened, where messages are events of calls. */
function callEventOf(w: Working, message: Unread): string | undefined {
  if (!w.tools.capabilities.voice) return undefined;
  return message.parts.find((part) => part.kind === 'call')?.event;
}

/** Which flow a message starts, written down with every reason; the flow, if any, is the conversation's run from now on. */
function consider(w: Working, message: Unread, note: 'always' | 'only if one starts' = 'always'): void {
  const enabled = w.snapshot.flows.filter((flow) => flow.enabled);
  const call = callEventOf(w, message);
  const decision = routeMessage(
    enabled.map((flow) => ({ ...flow, triggers: w.tools.definition(flow.versionId).triggers })),
    {
      inboxId: w.snapshot.inbox.id,
      text: message.text,
      isFirst: message.first,
      ...(call !== undefined && { call }),
    },
  );
  if (!decision.flow && note !== 'always') return;
  const considered = decision.considered.map(({ flowId, name, matched, reason }) => ({
    flowId,
    name,
    matched,
    reason,
  }));
  w.routed.push({
    messageId: message.id,
    routing: { kind: decision.flow ? 'flow' : 'none', flowId: decision.flow?.flowId ?? null, considered },
  });
  if (!decision.flow) return;
  const { id, seq, text, parts } = message;
  startRun(w, {
    flowId: decision.flow.flowId,
    background: false,
    parent: null,
    message: { id, seq, text, parts },
  });
}

function endAsAsked(w: Working, run: WorkingRun): null {
  const ending = run.ending;
  run.ending = null;
  if (ending === 'taken_over' && run.state && !run.state.pending && run.status !== 'active')
    tell(w, run, { kind: 'taken_over' });
  // Still this run, or one that its exit has just started in its place.
  const left = w.run;
  if (left) {
    withdrawEffect(w, left);
    endRun(w, left, 'cancelled', null);
  }
  return null;
}

/** What a person's decision ended says nothing more: a message planned on the way out is withdrawn unsent. */
function withdrawEffect(w: Working, run: WorkingRun): void {
  if (w.effect?.state !== 'planned') return;
  w.effect.state = 'cancelled';
  w.effect.error = takenOverError;
  writeEffect(w, run, w.effect, null);
}

/** Whether `run/<id>` has something to do now. What is parked or not due is no work, or the look would loop. */
function hasWork(snapshot: DriveSnapshot): boolean {
  const { run, effect, conversation, nowMs, inbox } = snapshot;
  if (!run) return conversation.cursor < conversation.lastInSeq;
  if (run.ending || run.resume) return true;
  // Its time has come though nothing is due: the deadline has moved, and so has to be noted.
  if (run.wakeAtMs !== null && run.wakeAtMs <= nowMs) return true;
  if (!run.background && conversation.cursor < conversation.lastInSeq) return true;
  if (run.status === 'waiting') return run.deadlineMs !== null && run.deadlineMs <= nowMs;
  if (run.status !== 'active') return false;
  if (run.state === null || effect?.state !== 'planned') return true;
  if (!run.background && (conversation.owner !== 'run' || effect.epoch !== conversation.epoch)) return true;
  if (effect.kind === 'message' && !inbox.canSend) return false;
  return effect.notBeforeMs === null || effect.notBeforeMs <= nowMs;
}

/** After a drive, `run/<id>` sleeps until its run wants a look, or completes when it has ended. */
function ofRunWorkflow(w: Working, outcome: DriveOutcome): DriveOutcome {
  const self = w.snapshot.self;
  if (outcome.kind !== 'exit' || self === null) return outcome;
  const own = w.runs.get(self.id);
  if (self.ended || (own && isEnded(own))) return { kind: 'complete' };
  return { kind: 'sleep', untilMs: own?.wakeAtMs ?? null };
}

function isEnded(run: WorkingRun): boolean {
  return run.status !== 'active' && run.status !== 'waiting' && run.status !== 'paused';
}

function others(snapshot: DriveSnapshot): DriveSnapshot['owed'] {
  return snapshot.owed.filter((wake) => wake.runId !== snapshot.self?.id);
}

/** Ends an event's workflow without touching the drive: its message is queued by its row, and the holder will see it. */
function finishIdle(doneEventId: string | null): DriveDecision['plan'] {
  return {
    conversation: null,
    doneEventId,
    routed: [],
    runs: [],
    messages: [],
    messageStatuses: [],
    outbox: [],
    visits: [],
    changes: [],
    activities: [],
  };
}
