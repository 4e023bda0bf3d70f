import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STEPS } from '#domain/flow/steps/index.ts';
import { STEP_KINDS, type FlowDefinition, type StepDefinition } from '#domain/flow/types.ts';
import { welcomeFlow } from '#db/welcome-flow.ts';
import { definitionOf, graphOf, stepSummary } from '../../../studio-ui/src/features/studio/flow-graph.ts';
import { canvasOf } from '../../../studio-ui/src/features/studio/canvas-nodes.ts';
import {
  firstView,
  NODE_WIDTH,
  nodeHeight,
  placed,
  START_ID,
} from '../../../studio-ui/src/features/studio/flow-layout.ts';

const welcome = welcomeFlow({ inboxIds: ['i1', 'i2'], supportTeamId: 't1' });

const ids = ['a', 'b', 'c', 'd', 'e'];
const anyStep = fc.record({
  kind: fc.constantFrom(...STEP_KINDS),
  params: fc.constant({ text: 'Hi', step: 'b' }),
  exits: fc.dictionary(
    fc.constantFrom('next', 'failed', 'yes', 'strange'),
    fc.option(fc.constantFrom(...ids), { nil: null }),
  ),
});
const anyView = fc.option(
  fc.record({
    positions: fc.dictionary(fc.constantFrom('a', 'b'), fc.record({ x: fc.integer(), y: fc.integer() })),
    note: fc.string(),
  }),
  { nil: undefined },
);
const anyFlow = fc
  .record({
    steps: fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), anyStep), {
      minLength: 1,
      selector: ([id]) => id,
    }),
    view: anyView,
  })
  .map(({ steps, view }): FlowDefinition => {
    const table: Record<string, StepDefinition> = Object.fromEntries(steps);
    // A position of a step that is gone is rightly dropped, so only those that exist are drawn.
    const positions = Object.fromEntries(
      Object.entries(view?.positions ?? {}).filter(([id]) => table[id] !== undefined),
    );
    return {
      schemaVersion: 1,
      triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
      entry: steps[0]?.[0] ?? 'a',
      steps: table,
      ...(view === undefined ? {} : { view: { note: view.note, positions } }),
    };
  });

describe('flow definition and graph', () => {
  it('come back the same from a round trip', () => {
    expect(definitionOf(graphOf(welcome))).toEqual(welcome);
    fc.assert(
      fc.property(anyFlow, (flow) => {
        expect(definitionOf(graphOf(flow))).toEqual(flow);
      }),
    );
  });

  it('keep the order of steps and exits, so that saving changes nothing', () => {
    const again = definitionOf(graphOf(welcome));
    expect(JSON.stringify(again)).toBe(JSON.stringify(welcome));
  });

  it('write a moved node into the view and nowhere else', () => {
    const graph = graphOf(welcome);
    const moved = {
      ...graph,
      nodes: graph.nodes.map((node) =>
        node.id === 'welcome' ? { ...node, position: { x: 3, y: 4 } } : node,
      ),
    };
    const { view, ...rest } = definitionOf(moved);
    expect(view).toEqual({ positions: { welcome: { x: 3, y: 4 } } });
    expect(rest).toEqual(welcome);
  });

  it('name every exit a step has, also those nobody connected', () => {
    const flow: FlowDefinition = {
      ...welcome,
      entry: 'x',
      steps: { x: { kind: 'send', params: { text: 'Hi' }, exits: { next: null } } },
    };
    expect(graphOf(flow).nodes[0]?.exits).toEqual(STEPS.send.exits({ text: 'Hi' }));
    const step = canvasOf(graphOf(flow), []).nodes.find((node) => node.id === 'x');
    expect(step?.data).toMatchObject({
      exits: [
        { name: 'next', isEnd: true, isOpen: false },
        { name: 'failed', isEnd: false, isOpen: true },
      ],
    });
  });

  it('describe each kind of step, and one that is unknown', () => {
    for (const kind of STEP_KINDS)
      expect(stepSummary({ kind, params: {}, exits: {} }).title).toBe(STEPS[kind].title);
    const strange = { kind: 'teleport', params: {}, exits: {} } as unknown as StepDefinition;
    expect(stepSummary(strange).title).toBe('teleport');
  });
});

describe('the canvas', () => {
  it('draws a line for each connected exit and none to steps that are gone', () => {
    const graph = graphOf({
      ...welcome,
      steps: { ...welcome.steps, lost: { kind: 'label', params: { add: 'x' }, exits: { next: 'nowhere' } } },
    });
    const { nodes, edges } = canvasOf(graph, []);
    const known = new Set(nodes.map((node) => node.id));
    for (const edge of edges) expect(known.has(edge.source) && known.has(edge.target), edge.id).toBe(true);
    expect(edges.filter((edge) => edge.source !== START_ID && edge.class !== 'jump')).toHaveLength(
      graph.edges.length - 1,
    );
    expect(new Set(edges.map((edge) => edge.id)).size).toBe(edges.length);
  });

  it('gives every node a place of its own, and keeps places that were chosen', () => {
    const chosen = { ...welcome, view: { positions: { welcome: { x: -500, y: 900 } } } };
    const points = placed(graphOf(chosen));
    expect(points['welcome']).toEqual({ x: -500, y: 900 });
    const places = Object.values(points).map(({ x, y }) => `${x}/${y}`);
    expect(new Set(places).size).toBe(Object.keys(welcome.steps).length + 1);
  });

  it('shows a small flow whole and a large one from its start', () => {
    const frame = { width: 1000, height: 600 };
    const small = { [START_ID]: { x: 0, y: 0 }, a: { x: 320, y: 0 } };
    expect(firstView(small, { a: nodeHeight(2) }, frame).zoom).toBe(1);
    const wide = { [START_ID]: { x: 0, y: 200 }, a: { x: 6_000, y: 0 } };
    const view = firstView(wide, {}, frame);
    expect(view.zoom).toBeLessThan(1);
    const startLeft = view.x;
    expect(startLeft).toBeGreaterThanOrEqual(0);
    expect(startLeft + NODE_WIDTH * view.zoom).toBeLessThan(frame.width);
  });
});
