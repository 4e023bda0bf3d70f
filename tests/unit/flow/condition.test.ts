import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  conditionProblems,
  conditionSchema,
  conditionVariables,
  describeCondition,
  evaluateCondition,
} from '#domain/flow/condition.ts';
import type { Json } from '#domain/json.ts';

const root = {
  message: { text: 'I need Help, order 42' },
  vars: {
    n: 42,
    text42: '42',
    list: ['a', 'B', 3],
    date: '2025-02-01',
    empty: '',
    no: null,
    flag: true,
    object: { b: 1, a: [2] },
  },
};
const v = (path: string): Json => ({ var: path });

describe('evaluateCondition', () => {
  it.each<[string, Json, Json, boolean]>([
    ['eq', v('vars.n'), '42', true],
    ['eq', v('vars.text42'), 42, true],
    ['eq', v('vars.text42'), '042', false],
    ['eq', v('message.text'), 'i need help, order 42', false],
    ['eq', v('vars.flag'), 'true', true],
    ['eq', v('vars.nope'), null, true],
    ['eq', v('vars.nope'), '', false],
    ['eq', v('vars.object'), { a: [2], b: 1 }, true],
    ['ne', v('vars.n'), 41, true],
    ['ne', v('vars.n'), 42, false],
    ['lt', v('vars.n'), 100, true],
    ['lt', v('vars.text42'), '100', true],
    ['gt', v('vars.n'), 100, false],
    ['gt', v('vars.date'), '2025-01-31', true],
    ['lt', v('vars.date'), '2025-01-31T23:59:59Z', false],
    ['lt', 'apple', 'banana', true],
    ['lt', v('vars.nope'), 5, false],
    ['gt', v('vars.nope'), 5, false],
    ['contains', v('message.text'), 'HELP', true],
    ['contains', v('message.text'), '', false],
    ['contains', v('vars.list'), 'a', true],
    ['contains', v('vars.list'), 'b', false],
    ['contains', v('vars.list'), '3', true],
    ['matches', v('message.text'), 'order \\d+$', true],
    ['matches', v('message.text'), '(?i)^i NEED', true],
    ['matches', v('message.text'), '(', false],
    ['matches', v('message.text'), '(?=x)', false],
    ['exists', v('vars.n'), null, true],
    ['exists', v('vars.empty'), null, false],
    ['exists', v('vars.no'), null, false],
    ['exists', v('vars.nope'), null, false],
    ['in', v('vars.n'), [1, '42'], true],
    ['in', v('vars.n'), [v('vars.text42')], true],
    ['in', 'a', v('vars.list'), true],
    ['in', v('vars.n'), '42', false],
    ['eq', v('vars.constructor'), null, true],
    ['shout', 1, 1, false],
  ])('%s %j %j is %s', (op, left, right, expected) => {
    expect(evaluateCondition({ op, left, right }, root)).toBe(expected);
  });

  it('combines', () => {
    const [yes, no] = [
      { op: 'eq', left: 1, right: 1 },
      { op: 'eq', left: 1, right: 2 },
    ];
    expect(evaluateCondition({ all: [yes, yes] }, root)).toBe(true);
    expect(evaluateCondition({ all: [yes, no] }, root)).toBe(false);
    expect(evaluateCondition({ any: [no, yes] }, root)).toBe(true);
    expect(evaluateCondition({ any: [no] }, root)).toBe(false);
    expect(evaluateCondition({ not: no }, root)).toBe(true);
    expect(evaluateCondition({ all: [] }, root)).toBe(true);
    expect(evaluateCondition({ any: [] }, root)).toBe(false);
    expect(evaluateCondition({ not: 'nonsense' }, root)).toBe(false);
  });

  it('answers anything at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (condition, json) => {
        expect(typeof evaluateCondition(condition, json)).toBe('boolean');
      }),
    );
  });

  it('takes linear time for a pattern that would blow up elsewhere', () => {
    const startedAt = performance.now();
    evaluateCondition({ op: 'matches', left: 'a'.repeat(100_000), right: '^(a+)+$!' }, root);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

const problems = (right: Json, op = 'matches') =>
  conditionProblems(conditionSchema.parse({ any: [{ op, left: 'x', right }] })).map(({ code }) => code);
describe('for the checker and the canvas', () => {
  it('lists what is read; asking whether it exists guards it', () => {
    const condition = conditionSchema.parse({
      all: [
        { op: 'exists', left: v('vars.a') },
        { not: { op: 'gt', left: v('vars.a'), right: v('vars.b') } },
      ],
    });
    expect(conditionVariables(condition)).toEqual([
      { path: 'vars.a', guarded: true },
      { path: 'vars.a', guarded: true },
      { path: 'vars.b', guarded: false },
    ]);
    expect(describeCondition(condition)).toBe('vars.a has a value and not vars.a is more than vars.b');
  });

  it('finds bad patterns and lists that are none', () => {
    expect(problems('(')).toEqual(['bad_regex']);
    expect(problems('x{0,1000}'.repeat(50))).toEqual(['bad_regex']);
    expect(problems('fine')).toEqual([]);
    expect(problems('x', 'in')).toEqual(['bad_condition']);
  });
});
