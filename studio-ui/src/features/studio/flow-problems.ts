import { checkFlow } from '#domain/flow/check.ts';
import type { FlowDefinition, FlowProblem } from '#domain/flow/types.ts';

interface Known {
  inboxes: readonly { id: string }[];
  flows: readonly { id: string }[];
  members: readonly { userId: string }[];
  teams: readonly { id: string }[];
}

/** The same check that publishing makes, with the names this browser knows. */
export function problemsOf(definition: FlowDefinition, known: Known): FlowProblem[] {
  return checkFlow(definition, {
    inboxIds: known.inboxes.map(({ id }) => id),
    flowIds: known.flows.map(({ id }) => id),
    agentIds: known.members.map(({ userId }) => userId),
    teamIds: known.teams.map(({ id }) => id),
  });
}
