import { z } from 'zod';
import { RING_STRATEGIES } from '../../call.ts';
import { instruct, listen, refOf } from '../calling.ts';
import { exitWith } from '../outgoing.ts';
import { describeSeconds, reference } from '../params.ts';
import { defineStep, type StepProblem } from '../step.ts';

const params = z
  .object({
    /** Whom: these people, or a team; neither: everybody who may answer. */
    agentIds: z.array(reference).min(1).max(50).optional(),
    teamId: reference.optional(),
    strategy: z.enum(RING_STRATEGIES).default('all'),
    timeoutSeconds: z.number().min(5).max(300).default(25),
  })
  .refine(({ agentIds, teamId }) => agentIds === undefined || teamId === undefined, {
    path: ['teamId'],
    message: 'Either people or a team, not both.',
  });

const words = { all: 'all at once', round_robin: 'in turn', longest_idle: 'longest idle first' } as const;

export const ring = defineStep({
  kind: 'ring',
  title: 'Ring people',
  description: 'Rings the phones of those who are online and free.',
  params,
  waits: true,
  inCall: true,
  exitsWithoutWait: ['no_answer', 'failed'],
  summary: ({ agentIds, teamId, strategy, timeoutSeconds }) => {
    const whom = agentIds ? `${agentIds.length} people` : teamId === undefined ? 'everybody' : 'a team';
    return `Ring ${whom}, ${words[strategy]}, ${describeSeconds(timeoutSeconds)}`;
  },
  exits: () => ['answered', 'no_answer', 'hung_up', 'failed'],
  variablesUsed: () => [],
  variablesDefined: () => [],
  problems: ({ agentIds = [], teamId }, known): StepProblem[] => [
    ...agentIds
      .filter((id) => !known.agentIds.includes(id))
      .map((id) => ({ code: 'unknown_agent', path: 'agentIds', message: `There is no member ${id}.` })),
    ...(teamId === undefined || known.teamIds.includes(teamId)
      ? []
      : [{ code: 'unknown_team', path: 'teamId', message: `There is no team ${teamId}.` }]),
  ],
  enter: (given, scope) =>
    instruct({ do: 'ring', ...given }, refOf(scope), scope, { input: { strategy: given.strategy } }),
  receive: ({ timeoutSeconds }, event, position, scope) =>
    listen(event, position, scope, {
      patience: timeoutSeconds + 30,
      refusals: { nobody_free: 'no_answer' },
      onSilence: () => exitWith('no_answer'),
      heard: (part, message) => {
        if (part.event === 'answered')
          return exitWith('answered', { message, output: { by: part.by?.name ?? part.by?.id ?? null } });
        return part.event === 'no_answer' ? exitWith('no_answer', { message }) : null;
      },
    }),
});
