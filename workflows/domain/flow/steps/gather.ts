import { z } from 'zod';
import { instruct, listen, refOf, said, speakingSeconds, type CallWait } from '../calling.ts';
import type { CallInstruction } from '../../call.ts';
import type { CallPart } from '../../message.ts';
import { exitWith } from '../outgoing.ts';
import { language, oneLine, templateProblems, templateText, variableName, voice } from '../params.ts';
import type { Scope } from '../scope.ts';
import { defineStep, type StepResult } from '../step.ts';
import { templateVariables } from '../template.ts';
import type { MessageView } from '../types.ts';

const params = z.object({
  text: templateText.min(1, 'Write the question.'),
  variable: variableName,
  input: z.enum(['digits', 'speech', 'both']).default('digits'),
  /** Ends after so many digits; absent: by # or a pause. */
  numDigits: z.int().min(1).max(32).optional(),
  /** Silence after which the caller is asked again. */
  timeoutSeconds: z.number().min(1).max(120).default(5),
  /** What is understood, such as 1, 2, yes; absent: anything. */
  accept: z.array(z.string().min(1).max(100)).max(50).optional(),
  /** The answer with this number that isn't understood leaves by `invalid`, silence by `timeout`; those before are asked again. */
  maxInvalid: z.int().min(1).max(20).default(3),
  /** Said instead of the question when asking again. */
  invalidText: templateText.optional(),
  voice,
  language,
});
type Params = z.infer<typeof params>;

function question(given: Params, text: string, scope: Scope): CallInstruction {
  const { input, numDigits, timeoutSeconds } = given;
  return {
    do: 'gather',
    text: said(text, scope),
    input,
    timeoutSeconds,
    ...(numDigits === undefined ? {} : { numDigits }),
    ...(given.voice === undefined ? {} : { voice: given.voice }),
    ...(given.language === undefined ? {} : { language: given.language }),
  };
}

const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\s]+/gu, ' ')
    .trim();

/** Null: nothing of it is understood. */
function understood({ accept, numDigits }: Params, { digits = '', speech = '' }: CallPart): string | null {
  const answer = digits || speech.trim();
  if (answer === '') return null;
  if (accept !== undefined)
    return accept.find((each) => plain(each) === plain(answer) || each === answer) ?? null;
  return digits !== '' && numDigits !== undefined && digits.length < numDigits ? null : answer;
}

function judge(
  given: Params,
  part: CallPart,
  message: MessageView,
  wait: CallWait,
  scope: Scope,
): StepResult | null {
  if (part.event !== 'gathered') return null;
  const value = understood(given, part);
  const answer = part.digits ?? part.speech ?? '';
  if (value !== null)
    return exitWith('reply', { message, vars: { [given.variable]: value }, output: { answer, value } });
  const invalidTries = wait.invalidTries + 1;
  const output = { answer, invalidTries };
  if (invalidTries >= given.maxInvalid)
    return exitWith(answer === '' ? 'timeout' : 'invalid', { message, output });
  const ref = refOf(scope, invalidTries);
  const asked = instruct(question(given, given.invalidText || given.text, scope), ref, scope, {
    message,
    output,
  });
  return { ...asked, wait: { ...wait, invalidTries, ref } };
}

export const gather = defineStep({
  kind: 'gather',
  title: 'Ask in the call',
  description: 'Asks, and waits for digits or spoken words.',
  params,
  waits: true,
  inCall: true,
  exitsWithoutWait: ['failed'],
  summary: ({ text }) => oneLine(text),
  exits: () => ['reply', 'invalid', 'timeout', 'hung_up', 'failed'],
  variablesUsed: ({ text, invalidText = '' }) => [
    ...templateVariables(text),
    ...templateVariables(invalidText),
  ],
  variablesDefined: ({ variable }, exit) => (exit === 'reply' ? [variable] : []),
  problems: ({ text, invalidText = '' }) => [
    ...templateProblems(text, 'text'),
    ...templateProblems(invalidText, 'invalidText'),
  ],
  enter: (given, scope) =>
    instruct(question(given, given.text, scope), refOf(scope), scope, {
      input: { question: said(given.text, scope), input: given.input },
    }),
  receive: (given, event, position, scope) =>
    listen(event, position, scope, {
      // What is gathered comes at its end: digits may be many, and people speak.
      patience: speakingSeconds(given.text) + given.timeoutSeconds + 120,
      onSilence: () => exitWith('timeout'),
      heard: (part, message, wait) => judge(given, part, message, wait, scope),
    }),
});
