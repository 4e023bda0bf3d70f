/** What is wrong with a flow before it may be published. Errors block; warnings are said. */
import { checkVariables } from './check-variables.ts';
import { endlessLoops, graphOf, reachable, type Graph, type Node } from './graph.ts';
import { compilePattern } from './regex.ts';
import { parseFlowDefinition } from './schema.ts';
import type { FlowDefinition, FlowProblem, Known, TriggerDefinition } from './types.ts';

/** Takes anything: what is no flow at all is told as `malformed`. Problems are ordered by what is to be mended first. */
export function checkFlow(definition: unknown, known: Known): FlowProblem[] {
  const parsed = parseFlowDefinition(definition);
  if (parsed.kind === 'malformed') return parsed.problems;
  const flow = parsed.definition;
  const graph = graphOf(flow);
  const reached = reachable(graph, flow.entry);
  // In the definition's order, so that problems are, too.
  const among = new Set([...graph.keys()].filter((id) => reached.has(id)));
  return [
    ...checkTriggers(flow.triggers, known),
    ...checkEntry(flow),
    ...[...graph.values()].flatMap((node) => [...checkParams(node, known), ...checkExits(flow, node)]),
    ...checkReach(flow, graph, among),
    ...checkCalls(flow, graph, known),
    ...endlessLoops(graph, among).map(loopProblem),
    ...checkOwnStart(graph, flow.entry, known),
    ...checkVariables(graph, flow.entry, among),
  ];
}

export function blocksPublishing(problems: readonly FlowProblem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

type Details = Omit<FlowProblem, 'severity' | 'code' | 'message'>;
const nowhere: Details = { step: null };
const error = (code: string, message: string, at: Details = nowhere): FlowProblem => ({
  severity: 'error',
  ...at,
  code,
  message,
});
const warning = (code: string, message: string, at: Details = nowhere): FlowProblem => ({
  severity: 'warning',
  ...at,
  code,
  message,
});

function checkTriggers(triggers: readonly TriggerDefinition[], known: Known): FlowProblem[] {
  if (triggers.length === 0)
    return [
      warning('no_trigger', 'No trigger starts this flow: only another flow or a person can.', {
        step: null,
        path: 'triggers',
      }),
    ];
  return triggers.flatMap((trigger, index) => {
    const { inboxIds } = trigger;
    const path = `triggers.${index}`;
    const at = (below: string): Details => ({ step: null, path: `${path}.${below}` });
    const problems: FlowProblem[] = [];
    if (inboxIds.length === 0)
      problems.push(error('missing_inbox', 'A trigger needs an inbox, or all of them.', at('inboxIds')));
    for (const id of inboxIds)
      if (id !== '*' && !known.inboxIds.includes(id))
        problems.push(error('unknown_inbox', `There is no inbox ${id}.`, at('inboxIds')));
    if (trigger.kind === 'call') {
      const others = known.callInboxIds;
      for (const id of inboxIds)
        if (id !== '*' && others !== undefined && known.inboxIds.includes(id) && !others.includes(id))
          problems.push(error('no_calls', 'Nobody calls this inbox: choose a voice inbox.', at('inboxIds')));
      return problems;
    }
    const { match } = trigger;
    if ('value' in match && match.value.trim() === '')
      problems.push(error('missing_value', 'Say what the trigger listens for.', at('match.value')));
    if (match.kind === 'regex') {
      const pattern = compilePattern(match.value);
      if (pattern.kind === 'bad') problems.push(error('bad_regex', pattern.message, at('match.value')));
    }
    return problems;
  });
}

function checkEntry({ entry, steps }: FlowDefinition): FlowProblem[] {
  if (Object.hasOwn(steps, entry)) return [];
  const message =
    entry === ''
      ? 'Choose the step the flow begins with.'
      : `The flow begins with "${entry}", but there is no such step.`;
  return [error('missing_entry', message, { step: null, path: 'entry' })];
}

function checkParams({ id, step, issues }: Node, known: Known): FlowProblem[] {
  if (step === null)
    return issues.map(({ path, message }) => error('bad_params', message, { step: id, path }));
  return step.problems(known).map((problem) => ({ severity: 'error', step: id, ...problem }));
}

function checkExits(flow: FlowDefinition, { id, spec, step }: Node): FlowProblem[] {
  const definition = flow.steps[id];
  if (definition === undefined) return [];
  const named = spec.exits(definition.params);
  const missing = named
    .filter((exit) => !Object.hasOwn(definition.exits, exit))
    .map((exit) =>
      error('missing_exit', `The exit "${exit}" leads nowhere: connect it, or end the run there.`, {
        step: id,
        exit,
      }),
    );
  const others = Object.entries(definition.exits).flatMap(([exit, target]): FlowProblem[] => {
    const at = { step: id, exit };
    if (!named.includes(exit)) return [error('unknown_exit', `This step has no exit "${exit}".`, at)];
    if (target === null || Object.hasOwn(flow.steps, target)) return [];
    return [error('dangling_exit', `The exit "${exit}" leads to "${target}", which does not exist.`, at)];
  });
  const jumps = (step?.jumps ?? [])
    .filter((target) => !Object.hasOwn(flow.steps, target))
    .map((target) =>
      error('dangling_exit', `It goes to "${target}", which does not exist.`, { step: id, path: 'step' }),
    );
  return [...missing, ...others, ...jumps];
}

function checkReach(flow: FlowDefinition, graph: Graph, among: ReadonlySet<string>): FlowProblem[] {
  // Without an entry every step would be told.
  if (!graph.has(flow.entry)) return [];
  return [...graph.keys()]
    .filter((id) => !among.has(id))
    .map((id) => error('unreachable_step', 'No way leads to this step.', { step: id }));
}

/** What speaks in a call needs one: a flow that messages start has none. */
function checkCalls({ triggers }: FlowDefinition, graph: Graph, known: Known): FlowProblem[] {
  const speaking = [...graph.values()].filter(({ spec }) => spec.inCall);
  const isCalled = (id: string): boolean => id === '*' || known.callInboxIds?.includes(id) !== false;
  const startedElsewhere = triggers.some(
    (trigger) =>
      trigger.kind !== 'call' || trigger.event !== 'incoming' || trigger.inboxIds.some((id) => !isCalled(id)),
  );
  if (!startedElsewhere) return [];
  return speaking.map(({ id }) =>
    error('no_call', 'This step speaks in a call, but not only incoming calls start this flow.', {
      step: id,
    }),
  );
}

function loopProblem(loop: string[]): FlowProblem {
  const way = loop.length === 1 ? 'This step goes round to itself' : `The steps ${loop.join(', ')} go round`;
  return error('endless_loop', `${way} without ever waiting. Put an ask or a delay into the loop.`, {
    step: loop[0] ?? null,
  });
}

/** A flow that starts itself before it has waited once starts itself for ever. */
function checkOwnStart(graph: Graph, entry: string, { flowId }: Known): FlowProblem[] {
  if (flowId === undefined) return [];
  const atOnce = reachable(graph, entry, true);
  return [...graph.values()]
    .filter(({ id, step }) => atOnce.has(id) && step?.flowsStarted.includes(flowId))
    .map(({ id }) =>
      error('starts_itself', 'The flow starts itself here without having waited: it would never end.', {
        step: id,
      }),
    );
}
