/** What the steps share that speak in a call: an instruction goes out as an effect, and the call's own events answer it. */
import { isCallEnd, type CallInstruction } from '../call.ts';
import type { CallPart, MessageError } from '../message.ts';
import { exitWith } from './outgoing.ts';
import type { Scope } from './scope.ts';
import { variablesOf } from './scope.ts';
import type { Position, StepEvent, StepResult } from './step.ts';
import { renderTemplate } from './template.ts';
import type { Effect, MessageView, WaitState } from './types.ts';

export type CallWait = Extract<WaitState, { kind: 'call' }>;

const notACall: MessageError = {
  kind: 'no_call',
  message: 'This conversation is no call: there is nobody to hear it.',
};

/** Names what answers it. A call hears one instruction after the other, so the time tells them apart. */
export function refOf(scope: Scope, tries = 0): string {
  const base = Math.max(0, Math.floor(scope.nowMs)).toString(36);
  return tries === 0 ? base : `${base}.${tries}`;
}

/** Sends an instruction into the call; without a call the step leaves by `failed`. */
export function instruct(
  instruction: CallInstruction,
  ref: string,
  scope: Scope,
  extra: Partial<StepResult> = {},
): StepResult {
  if (!scope.capabilities.voice) return exitWith('failed', { ...extra, error: notACall });
  const part: CallPart = { kind: 'call', event: instruction.do, ref, instruction };
  return { ...extra, go: { kind: 'effects', effects: [{ kind: 'message', parts: [part] }] } };
}

export function said(template: string, scope: Scope): string {
  return renderTemplate(template, variablesOf(scope));
}

/** How long it takes to say this, generously: ten characters a second. */
export function speakingSeconds(text: string): number {
  return Math.ceil(text.length / 10);
}

export interface Listening {
  /** Seconds without any news after which nothing will come. */
  patience: number;
  /** What a refused instruction means, by the refusal's code; otherwise `failed`. */
  refusals?: Readonly<Record<string, string>>;
  /** Leaves for want of any news. */
  onSilence: () => StepResult;
  /** An event that answers this very instruction; null = not what it waits for. */
  heard(part: CallPart, message: MessageView, wait: CallWait): StepResult | null;
}

/** The instruction's outcome, then its answer; whatever it waits for, a call that is over ends it by `hung_up`. */
export function listen(
  event: StepEvent,
  { pending, wait }: Position,
  scope: Scope,
  to: Listening,
): StepResult | null {
  if (pending !== null)
    return event.kind === 'outcome' ? settled(event.outcome, pending.effects, wait, scope, to) : null;
  if (wait?.kind !== 'call') return null;
  if (event.kind === 'timeout') return to.onSilence();
  if (event.kind !== 'message') return null;
  const part = event.message.parts.find((each): each is CallPart => each.kind === 'call');
  if (part === undefined) return null;
  if (isCallEnd(part.event))
    return exitWith('hung_up', { message: event.message, output: { event: part.event } });
  return part.ref === wait.ref ? to.heard(part, event.message, wait) : null;
}

function settled(
  outcome: Extract<StepEvent, { kind: 'outcome' }>['outcome'],
  effects: readonly Effect[],
  wait: WaitState | null,
  scope: Scope,
  to: Listening,
): StepResult {
  if (outcome.kind === 'failed') {
    const { error } = outcome;
    const exit = error.kind === 'contact_unreachable' ? 'hung_up' : to.refusals?.[error.providerCode ?? ''];
    return exitWith(exit ?? 'failed', { error });
  }
  const [effect] = effects;
  const part = effect?.kind === 'message' ? effect.parts.find((each) => each.kind === 'call') : undefined;
  return {
    go: {
      kind: 'wait',
      wait: {
        kind: 'call',
        deadlineMs: scope.nowMs + to.patience * 1000,
        invalidTries: wait?.kind === 'call' ? wait.invalidTries : 0,
        ref: part?.ref ?? '',
      },
    },
  };
}

export const noNews: MessageError = {
  kind: 'no_answer',
  message: 'Nothing was heard of the call for far longer than it takes.',
};
