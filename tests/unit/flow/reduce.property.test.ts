/** The reducer against the reference interpreter: random flows, random events, every step of the way. Failures print their seed. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { reduce } from '#domain/flow/reduce.ts';
import type { FlowDefinition, MessageView, RunEvent, RunState, StepDefinition } from '#domain/flow/types.ts';
import { context, deepFreeze, T0 } from './fixtures.ts';
import { interpret, type Asked, type Log } from './reference-interpreter.ts';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const target = fc.option(fc.constantFrom(...ids), { nil: null, freq: 5 });
const name = fc.constantFrom('x', 'y');
const template = fc
  .array(
    fc.constantFrom('hi ', '{{vars.x}}', '{{vars.y}}', '{{message.text}}', '{{contact.fields.x}}', '!'),
    { minLength: 1, maxLength: 3 },
  )
  .map((pieces) => pieces.join(''));
/** One variable at most: a loop that doubles its own text would outgrow the reference, which knows no caps. */
const value = fc.constantFrom(
  'hi',
  '{{vars.x}}',
  '{{vars.y}}!',
  '{{message.text}}',
  '{{contact.fields.x}}.',
  '7',
  'two',
);
const leaf = fc.oneof(
  fc.record({ op: fc.constant('exists'), left: name.map((n) => ({ var: `vars.${n}` })) }),
  fc.record({
    op: fc.constant('eq'),
    left: fc.constantFrom('vars.x', 'message.text', 'contact.fields.y').map((path) => ({ var: path })),
    right: fc.constantFrom('yes', '7', 'two'),
  }),
);
const condition: fc.Arbitrary<JsonObject> = fc.oneof(
  leaf,
  leaf.map((not) => ({ not })),
  fc.array(leaf, { maxLength: 3 }).map((all) => ({ all })),
  fc.array(leaf, { maxLength: 3 }).map((any) => ({ any })),
);
const choices = [
  { id: 'one', label: 'First' },
  { id: 'two', label: 'Second' },
];

function step<P extends JsonObject>(kind: StepDefinition['kind'], params: fc.Arbitrary<P>, exits: string[]) {
  const leads = fc.record(Object.fromEntries(exits.map((exit) => [exit, target])));
  return fc.record({ kind: fc.constant(kind), params, exits: leads });
}
const anyStep: fc.Arbitrary<StepDefinition> = fc.oneof(
  step('send', fc.record({ text: template }), ['next', 'failed']),
  step(
    'send',
    fc.record({
      parts: fc.array(
        template.map((text) => ({ kind: 'text', text })),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    ['next', 'failed'],
  ),
  {
    weight: 3,
    arbitrary: step(
      'ask',
      fc
        .record({
          text: template,
          variable: name,
          format: fc.constantFrom('text', 'number', 'choice'),
          timeoutSeconds: fc.integer({ min: 1, max: 100 }),
          maxInvalid: fc.integer({ min: 0, max: 3 }),
          mergeSeconds: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
          invalidText: fc.option(template, { nil: undefined }),
        })
        .map((params): JsonObject =>
          JSON.parse(JSON.stringify(params.format === 'choice' ? { ...params, choices } : params)),
        ),
      ['reply', 'invalid', 'timeout', 'undelivered', 'taken_over'],
    ),
  },
  step('condition', fc.record({ if: condition }), ['yes', 'no']),
  step('set', fc.record({ target: fc.constantFrom('vars', 'contact'), field: name, value }), ['next']),
  step('delay', fc.record({ seconds: fc.integer({ min: 1, max: 100 }) }), ['next']),
  step(
    'http',
    fc.record({ url: fc.constant('https://example.org/x'), save: fc.constant({ id: 'body.id' }) }),
    ['ok', 'error'],
  ),
  step('assign', fc.constant({ agentId: 'agent-1' }), ['next']),
  step('label', fc.constant({ add: ['l'] }), ['next']),
  step('start_flow', fc.constant({ flowId: 'flow-2' }), ['next']),
  // Outside a call: see calling.test.ts for inside.
  step('say', fc.record({ text: template }), ['next', 'hung_up', 'failed']),
  step('gather', fc.record({ text: template, variable: name }), [
    'reply',
    'invalid',
    'timeout',
    'hung_up',
    'failed',
  ]),
  step('ring', fc.constant({}), ['answered', 'no_answer', 'hung_up', 'failed']),
  step('voicemail', fc.constant({}), ['recorded', 'hung_up', 'failed']),
  { weight: 1, arbitrary: step('hang_up', fc.constant({}), []) },
  step('goto', fc.record({ step: fc.constantFrom(...ids) }), []),
  { weight: 1, arbitrary: step('handoff', fc.record({ note: template }), []) },
  { weight: 1, arbitrary: step('end', fc.constant({}), []) },
);
const anyFlow: fc.Arbitrary<FlowDefinition> = fc
  .record(Object.fromEntries(ids.map((id) => [id, anyStep])))
  .map((steps) => ({ schemaVersion: 1, triggers: [], entry: 'a', steps }));

const words = fc.constantFrom('yes', '7', 'two', 'First', 'nope', '');
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constant<RunEvent>({
      kind: 'outcome',
      outcome: { kind: 'sent', result: { status: 200, headers: {}, body: { id: 7 } } },
    }),
  },
  fc.constant<RunEvent>({
    kind: 'outcome',
    outcome: { kind: 'sent', result: { status: 500, headers: {}, body: {} } },
  }),
  fc.constant<RunEvent>({
    kind: 'outcome',
    outcome: { kind: 'failed', error: { kind: 'permanent', message: 'No.' } },
  }),
  fc.constant<RunEvent>({ kind: 'outcome', outcome: { kind: 'unknown' } }),
  { weight: 6, arbitrary: words.map((text): RunEvent => ({ kind: 'message', message: said(text) })) },
  { weight: 2, arbitrary: fc.constant<RunEvent>({ kind: 'timeout' }) },
  fc.constant<RunEvent>({ kind: 'replan' }),
  fc.constant<RunEvent>({ kind: 'resumed' }),
  fc.constant<RunEvent>({ kind: 'taken_over' }),
);
function said(text: string): MessageView {
  return { id: `said ${text}`, seq: 1, text, parts: text === '' ? [] : [{ kind: 'text', text }] };
}
const anyEvents = fc.array(fc.record({ event: anyEvent, passedMs: fc.integer({ min: 0, max: 30_000 }) }), {
  maxLength: 60,
});

/** What a watcher sees of a `next`, with the reducer's error cut to its kind. */
function seen(next: ReturnType<typeof reduce>['next']): Asked {
  const plain = JSON.parse(JSON.stringify(next)) as ReturnType<typeof reduce>['next'];
  if (plain.kind !== 'ended') return plain as Asked;
  return { kind: 'ended', status: plain.status, ...(plain.error ? { error: plain.error.kind } : {}) };
}

describe('the reducer', { timeout: 120_000 }, () => {
  it('does what the reference interpreter does: same requests, changes, exits and variables, at every event', () => {
    const reached = { waits: 0, effects: 0, ends: 0, loops: 0 };
    fc.assert(
      fc.property(anyFlow, anyEvents, (definition, events) => {
        const flow = deepFreeze(definition);
        const given = deepFreeze(context());
        const log: Log = { changes: [], exits: [], vars: {}, message: said('start') };
        const reference = interpret(flow, said('start'), given, log);
        const changes: unknown[] = [];
        const exits: Log['exits'] = [];
        let state: RunState | null = null;
        let nowMs = T0;
        const told: { event: RunEvent; passedMs: number }[] = [
          { event: { kind: 'start', message: said('start') }, passedMs: 0 },
          ...events,
        ];
        for (const { event, passedMs } of told) {
          nowMs += passedMs;
          // The stored state: through JSON and back, and nobody may write into it.
          const stored: RunState | null = deepFreeze(JSON.parse(JSON.stringify(state)) as RunState | null);
          const at = deepFreeze({
            ...given,
            nowMs,
            contact: { ...given.contact, fields: fieldsAfter(given.contact.fields, changes) },
          });
          const reduction = reduce(flow, stored, deepFreeze(event), at);
          expect(reduce(flow, stored, event, at)).toEqual(reduction);
          expect(JSON.parse(JSON.stringify(reduction.state))).toEqual(reduction.state);
          changes.push(...reduction.changes);
          for (const { stepNo, stepId, exit } of reduction.visits)
            if (exit !== undefined) exits.push({ stepNo, stepId, exit });

          expect(seen(reduction.next)).toEqual(reference.next({ event, nowMs }).value);
          expect(changes).toEqual(log.changes);
          expect(exits).toEqual(log.exits);
          expect(reduction.state.vars).toEqual(log.vars);
          expect(reduction.state.message).toMatchObject({ id: log.message?.id, text: log.message?.text });

          state = reduction.state;
          reached.waits += Number(reduction.next.kind === 'waiting');
          reached.effects += Number(reduction.next.kind === 'effect');
          if (reduction.next.kind === 'ended') {
            reached.ends += 1;
            reached.loops += Number(reduction.next.error?.kind === 'too_many_hops');
            expect(reduction.next.error?.kind ?? 'too_many_hops').toBe('too_many_hops');
            expect(reduce(flow, state, event, at)).toEqual({
              state,
              visits: [],
              changes: [],
              next: reduction.next,
            });
            return;
          }
        }
      }),
      { numRuns: 1500 },
    );
    // The test is worth something only if it gets everywhere.
    expect(reached.waits).toBeGreaterThan(500);
    expect(reached.effects).toBeGreaterThan(500);
    expect(reached.ends).toBeGreaterThan(300);
    expect(reached.loops).toBeGreaterThan(5);
  });

  it('never throws, whatever it is given', () => {
    const steps = fc.dictionary(
      fc.constantFrom('a', 'b', '__proto__'),
      fc.oneof(
        fc.jsonValue(),
        fc.record({
          kind: fc.constantFrom('ask', 'send', 'http', 'set', 'condition', 'delay', 'x'),
          params: fc.jsonValue(),
          exits: fc.jsonValue(),
        }),
      ),
    );
    const wild = fc.oneof(
      fc.jsonValue(),
      fc.record({ entry: fc.constantFrom('a', 'b', 'toString', 7), steps }),
    );
    const state = fc.oneof(
      fc.jsonValue(),
      fc.record({
        stepId: fc.constantFrom('a', 'b'),
        stepNo: fc.nat(),
        vars: fc.jsonValue(),
        message: fc.oneof(fc.constant(null), fc.jsonValue()),
        pending: fc.oneof(fc.constant(null), fc.jsonValue()),
        effectsPlanned: fc.nat(),
        wait: fc.oneof(fc.constant(null), fc.constant({ kind: 'delay', deadlineMs: 5 }), fc.jsonValue()),
        hops: fc.nat(),
        ended: fc.oneof(fc.constant(null), fc.jsonValue()),
      }),
    );
    const events: fc.Arbitrary<RunEvent> = fc.oneof(
      anyEvent,
      fc.constant<RunEvent>({ kind: 'start', message: null }),
    );
    fc.assert(
      fc.property(wild, state, events, (definition, stored, event) => {
        const { next, state: after } = reduce(
          definition as unknown as FlowDefinition,
          stored as unknown as RunState,
          event,
          context(),
        );
        expect(['effect', 'waiting', 'ended']).toContain(next.kind);
        if (next.kind === 'ended') expect(next.error?.kind).not.toBe('internal');
        expect(JSON.parse(JSON.stringify(after))).toEqual(after);
      }),
      { numRuns: 1500 },
    );
  });
});

/** The contact as the database has it after the changes so far. */
function fieldsAfter(fields: JsonObject, changes: unknown[]): JsonObject {
  let after = fields;
  for (const change of changes as { kind: string; field?: string; value?: string }[])
    if (change.kind === 'set')
      after = { ...after, [String(change.field).replace('fields.', '')]: change.value ?? null };
  return after;
}
