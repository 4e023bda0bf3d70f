/** Whether a call that may have arrived is made again. */
import type { MessageError } from '../message.ts';
import type { OutboxRow } from './snapshot.ts';
import { writeEffect, type Working, type WorkingRun } from './working.ts';

export const unansweredError: MessageError = {
  kind: 'no_answer',
  message: 'The provider may have received this: no answer came back.',
};
export const forgottenError: MessageError = {
  kind: 'no_answer',
  message:
    'The provider may have received this: no answer came back, and by now a repeat could arrive as a second message.',
};

export function repeatable(w: Working, effect: OutboxRow): boolean {
  if (effect.payload.kind === 'http')
    return effect.payload.method === 'GET' || effect.payload.method === 'HEAD';
  return w.tools.resend === 'safe';
}

/** Whether an earlier call may have arrived and the provider no longer knows its key. */
export function forgotten(w: Working, effect: OutboxRow): boolean {
  const { keyLifeMs } = w.tools;
  if (effect.kind !== 'message' || keyLifeMs === null || effect.inDoubtSinceMs === null) return false;
  return w.snapshot.nowMs - effect.inDoubtSinceMs > keyLifeMs;
}

export function leaveUnknown(
  w: Working,
  run: WorkingRun,
  effect: NonNullable<Working['effect']>,
  error: MessageError,
): null {
  effect.state = 'unknown';
  effect.error = error;
  writeEffect(w, run, effect, null);
  return null;
}
