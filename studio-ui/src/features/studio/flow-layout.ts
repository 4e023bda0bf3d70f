/** Places what has no position of its own, left to right. Pure. */
import { Graph, layout } from '@dagrejs/dagre';
import type { FlowGraph, Point } from './flow-graph.ts';

export const NODE_WIDTH = 248;
export const START_ID = '(start)';
const HEADER = 62;
const EXIT = 24;

export function nodeHeight(exitCount: number): number {
  return HEADER + exitCount * EXIT + (exitCount > 0 ? 6 : 0);
}

/** Top left corners by step id; `START_ID` is the card of the triggers. */
export function placed(graph: FlowGraph): Record<string, Point> {
  const dagre = new Graph();
  dagre.setGraph({ rankdir: 'LR', ranksep: 88, nodesep: 36, edgesep: 16 });
  dagre.setDefaultEdgeLabel(() => ({}));
  const startHeight = HEADER + Math.max(1, graph.triggers.length) * EXIT;
  dagre.setNode(START_ID, { width: NODE_WIDTH, height: startHeight });
  for (const node of graph.nodes) dagre.setNode(node.id, { width: NODE_WIDTH, height: nodeHeight(node.exits.length) });
  const known = new Set(graph.nodes.map((node) => node.id));
  if (known.has(graph.entry)) dagre.setEdge(START_ID, graph.entry);
  for (const edge of [...graph.edges, ...graph.jumps]) if (known.has(edge.to)) dagre.setEdge(edge.from, edge.to);
  layout(dagre);
  const points: Record<string, Point> = {};
  for (const id of [START_ID, ...known]) {
    const { x, y, width, height } = dagre.node(id);
    points[id] = { x: Math.round(x - width / 2), y: Math.round(y - height / 2) };
  }
  for (const node of graph.nodes) if (node.position) points[node.id] = node.position;
  return points;
}
