import { z } from 'zod';
import { exitWith } from '../outgoing.ts';
import { oneLine } from '../params.ts';
import { defineStep } from '../step.ts';

const labels = z.array(z.string().min(1).max(64)).max(50).default([]);

export const label = defineStep({
  kind: 'label',
  title: 'Label',
  description: 'Adds labels to the conversation or takes them off.',
  params: z
    .object({ add: labels, remove: labels })
    .refine(({ add, remove }) => add.length + remove.length > 0, 'Choose a label to add or to remove.'),
  waits: false,
  summary: ({ add, remove }) =>
    oneLine([...add.map((name) => `+${name}`), ...remove.map((name) => `−${name}`)].join(' ')),
  exits: () => ['next'],
  variablesUsed: () => [],
  variablesDefined: () => [],
  enter: ({ add, remove }) =>
    exitWith('next', { input: { add, remove }, changes: [{ kind: 'label', add, remove }] }),
});
