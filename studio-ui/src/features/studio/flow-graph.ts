/** Flow definition ↔ graph. Pure, and nothing is lost on the way there and back (tested). Positions live in the definition's `view`. */
import { stepSpec } from '#domain/flow/steps/index.ts';
import type { FlowDefinition, StepDefinition, TriggerDefinition } from '#domain/flow/types.ts';
import type { JsonObject } from '#domain/json.ts';

export interface Point {
  x: number;
  y: number;
}
export interface GraphNode {
  id: string;
  step: StepDefinition;
  /** Every exit in the order the step names them; those it doesn't know come last. */
  exits: string[];
  position: Point | null;
}
export interface GraphEdge {
  id: string;
  from: string;
  exit: string;
  to: string;
}
/** A way to another step that isn't an exit (go to). */
export interface GraphJump {
  id: string;
  from: string;
  to: string;
}
export interface FlowGraph {
  triggers: TriggerDefinition[];
  entry: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
  jumps: GraphJump[];
  /** Exits that end the run, by step. */
  ends: { from: string; exit: string }[];
  view: JsonObject | undefined;
}

export function graphOf(definition: FlowDefinition): FlowGraph {
  const positions = positionsOf(definition.view);
  const entries = Object.entries(definition.steps);
  const exits = entries.flatMap(([from, step]) =>
    Object.entries(step.exits).map(([exit, to]) => ({ from, exit, to })),
  );
  return {
    triggers: definition.triggers,
    entry: definition.entry,
    nodes: entries.map(([id, step]) => ({ id, step, exits: exitsOf(step), position: positions[id] ?? null })),
    edges: exits.flatMap(({ from, exit, to }) =>
      to === null ? [] : [{ id: `${from}/${exit}`, from, exit, to }],
    ),
    jumps: entries.flatMap(([from, step]) => jumpsOf(step).map((to) => ({ id: `${from}→${to}`, from, to }))),
    ends: exits.flatMap(({ from, exit, to }) => (to === null ? [{ from, exit }] : [])),
    view: definition.view,
  };
}

export function definitionOf(graph: FlowGraph): FlowDefinition {
  const positions = Object.fromEntries(
    graph.nodes.flatMap(({ id, position }) =>
      position === null ? [] : [[id, { x: position.x, y: position.y }]],
    ),
  );
  const hasView = graph.view !== undefined || Object.keys(positions).length > 0;
  return {
    schemaVersion: 1,
    triggers: graph.triggers,
    entry: graph.entry,
    steps: Object.fromEntries(
      graph.nodes.map((node) => [node.id, { ...node.step, exits: targetsOf(node, graph) }]),
    ),
    ...(hasView ? { view: { ...graph.view, positions } } : {}),
  };
}

/** Keeps the order in which the step listed its exits, so that saving what was opened changes nothing. */
function targetsOf(node: GraphNode, graph: FlowGraph): Record<string, string | null> {
  const targets = new Map<string, string | null>();
  for (const exit of Object.keys(node.step.exits)) targets.set(exit, null);
  for (const end of graph.ends) if (end.from === node.id) targets.set(end.exit, null);
  for (const edge of graph.edges) if (edge.from === node.id) targets.set(edge.exit, edge.to);
  const linked = new Set([
    ...graph.ends.filter((end) => end.from === node.id).map((end) => end.exit),
    ...graph.edges.filter((edge) => edge.from === node.id).map((edge) => edge.exit),
  ]);
  return Object.fromEntries([...targets].filter(([exit]) => linked.has(exit)));
}

function exitsOf(step: StepDefinition): string[] {
  const named = stepSpec(step.kind)?.exits(step.params) ?? [];
  return [...named, ...Object.keys(step.exits).filter((exit) => !named.includes(exit))];
}
function jumpsOf(step: StepDefinition): readonly string[] {
  const bound = stepSpec(step.kind)?.bind(step.params);
  return bound?.kind === 'bound' ? bound.step.jumps : [];
}
function positionsOf(view: JsonObject | undefined): Record<string, Point> {
  const stored = view?.['positions'];
  if (stored === null || typeof stored !== 'object' || Array.isArray(stored)) return {};
  return Object.fromEntries(
    Object.entries(stored).flatMap(([id, value]) => (isPoint(value) ? [[id, value]] : [])),
  );
}
function isPoint(value: unknown): value is Point & JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'x' in value &&
    'y' in value &&
    Number.isFinite(value.x) &&
    Number.isFinite(value.y)
  );
}

/** "Ask for order number", as the step's own kind would say it. */
export function stepSummary(step: StepDefinition): { title: string; summary: string } {
  const spec = stepSpec(step.kind);
  return spec
    ? { title: spec.title, summary: spec.summary(step.params) }
    : { title: step.kind, summary: 'A kind of step this version doesn’t know' };
}
export const exitWords = (exit: string): string => exit.replaceAll('_', ' ');
