/** The run's memory: its beginning, and whether stored JSON is one. */
import { z } from 'zod';
import type { MessageView, RunState } from './types.ts';

export function initialState(stepId: string, message: MessageView | null): RunState {
  return {
    stepId,
    stepNo: 0,
    vars: {},
    message,
    pending: null,
    effectsPlanned: 0,
    wait: null,
    hops: 0,
    ended: null,
  };
}

const count = z.int().nonnegative();
const ms = z.number();
const bag = z.record(z.string(), z.unknown());
const part = z.looseObject({ kind: z.string(), text: z.string().optional() });
const message = z.looseObject({ id: z.string(), seq: z.number(), text: z.string(), parts: z.array(part) });
const effect = z.union([
  z.looseObject({ kind: z.literal('message'), parts: z.array(part) }),
  z.looseObject({ kind: z.literal('http'), url: z.string() }),
]);
const wait = z.union([
  z.looseObject({ kind: z.literal('reply'), deadlineMs: ms, invalidTries: count }),
  z.looseObject({
    kind: z.literal('merge'),
    deadlineMs: ms,
    replyDeadlineMs: ms,
    invalidTries: count,
    parts: z.array(message),
  }),
  z.looseObject({ kind: z.literal('delay'), deadlineMs: ms }),
  z.looseObject({ kind: z.literal('call'), deadlineMs: ms, invalidTries: count, ref: z.string() }),
]);
const error = z.looseObject({ kind: z.string(), message: z.string() });
const shape = z.looseObject({
  stepId: z.string(),
  stepNo: count,
  vars: bag,
  message: message.nullable(),
  pending: z.looseObject({ effectNo: count, effects: z.array(effect).min(1) }).nullable(),
  effectsPlanned: count,
  wait: wait.nullable(),
  hops: count,
  ended: z
    .looseObject({
      kind: z.literal('ended'),
      status: z.enum(['completed', 'failed']),
      error: error.optional(),
    })
    .nullable(),
});

/** A guard only: the state itself goes on unchanged. */
export function isRunState(value: unknown): value is RunState {
  return shape.safeParse(value).success;
}
