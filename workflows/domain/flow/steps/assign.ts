import { z } from 'zod';
import { exitWith } from '../outgoing.ts';
import { reference } from '../params.ts';
import { defineStep } from '../step.ts';

export const assign = defineStep({
  kind: 'assign',
  title: 'Assign',
  description: 'Gives the conversation to an agent or a team.',
  params: z
    .object({ agentId: reference.optional(), teamId: reference.optional() })
    .refine(
      ({ agentId, teamId }) => (agentId === undefined) !== (teamId === undefined),
      'Choose an agent or a team.',
    ),
  waits: false,
  summary: ({ agentId }) => (agentId === undefined ? 'To a team' : 'To an agent'),
  exits: () => ['next'],
  variablesUsed: () => [],
  variablesDefined: () => [],
  problems: ({ agentId, teamId }, known) => [
    ...(agentId === undefined || known.agentIds.includes(agentId)
      ? []
      : [{ code: 'unknown_agent', path: 'agentId', message: 'This agent is not in the workspace.' }]),
    ...(teamId === undefined || known.teamIds.includes(teamId)
      ? []
      : [{ code: 'unknown_team', path: 'teamId', message: 'There is no such team.' }]),
  ],
  enter: (given) => exitWith('next', { input: { ...given }, changes: [{ kind: 'assign', ...given }] }),
});
