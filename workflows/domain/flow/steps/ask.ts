import { z } from 'zod';
import type { Json } from '../../json.ts';
import { plainText, type Part } from '../../message.ts';
import {
  exitWith,
  messageEffects,
  partsAsJson,
  partsProblems,
  partsVariables,
  settleMessage,
} from '../outgoing.ts';
import { oneLine, templateText, variableName, waitSeconds } from '../params.ts';
import { readReply, REPLY_FORMATS } from '../reply-format.ts';
import { choiceOptionsSchema } from '../schema.ts';
import type { Scope } from '../scope.ts';
import { defineStep, type Position, type StepResult } from '../step.ts';
import type { MessageView, WaitState } from '../types.ts';

/** A burst longer than this is judged without waiting for its end. */
const MAX_MERGED = 50;

const params = z
  .object({
    text: templateText.min(1, 'Write the question.'),
    variable: variableName,
    format: z.enum(REPLY_FORMATS).default('text'),
    choices: choiceOptionsSchema.optional(),
    timeoutSeconds: waitSeconds,
    /** The invalid reply with this number leaves by `invalid`; those before it are asked again. */
    maxInvalid: z.int().min(0).max(20).default(3),
    mergeSeconds: z.number().min(0).max(600).optional(),
    /** Said instead of the question when asking again. */
    invalidText: templateText.optional(),
  })
  .refine(({ format, choices }) => format !== 'choice' || choices !== undefined, {
    path: ['choices'],
    message: 'A question for a choice needs its options.',
  });
type Params = z.infer<typeof params>;
type ReplyWait = Extract<WaitState, { kind: 'reply' }>;

function question({ text, format, choices }: Params): Part[] {
  return format === 'choice' && choices
    ? [{ kind: 'choices', text, options: choices }]
    : [{ kind: 'text', text }];
}
const again = (given: Params): Part[] => question({ ...given, text: given.invalidText || given.text });

function ask(parts: readonly Part[], scope: Scope, extra: Partial<StepResult> = {}): StepResult {
  const message = messageEffects(parts, scope);
  if ('error' in message) return exitWith('undelivered', { ...extra, error: message.error });
  return { ...extra, go: { kind: 'effects', effects: message.effects } };
}

/** A reply is complete: takes it, asks again under the same deadline, or gives up. */
function judge(given: Params, reply: MessageView, wait: ReplyWait, scope: Scope): StepResult {
  const verdict = readReply(given.format, reply, given.choices ?? []);
  if (verdict.kind === 'valid') {
    const label = verdict.label === undefined ? {} : { [`${given.variable}_label`]: verdict.label };
    const vars = { [given.variable]: verdict.value, ...label };
    return exitWith('reply', { message: reply, vars, output: { reply: reply.text, value: verdict.value } });
  }
  const invalidTries = wait.invalidTries + 1;
  const output: Json = { reply: reply.text, problem: verdict.problem, invalidTries };
  if (invalidTries >= given.maxInvalid) return exitWith('invalid', { message: reply, output });
  const asked = ask(again(given), { ...scope, message: reply }, { message: reply, output });
  return { ...asked, wait: { ...wait, invalidTries } };
}

/** What a burst adds up to: one message, in the last one's place. */
function joined(first: MessageView, ...others: readonly MessageView[]): MessageView {
  const all = [first, ...others];
  const parts = all.flatMap((message) => message.parts);
  const text = all
    .map((message) => message.text)
    .filter((part) => part !== '')
    .join('\n');
  return { ...(all.at(-1) ?? first), text, parts };
}

function receiveMessage(
  given: Params,
  message: MessageView,
  wait: WaitState,
  scope: Scope,
): StepResult | null {
  if (wait.kind === 'delay' || wait.kind === 'call') return null;
  const mergeMs = (given.mergeSeconds ?? 0) * 1000;
  const replyDeadlineMs = wait.kind === 'merge' ? wait.replyDeadlineMs : wait.deadlineMs;
  const parts = wait.kind === 'merge' ? [...wait.parts, message] : [message];
  const { invalidTries } = wait;
  if (mergeMs === 0 || parts.length >= MAX_MERGED)
    return judge(
      given,
      joinedAll(parts, message),
      { kind: 'reply', deadlineMs: replyDeadlineMs, invalidTries },
      scope,
    );
  const deadlineMs = Math.min(scope.nowMs + mergeMs, replyDeadlineMs);
  return {
    message,
    go: { kind: 'wait', wait: { kind: 'merge', deadlineMs, replyDeadlineMs, invalidTries, parts } },
  };
}
const joinedAll = ([first, ...others]: readonly MessageView[], otherwise: MessageView): MessageView =>
  first === undefined ? otherwise : joined(first, ...others);

function receiveTimeout(given: Params, wait: WaitState, scope: Scope): StepResult | null {
  if (wait.kind === 'delay' || wait.kind === 'call') return null;
  const [first, ...others] = wait.kind === 'merge' ? wait.parts : [];
  if (wait.kind === 'reply' || first === undefined) return exitWith('timeout');
  const { replyDeadlineMs: deadlineMs, invalidTries } = wait;
  return judge(given, joined(first, ...others), { kind: 'reply', deadlineMs, invalidTries }, scope);
}

/** The question, or its repetition, has an outcome. Without a wait yet the time for an answer begins now. */
function receiveOutcome(
  given: Params,
  settled: ReturnType<typeof settleMessage>,
  { wait }: Position,
  scope: Scope,
): StepResult {
  if (settled.kind === 'failed') return exitWith('undelivered', { error: settled.error });
  if (settled.kind === 'more') return { go: { kind: 'effects', effects: settled.effects }, wait };
  return {
    go: {
      kind: 'wait',
      wait: wait ?? { kind: 'reply', deadlineMs: replyDeadline(given, scope), invalidTries: 0 },
    },
  };
}
const replyDeadline = (given: Params, scope: Scope): number => scope.nowMs + given.timeoutSeconds * 1000;

export const askStep = defineStep({
  kind: 'ask',
  title: 'Ask and wait',
  description: 'Asks a question, waits for the answer and checks it.',
  params,
  waits: true,
  exitsWithoutWait: ['undelivered'],
  summary: (given) => oneLine(plainText(question(given))),
  exits: () => ['reply', 'invalid', 'timeout', 'undelivered', 'taken_over'],
  variablesUsed: (given) => [...partsVariables(question(given)), ...partsVariables(again(given))],
  variablesDefined: ({ variable, format }, exit) =>
    exit !== 'reply' ? [] : format === 'choice' ? [variable, `${variable}_label`] : [variable],
  problems: (given) => [
    ...partsProblems(question(given), 'text'),
    ...(given.invalidText ? partsProblems([{ kind: 'text', text: given.invalidText }], 'invalidText') : []),
  ],
  enter: (given, scope) =>
    ask(question(given), scope, { input: { question: partsAsJson(question(given)), format: given.format } }),
  receive: (given, event, position, scope) => {
    const { pending, wait } = position;
    if (event.kind === 'taken_over') return exitWith('taken_over');
    if (pending !== null)
      return event.kind === 'outcome'
        ? receiveOutcome(given, settleMessage(event.outcome, pending.effects), position, scope)
        : null;
    if (wait === null) return null;
    if (event.kind === 'message') return receiveMessage(given, event.message, wait, scope);
    return event.kind === 'timeout' ? receiveTimeout(given, wait, scope) : null;
  },
  refresh: (given, wait, scope) => {
    const deadlineMs = replyDeadline(given, scope);
    if (wait.kind !== 'merge') return { ...wait, deadlineMs };
    const silence = scope.nowMs + (given.mergeSeconds ?? 0) * 1000;
    return { ...wait, replyDeadlineMs: deadlineMs, deadlineMs: Math.min(silence, deadlineMs) };
  },
});
