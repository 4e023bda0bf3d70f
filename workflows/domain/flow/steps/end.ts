import { z } from 'zod';
import { defineStep } from '../step.ts';

export const end = defineStep({
  kind: 'end',
  title: 'End',
  description: 'Ends the run.',
  params: z.object({}),
  waits: false,
  summary: () => 'The run ends here',
  exits: () => [],
  variablesUsed: () => [],
  variablesDefined: () => [],
  enter: () => ({ go: { kind: 'end' } }),
});
