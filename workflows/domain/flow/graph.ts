/** The flow as a graph, for the checker: edges, what can be reached, and cycles that never wait. */
import type { BoundStep, StepSpec } from './step.ts';
import { STEPS } from './steps/index.ts';
import type { FlowDefinition } from './types.ts';

export interface Edge {
  from: string;
  to: string;
  /** Null: a jump. */
  exit: string | null;
  /** Whether going this way takes a wait. */
  waits: boolean;
}
export interface Node {
  id: string;
  spec: StepSpec;
  /** Null where its params are not right. */
  step: BoundStep | null;
  issues: readonly { path: string; message: string }[];
  edges: readonly Edge[];
}
export type Graph = ReadonlyMap<string, Node>;

/** Edges that lead to no step of the definition are left out; the checker reports them on its own. */
export function graphOf(definition: FlowDefinition): Graph {
  const nodes = new Map<string, Node>();
  for (const [id, step] of Object.entries(definition.steps)) {
    const spec = STEPS[step.kind];
    const bound = spec.bind(step.params);
    const known = bound.kind === 'bound' ? bound.step : null;
    const exits = Object.entries(step.exits).flatMap(([exit, to]): Edge[] =>
      to === null ? [] : [{ from: id, to, exit, waits: spec.waits && !spec.exitsWithoutWait.includes(exit) }],
    );
    const jumps = (known?.jumps ?? []).map((to): Edge => ({ from: id, to, exit: null, waits: false }));
    const edges = [...exits, ...jumps].filter(({ to }) => Object.hasOwn(definition.steps, to));
    nodes.set(id, { id, spec, step: known, issues: bound.kind === 'bound' ? [] : bound.issues, edges });
  }
  return nodes;
}

/** Every step on some path from here, itself included; over waitless edges only if asked. */
export function reachable(graph: Graph, from: string, waitless = false): Set<string> {
  const seen = new Set<string>();
  const queue = graph.has(from) ? [from] : [];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const edge of graph.get(id)?.edges ?? []) if (!(waitless && edge.waits)) queue.push(edge.to);
  }
  return seen;
}

/** Groups of steps that can go round for ever without waiting (the strongly connected parts of the waitless edges). */
export function endlessLoops(graph: Graph, among: ReadonlySet<string>): string[][] {
  const loops: string[][] = [];
  const placed = new Set<string>();
  for (const id of among) {
    if (placed.has(id)) continue;
    const next = graph.get(id)?.edges.filter((edge) => !edge.waits && among.has(edge.to)) ?? [];
    const ahead = new Set(next.flatMap((edge) => [...reachable(graph, edge.to, true)]));
    if (!ahead.has(id)) continue;
    const loop = [...among].filter((other) => ahead.has(other) && reachable(graph, other, true).has(id));
    for (const member of loop) placed.add(member);
    loops.push(loop);
  }
  return loops;
}
