/** Runs in words. Pure but for the names handed in. */
import type { Run, RunKind, RunStatus } from '../../lib/api/types.ts';
import { remaining } from '../../lib/time.ts';

export const RUN_STATUS_WORDS: Record<
  RunStatus,
  { word: string; tone: 'ok' | 'info' | 'warn' | 'danger' | 'neutral' }
> = {
  running: { word: 'Running', tone: 'info' },
  waiting: { word: 'Waiting', tone: 'warn' },
  completed: { word: 'Completed', tone: 'ok' },
  failed: { word: 'Failed', tone: 'danger' },
  cancelled: { word: 'Cancelled', tone: 'neutral' },
  terminated: { word: 'Terminated', tone: 'neutral' },
};
export const RUN_KIND_WORDS: Record<RunKind, string> = {
  inbound: 'Inbound message',
  flow: 'Flow run',
  outbound: 'Outbound message',
  onboarding: 'Onboarding',
  probe: 'Health check',
  batch: 'Batch',
};

const WAITS: Record<string, string> = {
  reply: 'waiting for a reply',
  merge: 'collecting replies',
  delay: 'waiting',
  person: 'paused: a person has taken over',
  start: 'queued, about to start',
  undo: 'held back, so that it can be taken back',
  turn: 'waiting for its turn in the conversation',
  retry: 'waiting to try again',
  inbox: 'waiting until the inbox can send again',
};

export function runTitle(run: Run, flowName?: string): string {
  const name = run.flowName ?? flowName;
  if (!name) return RUN_KIND_WORDS[run.kind] ?? run.kind;
  return run.versionNo ? `${name} · v${run.versionNo}` : name;
}

/** "waiting for a reply, 22 h more" */
export function standsAt(run: Run, nowMs: number): string {
  if (run.status === 'failed') return run.error?.message ?? 'failed';
  if (run.status !== 'waiting' || !run.waitingFor) return '';
  const words = WAITS[run.waitingFor] ?? `waiting for ${run.waitingFor.replaceAll('_', ' ')}`;
  return run.waitingUntil ? `${words}, ${remaining(Date.parse(run.waitingUntil), nowMs)}` : words;
}

/** Who has to do something before this run goes on. */
export function whoMustAct(run: Run): string {
  if (run.status === 'failed') return 'An operator: read the error, then start it again or let it be.';
  if (run.status === 'running') return 'Nobody. It is working.';
  if (run.status !== 'waiting') return 'Nobody. It has ended.';
  const acts: Record<string, string> = {
    reply: 'The contact: it goes on with their answer, or when the time is over.',
    merge: 'Nobody. It goes on after a moment of silence.',
    delay: 'Nobody. It goes on by itself when the time is over.',
    person: 'An agent: it goes on when the conversation is given back to the bot.',
    inbox: 'An admin: the inbox has to be reconnected in My Ring.',
  };
  return (run.waitingFor && acts[run.waitingFor]) || 'Nobody here. It goes on by itself.';
}

export function runDurationMs(run: Run, nowMs: number): number {
  return (run.endedAt ? Date.parse(run.endedAt) : nowMs) - Date.parse(run.startedAt);
}
