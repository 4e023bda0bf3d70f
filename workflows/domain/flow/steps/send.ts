import { z } from 'zod';
import { plainText, type Part } from '../../message.ts';
import {
  exitWith,
  messageEffects,
  privateReply,
  partsAsJson,
  partsProblems,
  partsVariables,
  settleMessage,
} from '../outgoing.ts';
import { oneLine, templateText } from '../params.ts';
import { flowPartsSchema } from '../schema.ts';
import { defineStep, type StepResult } from '../step.ts';

const params = z
  .object({
    text: templateText.optional(),
    parts: flowPartsSchema.optional(),
    /** To the writer of the comment last heard, by direct message: once per comment. Where that can't be: exit `failed`. */
    as: z.literal('private_reply').optional(),
  })
  .refine(({ text, parts }) => (text ?? '') !== '' || parts !== undefined, {
    path: ['text'],
    message: 'Write a text or add a part.',
  })
  .refine(({ text, parts }) => (text ?? '') === '' || parts === undefined, {
    path: ['parts'],
    message: 'Either a text or parts, not both.',
  });

const partsOf = ({ text, parts }: z.infer<typeof params>): Part[] =>
  parts ?? [{ kind: 'text', text: text ?? '' }];

export const send = defineStep({
  kind: 'send',
  title: 'Send message',
  description: 'Writes to the contact: text, media or choices.',
  params,
  waits: false,
  summary: (given) =>
    oneLine(plainText(partsOf(given))) ||
    partsOf(given)
      .map(({ kind }) => kind)
      .join(', '),
  exits: () => ['next', 'failed'],
  variablesUsed: (given) => partsVariables(partsOf(given)),
  variablesDefined: () => [],
  problems: (given) => partsProblems(partsOf(given), given.parts ? 'parts' : 'text'),
  enter: (given, scope): StepResult => {
    const message = messageEffects(partsOf(given), scope);
    if ('error' in message) return exitWith('failed', { error: message.error });
    if (given.as !== undefined) {
      const reply = privateReply(message.effects, scope);
      if ('error' in reply) return exitWith('failed', { error: reply.error });
      return {
        go: { kind: 'effects', effects: [reply.effect] },
        input: { parts: partsAsJson(message.parts), as: given.as },
      };
    }
    return {
      go: { kind: 'effects', effects: message.effects },
      input: { parts: partsAsJson(message.parts) },
    };
  },
  receive: (_given, event, { pending }) => {
    if (event.kind !== 'outcome' || pending === null) return null;
    const settled = settleMessage(event.outcome, pending.effects);
    if (settled.kind === 'failed') return exitWith('failed', { error: settled.error });
    if (settled.kind === 'more') return { go: { kind: 'effects', effects: settled.effects } };
    return exitWith('next', { output: { messages: pending.effectNo + 1 } });
  },
});
