import { z } from 'zod';
import { instruct, refOf } from '../calling.ts';
import { defineStep } from '../step.ts';

export const hangUp = defineStep({
  kind: 'hang_up',
  title: 'Hang up',
  description: 'Ends the call and the flow.',
  params: z.object({}),
  waits: false,
  inCall: true,
  summary: () => 'Ends the call',
  exits: () => [],
  variablesUsed: () => [],
  variablesDefined: () => [],
  enter: (_given, scope) => {
    const told = instruct({ do: 'hang_up' }, refOf(scope), scope);
    return told.go.kind === 'effects' ? told : { ...told, go: { kind: 'end' } };
  },
  receive: (_given, event, { pending }) => {
    if (event.kind !== 'outcome' || pending === null) return null;
    return {
      go: { kind: 'end' },
      ...(event.outcome.kind === 'failed' ? { error: event.outcome.error } : {}),
    };
  },
});
