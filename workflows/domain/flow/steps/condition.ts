import { z } from 'zod';
import {
  conditionProblems,
  conditionSchema,
  conditionVariables,
  describeCondition,
  evaluateCondition,
} from '../condition.ts';
import { exitWith } from '../outgoing.ts';
import { oneLine } from '../params.ts';
import { variablesOf } from '../scope.ts';
import { defineStep } from '../step.ts';

export const condition = defineStep({
  kind: 'condition',
  title: 'Condition',
  description: 'Goes one way or the other.',
  params: z.object({ if: conditionSchema }),
  waits: false,
  summary: (given) => oneLine(describeCondition(given.if)),
  exits: () => ['yes', 'no'],
  variablesUsed: (given) => conditionVariables(given.if),
  variablesDefined: () => [],
  problems: (given) => conditionProblems(given.if).map((problem) => ({ ...problem, path: 'if' })),
  enter: (given, scope) => {
    const met = evaluateCondition(given.if, variablesOf(scope));
    return exitWith(met ? 'yes' : 'no', { input: { if: describeCondition(given.if) } });
  },
});
