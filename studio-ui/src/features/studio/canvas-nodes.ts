/** Graph → what the canvas draws. Pure. */
import type { Edge, Node } from '@xyflow/svelte';
import type { FlowProblem, StepDefinition, TriggerDefinition } from '#domain/flow/types.ts';
import { exitWords, type FlowGraph } from './flow-graph.ts';
import { firstView, nodeHeight, placed, START_ID } from './flow-layout.ts';

/** Where to look first, for a canvas of this size. */
export function viewOf(
  graph: FlowGraph,
  frame: { width: number; height: number },
): { x: number; y: number; zoom: number } {
  return firstView(
    placed(graph),
    Object.fromEntries(graph.nodes.map((node) => [node.id, nodeHeight(node.exits.length)])),
    frame,
  );
}

export type StepNodeData = {
  step: StepDefinition;
  stepId: string;
  exits: { name: string; isEnd: boolean; isOpen: boolean }[];
  problems: FlowProblem[];
  /** It leads on without an exit of its own. */
  hasJump: boolean;
};
export type StartNodeData = { triggers: TriggerDefinition[] };
export type CanvasNode = Node<StepNodeData, 'step'> | Node<StartNodeData, 'start'>;

export function canvasOf(
  graph: FlowGraph,
  problems: readonly FlowProblem[],
): { nodes: CanvasNode[]; edges: Edge[] } {
  const points = placed(graph);
  const at = (id: string) => points[id] ?? { x: 0, y: 0 };
  const ends = new Set(graph.ends.map((end) => `${end.from}/${end.exit}`));
  const linked = new Set(graph.edges.map((edge) => edge.id));
  const nodes: CanvasNode[] = [
    { id: START_ID, type: 'start', position: at(START_ID), data: { triggers: graph.triggers } },
    ...graph.nodes.map((node): CanvasNode => ({
      id: node.id,
      type: 'step',
      position: at(node.id),
      data: {
        step: node.step,
        stepId: node.id,
        exits: node.exits.map((name) => ({
          name,
          isEnd: ends.has(`${node.id}/${name}`),
          isOpen: !ends.has(`${node.id}/${name}`) && !linked.has(`${node.id}/${name}`),
        })),
        hasJump: graph.jumps.some((jump) => jump.from === node.id),
        problems: problems.filter((problem) => problem.step === node.id),
      },
    })),
  ];
  const known = new Set(graph.nodes.map((node) => node.id));
  const edges: Edge[] = [
    ...(known.has(graph.entry) ? [line(START_ID, 'start', graph.entry, 'Start')] : []),
    ...graph.edges
      .filter((edge) => known.has(edge.to))
      .map((edge) => line(edge.from, edge.exit, edge.to, exitWords(edge.exit))),
    ...graph.jumps
      .filter((jump) => known.has(jump.to))
      .map((jump) => ({ ...line(jump.from, 'jump', jump.to, 'goes to'), class: 'jump' })),
  ];
  return { nodes, edges };
}

function line(source: string, handle: string, target: string, words: string): Edge {
  return {
    id: `${source}/${handle}`,
    source,
    sourceHandle: handle,
    target,
    targetHandle: 'in',
    type: 'smoothstep',
    ariaLabel: `${source}, ${words}, to ${target}`,
  };
}
