import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { MAX_HOPS, MAX_STEPS, reduce } from '#domain/flow/reduce.ts';
import type { FlowDefinition, RunState, StepKind } from '#domain/flow/types.ts';
import { context, flow, message, says, sent, start, timeout } from './fixtures.ts';

const failure = (definition: FlowDefinition) => {
  const { next, state } = start(definition);
  expect(state.ended).toEqual(next);
  return next.kind === 'ended' ? next.error?.kind : next.kind;
};

describe('guards', () => {
  it('ends a loop that never waits after 200 steps', () => {
    const run = start(flow({ go: ['goto', { step: 'go' }] }));
    expect(run.next).toMatchObject({ kind: 'ended', status: 'failed', error: { kind: 'too_many_hops' } });
    expect(run.last.visits).toHaveLength(MAX_HOPS);
  });
  it('counts hops through effects, too', () => {
    const run = start(flow({ say: ['send', { text: 'x' }, { next: 'say', failed: null }] }));
    for (let count = 1; count < MAX_HOPS; count++) expect(run.tell(sent).next.kind).toBe('effect');
    expect(run.tell(sent).next).toMatchObject({ error: { kind: 'too_many_hops' } });
  });
  it('counts anew after a wait, up to 5,000 steps in all', () => {
    const run = start(flow({ wait: ['delay', { seconds: 1 }, { next: 'wait' }] }));
    for (let count = 1; count < MAX_STEPS; count++) run.tell(timeout);
    expect(run.next.kind).toBe('waiting');
    expect(run.state.stepNo).toBe(MAX_STEPS);
    expect(run.tell(timeout).next).toMatchObject({ error: { kind: 'too_many_steps' } });
  });
});

describe('a definition that should not have been published', () => {
  it.each<[string, FlowDefinition, string]>([
    ['no entry', flow({ a: ['end', {}] }, { entry: 'b' }), 'unknown_step'],
    ['an entry that every object has', flow({ a: ['end', {}] }, { entry: 'constructor' }), 'unknown_step'],
    [
      'a dangling exit',
      flow({ a: ['set', { target: 'vars', field: 'x', value: 1 }, { next: 'b' }] }),
      'unknown_step',
    ],
    ['a missing exit', flow({ a: ['set', { target: 'vars', field: 'x', value: 1 }] }), 'missing_exit'],
    ['an unknown kind', flow({ a: ['fly' as StepKind, {}] }), 'unknown_kind'],
    ['a kind that every object has', flow({ a: ['toString' as StepKind, {}] }), 'unknown_kind'],
    ['bad params', flow({ a: ['delay', { seconds: 'soon' }, { next: null }] }), 'bad_params'],
  ])('with %s ends as failed, saying why', (_what, definition, kind) => {
    expect(failure(definition)).toBe(kind);
  });
  it('notes the broken step in the trace', () => {
    const run = start(flow({ a: ['delay', {}, { next: null }] }));
    expect(run.last.visits).toMatchObject([
      { stepNo: 1, stepId: 'a', kind: 'delay', exit: 'broken', error: { kind: 'bad_params' } },
    ]);
  });
  it.each([null, 7, 'x', [], {}, { steps: [] }, { steps: {} }])('ends for %j', (definition) => {
    const told = reduce(
      definition as unknown as FlowDefinition,
      null,
      { kind: 'start', message: null },
      context(),
    );
    expect(told.next).toMatchObject({ kind: 'ended', status: 'failed' });
  });
});

describe('a state that is none', () => {
  const definition = flow({ wait: ['delay', { seconds: 1 }, { next: null }] });
  it.each([7, {}, [], { stepId: 'wait' }])('ends for %j', (state) => {
    const told = reduce(definition, state as unknown as RunState, timeout, context());
    expect(told.next).toMatchObject({ kind: 'ended', status: 'failed', error: { kind: 'malformed_state' } });
  });
  it('ends where nothing is pending, waited for or ended', () => {
    const state: RunState = { ...start(definition).state, wait: null };
    expect(reduce(definition, state, timeout, context()).next).toMatchObject({
      error: { kind: 'malformed_state' },
    });
  });
  it('ends where the step is gone', () => {
    const state: RunState = { ...start(definition).state, stepId: 'gone' };
    expect(reduce(definition, state, timeout, context()).next).toMatchObject({
      error: { kind: 'unknown_step' },
    });
  });
  it('must have been started', () => {
    expect(reduce(definition, null, timeout, context()).next).toMatchObject({
      error: { kind: 'not_started' },
    });
  });
  it('survives data nested deeper than the stack', () => {
    let deep: JsonObject = {};
    for (let depth = 0; depth < 100_000; depth++) deep = { deep };
    const params = { target: 'vars', field: 'x', value: deep };
    const told = reduce(
      flow({ a: ['set', params, { next: null }] }),
      null,
      { kind: 'start', message: null },
      context(),
    );
    expect(told.next).toMatchObject({ kind: 'ended', status: 'failed' });
  });
});

describe('an event that does not fit', () => {
  it('changes nothing', () => {
    const run = start(flow({ wait: ['delay', { seconds: 60 }, { next: null }] }));
    const { state, next } = run;
    for (const event of [
      sent,
      { kind: 'replan' },
      { kind: 'taken_over' },
      { kind: 'start', message: message('x') },
    ] as const)
      expect(run.tell(event)).toEqual({ state, next, visits: [], changes: [] });
  });
});

describe('variables', () => {
  it('reach from a reply through later steps of the same reduction', () => {
    const run = start(
      flow({
        ask: ['ask', { text: 'Colour?', variable: 'color', timeoutSeconds: 60 }, { reply: 'if' }],
        if: [
          'condition',
          { if: { op: 'eq', left: { var: 'vars.color' }, right: 'red' } },
          { yes: 'save', no: null },
        ],
        save: [
          'set',
          { target: 'contact', field: 'color', value: '{{vars.color}} ({{now | date}})' },
          { next: 'end' },
        ],
        end: ['end', {}],
      }),
    );
    run.tell(sent);
    run.tell(says('red'));
    expect(run.last.changes).toEqual([
      { kind: 'set', target: 'contact', field: 'fields.color', value: 'red (2025-01-15)' },
    ]);
    expect(run.last.visits.map(({ stepId, exit }) => [stepId, exit])).toEqual([
      ['ask', 'reply'],
      ['if', 'yes'],
      ['save', 'next'],
      ['end', 'end'],
    ]);
  });
});
