import { describeSeconds } from './params.ts';
import type { RunState, WaitState } from './types.ts';

const words: Record<WaitState['kind'], string> = {
  reply: 'waiting for a reply',
  merge: 'collecting replies',
  delay: 'waiting',
  call: 'waiting for the caller',
};

/** Where a run stands, for screens: "waiting for a reply, 2 h more". `invalidTries` are told too. */
export function describeWait(state: Pick<RunState, 'pending' | 'wait' | 'ended'>, nowMs: number): string {
  const { pending, wait, ended } = state;
  if (ended !== null)
    return ended.status === 'completed'
      ? 'completed'
      : `failed: ${ended.error?.message ?? 'no reason known'}`;
  if (pending?.effects[0]?.kind === 'http') return 'waiting for an answer to its request';
  if (pending !== null) return wait === null ? 'sending a message' : 'asking again';
  if (wait === null) return 'about to go on';
  const leftMs = wait.deadlineMs - nowMs;
  const left = leftMs <= 0 ? 'its time is over' : `${describeSeconds(leftMs / 1000)} more`;
  const tries = wait.kind !== 'delay' && wait.invalidTries > 0 ? `, ${wait.invalidTries} not understood` : '';
  return `${words[wait.kind]}, ${left}${tries}`;
}
