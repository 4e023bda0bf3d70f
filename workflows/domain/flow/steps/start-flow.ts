import { z } from 'zod';
import { exitWith } from '../outgoing.ts';
import { reference } from '../params.ts';
import { defineStep } from '../step.ts';

export const startFlow = defineStep({
  kind: 'start_flow',
  title: 'Start flow',
  description: 'Starts another flow: in this one’s place at its end, in the background otherwise.',
  params: z.object({ flowId: reference }),
  waits: false,
  summary: () => 'Another flow',
  exits: () => ['next'],
  flowsStarted: ({ flowId }) => [flowId],
  variablesUsed: () => [],
  variablesDefined: () => [],
  problems: ({ flowId }, known) =>
    known.flowIds.includes(flowId)
      ? []
      : [{ code: 'unknown_flow', path: 'flowId', message: 'There is no such flow.' }],
  enter: ({ flowId }, scope) => {
    const foreground = scope.exits['next'] === null;
    return exitWith('next', {
      input: { flowId, foreground },
      changes: [{ kind: 'start_flow', flowId, foreground }],
    });
  },
});
