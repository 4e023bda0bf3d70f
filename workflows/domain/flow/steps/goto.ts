import { z } from 'zod';
import { defineStep } from '../step.ts';

export const goto = defineStep({
  kind: 'goto',
  title: 'Go to',
  description: 'Goes on at another step.',
  params: z.object({ step: z.string().min(1).max(64) }),
  waits: false,
  summary: ({ step }) => step,
  exits: () => [],
  jumps: ({ step }) => [step],
  variablesUsed: () => [],
  variablesDefined: () => [],
  enter: ({ step }) => ({ go: { kind: 'jump', stepId: step } }),
});
