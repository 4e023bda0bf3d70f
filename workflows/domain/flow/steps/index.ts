import type { StepSpec } from '../step.ts';
import type { StepKind } from '../types.ts';
import { askStep } from './ask.ts';
import { assign } from './assign.ts';
import { condition } from './condition.ts';
import { delay } from './delay.ts';
import { end } from './end.ts';
import { gather } from './gather.ts';
import { goto } from './goto.ts';
import { handoff } from './handoff.ts';
import { hangUp } from './hang-up.ts';
import { http } from './http.ts';
import { label } from './label.ts';
import { ring } from './ring.ts';
import { say } from './say.ts';
import { send } from './send.ts';
import { set } from './set.ts';
import { startFlow } from './start-flow.ts';
import { voicemail } from './voicemail.ts';

/** Every step kind. The compiler refuses a forgotten one. */
export const STEPS: Readonly<Record<StepKind, StepSpec>> = {
  send,
  ask: askStep,
  condition,
  set,
  delay,
  http,
  assign,
  label,
  handoff,
  goto,
  start_flow: startFlow,
  say,
  gather,
  ring,
  voicemail,
  hang_up: hangUp,
  end,
};

/** The spec of a kind that came from outside; undefined for an unknown one. */
export function stepSpec(kind: unknown): StepSpec | undefined {
  return typeof kind === 'string' && Object.hasOwn(STEPS, kind) ? STEPS[kind as StepKind] : undefined;
}
