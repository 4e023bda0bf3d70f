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

/** The part of the canvas to show first: all of it where that can be read, else its beginning. */
export function firstView(
  points: Record<string, Point>,
  heights: Record<string, number>,
  frame: { width: number; height: number },
): { x: number; y: number; zoom: number } {
  const all = Object.entries(points);
  const left = Math.min(...all.map(([, point]) => point.x));
  const top = Math.min(...all.map(([, point]) => point.y));
  const right = Math.max(...all.map(([, point]) => point.x + NODE_WIDTH));
  const bottom = Math.max(...all.map(([id, point]) => point.y + (heights[id] ?? HEADER)));
  const fitting = Math.min(
    (frame.width - 2 * MARGIN) / (right - left),
    (frame.height - 2 * MARGIN) / (bottom - top),
  );
  if (fitting >= READABLE) {
    const zoom = Math.min(1, fitting);
    return {
      zoom,
      x: (frame.width - (right - left) * zoom) / 2 - left * zoom,
      y: (frame.height - (bottom - top) * zoom) / 2 - top * zoom,
    };
  }
  const start = points[START_ID] ?? { x: left, y: top };
  return { zoom: READABLE, x: MARGIN - left * READABLE, y: frame.height * 0.3 - start.y * READABLE };
}
const MARGIN = 32;
const READABLE = 0.75;

/** Top left corners by step id; `START_ID` is the card of the triggers. */
export function placed(graph: FlowGraph): Record<string, Point> {
  const dagre = new Graph();
  dagre.setGraph({ rankdir: 'LR', ranksep: 64, nodesep: 28, edgesep: 12 });
  dagre.setDefaultEdgeLabel(() => ({}));
  const startHeight = HEADER + Math.max(1, graph.triggers.length) * EXIT;
  dagre.setNode(START_ID, { width: NODE_WIDTH, height: startHeight });
  for (const node of graph.nodes)
    dagre.setNode(node.id, { width: NODE_WIDTH, height: nodeHeight(node.exits.length) });
  const known = new Set(graph.nodes.map((node) => node.id));
  if (known.has(graph.entry)) dagre.setEdge(START_ID, graph.entry);
  for (const edge of [...graph.edges, ...graph.jumps])
    if (known.has(edge.to)) dagre.setEdge(edge.from, edge.to);
  layout(dagre);
  const points: Record<string, Point> = {};
  for (const id of [START_ID, ...known]) {
    const { x, y, width, height } = dagre.node(id);
    points[id] = { x: Math.round(x - width / 2), y: Math.round(y - height / 2) };
  }
  for (const node of graph.nodes) if (node.position) points[node.id] = node.position;
  return points;
}
