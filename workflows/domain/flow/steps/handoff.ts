import { z } from 'zod';
import { oneLine, templateProblems, templateText } from '../params.ts';
import { variablesOf } from '../scope.ts';
import { defineStep } from '../step.ts';
import { renderTemplate, templateVariables } from '../template.ts';

export const handoff = defineStep({
  kind: 'handoff',
  title: 'Hand off',
  description: 'Leaves the conversation to a person and ends.',
  params: z.object({ note: templateText.optional() }),
  waits: false,
  summary: ({ note }) => oneLine(note ?? '') || 'To a person',
  exits: () => [],
  variablesUsed: ({ note = '' }) => templateVariables(note),
  variablesDefined: () => [],
  problems: ({ note = '' }) => templateProblems(note, 'note'),
  enter: ({ note = '' }, scope) => {
    const text = renderTemplate(note, variablesOf(scope)).trim();
    return { go: { kind: 'end' }, changes: [{ kind: 'handoff', note: text === '' ? null : text }] };
  },
});
