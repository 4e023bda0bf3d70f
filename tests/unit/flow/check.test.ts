import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocksPublishing, checkFlow } from '#domain/flow/check.ts';
import type { FlowDefinition, Known, MessageTrigger } from '#domain/flow/types.ts';
import { flow } from './fixtures.ts';

const known: Known = {
  inboxIds: ['inbox-1'],
  flowIds: ['flow-1', 'flow-2'],
  agentIds: ['agent-1'],
  teamIds: ['team-1'],
  flowId: 'flow-1',
};
const problems = (definition: FlowDefinition) => checkFlow(definition, known);
/** `step/exit:code` of each problem; warnings begin with ~. */
const codes = (definition: FlowDefinition): string[] =>
  problems(definition).map(
    ({ severity, step, exit, code }) =>
      `${severity === 'warning' ? '~' : ''}${step ?? ''}${exit === undefined ? '' : `/${exit}`}:${code}`,
  );
const say = (text: string, next: string | null = null) => ['send', { text }, { next, failed: null }] as const;
const ask = (variable: string, exits: Record<string, string | null> = {}) =>
  [
    'ask',
    { text: '?', variable, timeoutSeconds: 60 },
    { reply: null, invalid: null, timeout: null, undelivered: null, taken_over: null, ...exits },
  ] as const;
const set = (next: string) => ['set', { target: 'vars', field: 'x', value: 1 }, { next }] as const;
const note = (next: string) => ['label', { add: ['x'] }, { next }] as const;
type Steps = Parameters<typeof flow>[0];
const checked = (steps: Record<string, readonly [...unknown[]]>, changes: Partial<FlowDefinition> = {}) =>
  codes(flow(steps as unknown as Steps, changes));

const one = (...step: Steps[string]) => checked({ a: step });
describe('checkFlow', () => {
  it('finds nothing wrong with a sound flow', () => {
    const sound = checked({
      hello: say('Hello {{contact.name | default: "there"}}', 'ask'),
      ask: ask('topic', { reply: 'route', timeout: 'person', invalid: 'person' }),
      route: [
        'condition',
        { if: { op: 'matches', left: { var: 'vars.topic' }, right: '(?i)refund' } },
        { yes: 'team', no: 'hello' },
      ],
      team: ['assign', { teamId: 'team-1' }, { next: 'person' }],
      person: ['handoff', { note: 'About {{vars.topic | default: "?"}}' }],
    });
    expect(sound).toEqual([]);
  });

  describe('exits', () => {
    it('missing, unknown and dangling, each with its step and exit', () => {
      expect(checked({ a: ['send', { text: 'x' }, { next: 'gone', nope: null }] })).toEqual([
        'a/failed:missing_exit',
        'a/next:dangling_exit',
        'a/nope:unknown_exit',
      ]);
    });
    it('of go to', () => {
      expect(checked({ a: ['goto', { step: 'gone' }] })).toEqual(['a:dangling_exit']);
    });
    it('are checked where the params are bad, too', () => {
      expect(checked({ a: ['delay', { seconds: 0 }, {}] })).toEqual(['a:bad_params', 'a/next:missing_exit']);
    });
  });

  describe('ways', () => {
    it('entry', () => {
      expect(checked({ a: ['end', {}] }, { entry: 'b' })).toEqual([':missing_entry']);
      expect(checked({ a: ['end', {}] }, { entry: '' })).toEqual([':missing_entry']);
    });
    it('unreachable', () => {
      expect(checked({ a: ['end', {}], b: ['goto', { step: 'c' }], c: ['end', {}] })).toEqual([
        'b:unreachable_step',
        'c:unreachable_step',
      ]);
    });
    it('reached by go to', () => {
      expect(checked({ a: ['goto', { step: 'b' }], b: ['end', {}] })).toEqual([]);
    });
  });

  describe('loops', () => {
    it('without a wait, through exits and go to', () => {
      expect(checked({ a: say('x', 'b'), b: ['goto', { step: 'a' }] })).toEqual(['a:endless_loop']);
      expect(checked({ a: ['goto', { step: 'a' }] })).toEqual(['a:endless_loop']);
    });
    it('with a wait are fine', () => {
      expect(checked({ a: say('x', 'b'), b: ['delay', { seconds: 60 }, { next: 'a' }] })).toEqual([]);
      expect(checked({ a: ask('x', { reply: 'a', timeout: 'a', invalid: 'a' }) })).toEqual([]);
    });
    it('through an ask that could not be delivered never wait', () => {
      expect(checked({ a: ask('x', { undelivered: 'a' }) })).toEqual(['a:endless_loop']);
    });
    it('are told once each', () => {
      const steps = {
        a: ['condition', { if: { all: [] } }, { yes: 'b', no: 'c' }],
        b: ['goto', { step: 'a' }],
        c: ['condition', { if: { all: [] } }, { yes: 'd', no: null }],
        d: ['goto', { step: 'c' }],
      } as const;
      expect(checked(steps)).toEqual(['a:endless_loop', 'c:endless_loop']);
    });
  });

  describe('variables', () => {
    it('that nothing has', () => {
      expect(
        checked({
          a: say('{{vars.x}} {{contact.nope}} {{nope}} {{contact.fields.any}} {{now}} {{contact.fields}}'),
        }),
      ).toEqual(['a:unknown_variable', 'a:unknown_variable', 'a:unknown_variable', 'a:unknown_variable']);
    });
    it('that are set only later', () => {
      expect(checked({ a: say('{{vars.x}}', 'b'), b: ask('x') })).toEqual(['a:unknown_variable']);
    });
    it('that a loop sets are set on some way', () => {
      expect(checked({ a: say('{{vars.x}}', 'b'), b: ask('x', { reply: 'a' }) })).toEqual([
        '~a:maybe_undefined_variable',
      ]);
    });
    it('that only one exit sets', () => {
      const both = { a: ask('x', { reply: 'b', timeout: 'b' }) };
      expect(checked({ ...both, b: say('{{vars.x}}') })).toEqual(['~b:maybe_undefined_variable']);
      expect(checked({ ...both, b: say('{{vars.x | default: "-"}}') })).toEqual([]);
      expect(checked({ a: ask('x', { timeout: 'b' }), b: say('{{vars.x}}') })).toEqual([
        'b:unknown_variable',
      ]);
    });
    it('that every way sets', () => {
      const steps = {
        a: ['condition', { if: { all: [] } }, { yes: 'b', no: 'c' }],
        b: ['set', { target: 'vars', field: 'x', value: 1 }, { next: 'd' }],
        c: ask('x', { reply: 'd' }),
        d: say('{{vars.x}}'),
      };
      expect(checked(steps)).toEqual([]);
    });
    it('are followed to the end, however late a way joins', () => {
      const any = { if: { all: [] } };
      const lateWithout = {
        a: ['condition', any, { yes: 'set', no: 'b' }],
        set: set('d'),
        b: note('c'),
        c: note('d'),
        d: note('e'),
        e: say('{{vars.x}}'),
      };
      expect(checked(lateWithout)).toEqual(['~e:maybe_undefined_variable']);
      const lateWith = {
        a: ['condition', any, { yes: 'd', no: 'b' }],
        b: note('c'),
        c: note('set'),
        set: set('d'),
        d: note('e'),
        e: say('{{vars.x}}'),
      };
      expect(checked(lateWith)).toEqual(['~e:maybe_undefined_variable']);
    });
    it('of an HTTP request have a value by both exits', () => {
      const params = { url: 'https://example.org', save: { id: 'body.id' } };
      expect(
        checked({ a: ['http', params, { ok: 'b', error: 'b' }], b: say('{{vars.id}} {{vars.http_status}}') }),
      ).toEqual([]);
    });
    it('in conditions, addresses and notes; asking whether they exist is fine', () => {
      const steps = {
        a: ['condition', { if: { op: 'eq', left: { var: 'vars.x' }, right: 1 } }, { yes: 'b', no: 'c' }],
        b: ['http', { url: 'https://example.org/{{vars.y}}' }, { ok: null, error: null }],
        c: ['handoff', { note: '{{vars.z}}' }],
      };
      expect(checked(steps)).toEqual(['a:unknown_variable', 'b:unknown_variable', 'c:unknown_variable']);
      const exists = { op: 'exists', left: { var: 'vars.x' } };
      const guarded = {
        a: ask('x', { reply: 'b', timeout: 'b' }),
        b: ['condition', { if: exists }, { yes: null, no: null }],
      };
      expect(checked(guarded)).toEqual([]);
    });
    it('in steps that can’t be reached are not judged twice', () => {
      expect(checked({ a: ['end', {}], b: say('{{vars.x}}') })).toEqual(['b:unreachable_step']);
    });
  });

  describe('params', () => {
    it('name the place', () => {
      const definition = flow({
        a: ['ask', { text: '', variable: '1x', format: 'choice', timeoutSeconds: 0 }],
      });
      const places = problems(definition)
        .filter(({ code }) => code === 'bad_params')
        .map(({ path }) => path);
      expect(places).toEqual(['text', 'variable', 'timeoutSeconds', 'choices']);
    });
    it('templates, patterns, references, values, addresses', () => {
      const exits = { next: null };
      expect(one('send', { text: '{{ x | shout }}' }, { next: null, failed: null })).toEqual([
        'a:bad_template',
      ]);
      expect(
        one('condition', { if: { op: 'matches', left: 'x', right: '(' } }, { yes: null, no: null }),
      ).toEqual(['a:bad_regex']);
      expect(one('assign', { agentId: 'nobody' }, exits)).toEqual(['a:unknown_agent']);
      expect(one('assign', { teamId: 'nobody' }, exits)).toEqual(['a:unknown_team']);
      expect(one('assign', { teamId: 'team-1', agentId: 'agent-1' }, exits)).toEqual(['a:bad_params']);
      expect(one('start_flow', { flowId: 'gone' }, exits)).toEqual(['a:unknown_flow']);
      expect(one('set', { target: 'conversation', field: 'priority', value: 'huge' }, exits)).toEqual([
        'a:bad_value',
      ]);
      expect(one('set', { target: 'conversation', field: 'labels', value: 'x' }, exits)).toEqual([
        'a:bad_params',
      ]);
      expect(one('http', { url: 'example.org' }, { ok: null, error: null })).toEqual(['a:bad_address']);
    });
  });

  it('a flow that starts itself before it has waited', () => {
    const own = ['start_flow', { flowId: 'flow-1' }, { next: null }] as const;
    expect(checked({ a: own })).toEqual(['a:starts_itself']);
    expect(checked({ a: ['delay', { seconds: 60 }, { next: 'b' }], b: own })).toEqual([]);
    expect(checked({ a: ['start_flow', { flowId: 'flow-2' }, { next: null }] })).toEqual([]);
  });

  it('triggers', () => {
    const triggered = (match: MessageTrigger['match'], inboxIds = ['*']) =>
      checked({ a: ['end', {}] }, { triggers: [{ kind: 'message_received', inboxIds, match }] });
    expect(triggered({ kind: 'any' }, ['inbox-1'])).toEqual([]);
    expect(triggered({ kind: 'any' }, ['inbox-9'])).toEqual([':unknown_inbox']);
    expect(triggered({ kind: 'any' }, [])).toEqual([':missing_inbox']);
    expect(triggered({ kind: 'keyword', value: ' ' })).toEqual([':missing_value']);
    expect(triggered({ kind: 'regex', value: '(' })).toEqual([':bad_regex']);
    expect(checked({ a: ['end', {}] }, { triggers: [] })).toEqual(['~:no_trigger']);
  });

  it('only errors keep a flow from being published', () => {
    expect(blocksPublishing(problems(flow({ a: ['end', {}] }, { triggers: [] })))).toBe(false);
    expect(blocksPublishing(problems(flow({ a: ['goto', { step: 'a' }] })))).toBe(true);
  });

  it('answers anything at all, and finds every malformed thing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(blocksPublishing(checkFlow(json, known))).toBe(true);
      }),
    );
  });

  it('is quick on a large flow', () => {
    const steps: Record<string, readonly unknown[]> = {};
    for (let index = 0; index < 400; index++)
      steps[`s${index}`] = [
        'condition',
        { if: { all: [] } },
        { yes: `s${(index * 7 + 1) % 400}`, no: `s${(index + 1) % 400}` },
      ];
    const startedAt = performance.now();
    expect(checked(steps)).toEqual(['s0:endless_loop']);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});
