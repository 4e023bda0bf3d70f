import { z } from 'zod';
import { plainText, type Part } from '../../message.ts';
import {
  exitWith,
  messageEffects,
  partsAsJson,
  partsProblems,
  partsVariables,
  settleMessage,
} from '../outgoing.ts';
import { oneLine, templateText } from '../params.ts';
import { flowPartsSchema } from '../schema.ts';
import { defineStep } from '../step.ts';

const params = z
  .object({ text: templateText.optional(), parts: flowPartsSchema.optional() })
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
  enter: (given, scope) => {
    const message = messageEffects(partsOf(given), scope);
    if ('error' in message) return exitWith('failed', { error: message.error });
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
