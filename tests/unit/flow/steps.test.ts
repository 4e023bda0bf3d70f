import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { STEPS } from '#domain/flow/steps/index.ts';
import { STEP_KINDS } from '#domain/flow/types.ts';
import { context, flow, message, outgoing, says, sent, start, T0, timeout } from './fixtures.ts';

const going = (condition: JsonObject) =>
  start(
    flow({ if: ['condition', { if: condition }, { yes: 'y', no: 'n' }], y: ['end', {}], n: ['end', {}] }),
    message('I need HELP'),
  );
describe('condition', () => {
  it('goes yes or no, and says in words what it asked', () => {
    const condition = { op: 'contains', left: { var: 'message.text' }, right: 'help' };
    expect(going(condition).last.visits).toEqual([
      {
        stepNo: 1,
        stepId: 'if',
        kind: 'condition',
        input: { if: 'message.text contains "help"' },
        exit: 'yes',
      },
      { stepNo: 2, stepId: 'y', kind: 'end', exit: 'end' },
    ]);
    expect(going({ not: condition }).exit).toBe('no');
  });
  it('goes no on a bad pattern', () => {
    expect(going({ op: 'matches', left: { var: 'message.text' }, right: '(' }).exit).toBe('no');
  });
});

const setting = (params: JsonObject, then: string, given = context()) =>
  start(
    flow({
      set: ['set', params, { next: 'say' }],
      say: ['send', { text: then }, { next: null, failed: null }],
    }),
    message('blue'),
    given,
  );
describe('set', () => {
  it('writes a custom field that the next step sees', () => {
    const run = setting(
      { target: 'contact', field: 'color', value: '{{message.text | upper}}' },
      '{{contact.fields.color}}/{{contact.fields.plan}}',
    );
    expect(run.last.changes).toEqual([
      { kind: 'set', target: 'contact', field: 'fields.color', value: 'BLUE' },
    ]);
    expect(outgoing(run)).toBe('BLUE/pro');
  });
  it.each([
    ['contact', 'name', ' Grace ', 'name', 'Grace'],
    ['contact', 'email', '', 'email', null],
    ['customer', 'name', '', 'name', ''],
    ['customer', 'fields.name', 'x', 'fields.name', 'x'],
    ['conversation', 'priority', 'high', 'priority', 'high'],
    ['conversation', 'status', 'pending', 'status', 'pending'],
  ])('of a %s writes %s', (target, field, value, stored, expected) => {
    expect(setting({ target, field, value }, 'x').last.changes).toEqual([
      { kind: 'set', target, field: stored, value: expected },
    ]);
  });
  it('shows later steps the customer that storing will make', () => {
    const run = setting(
      { target: 'customer', field: 'tier', value: 3 },
      '{{customer.name}} {{customer.fields.tier}}',
      context({ customer: null }),
    );
    expect(outgoing(run)).toBe('Ada Lovelace 3');
  });
  it('sets a variable without any change, keeping the type of {var}', () => {
    const run = setting(
      { target: 'vars', field: 'labels', value: { var: 'conversation.labels' } },
      '{{vars.labels | json}}',
    );
    expect(run.last.changes).toEqual([]);
    expect(outgoing(run)).toBe('["new"]');
  });
  it('stores nothing that does not fit, says why, and goes on', () => {
    const run = setting(
      { target: 'conversation', field: 'priority', value: '{{message.text}}' },
      '{{conversation.priority}}',
    );
    expect(run.last.changes).toEqual([]);
    expect(run.last.visits[0]).toMatchObject({ exit: 'next', error: { kind: 'bad_value' } });
    expect(outgoing(run)).toBe('none');
  });
});

const delayed = () =>
  start(
    flow({
      wait: ['delay', { seconds: 90 }, { next: 'say' }],
      say: ['send', { text: '{{message.text}}' }, { next: null, failed: null }],
    }),
  );
describe('delay', () => {
  it('waits and goes on', () => {
    const run = delayed();
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'delay', deadlineMs: T0 + 90_000 });
    run.pass(90_000).tell(timeout);
    expect(run.exit).toBe('next');
  });
  it('is not ended by a message, which is the current one from then on', () => {
    const run = delayed();
    run.pass(10_000).tell(says('still there?'));
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'delay', deadlineMs: T0 + 90_000 });
    run.tell(timeout);
    expect(outgoing(run)).toBe('still there?');
  });
  it('begins anew after a give back', () => {
    const run = delayed();
    run.pass(50_000).tell({ kind: 'resumed' });
    expect(run.next).toMatchObject({ deadlineMs: T0 + 140_000 });
  });
});

describe('assign and label', () => {
  it('leave changes in order, and labels are seen by later steps', () => {
    const run = start(
      flow({
        assign: ['assign', { teamId: 'team-1' }, { next: 'label' }],
        label: ['label', { add: ['vip', 'new'], remove: ['new'] }, { next: 'say' }],
        say: ['send', { text: '{{conversation.labels}}' }, { next: null, failed: null }],
      }),
    );
    expect(run.last.changes).toEqual([
      { kind: 'assign', teamId: 'team-1' },
      { kind: 'label', add: ['vip', 'new'], remove: ['new'] },
    ]);
    expect(outgoing(run)).toBe('vip, new');
  });
});

describe('handoff', () => {
  it('ends the run with a note filled in', () => {
    const run = start(flow({ person: ['handoff', { note: 'Wants {{message.text}}' }] }), message('a refund'));
    expect(run.last.changes).toEqual([{ kind: 'handoff', note: 'Wants a refund' }]);
    expect(run.next).toEqual({ kind: 'ended', status: 'completed' });
    expect(run.exit).toBe('end');
  });
  it('needs no note', () => {
    expect(start(flow({ person: ['handoff', {}] })).last.changes).toEqual([{ kind: 'handoff', note: null }]);
  });
});

describe('goto', () => {
  it('jumps', () => {
    const run = start(
      flow({ go: ['goto', { step: 'say' }], say: ['send', { text: 'Here' }, { next: null, failed: null }] }),
    );
    expect(outgoing(run)).toBe('Here');
    expect(run.last.visits[0]).toEqual({ stepNo: 1, stepId: 'go', kind: 'goto', exit: 'jump' });
  });
});

describe('start_flow', () => {
  it('runs in the foreground with nothing behind it, in the background otherwise', () => {
    const last = start(flow({ other: ['start_flow', { flowId: 'flow-2' }, { next: null }] }));
    expect(last.last.changes).toEqual([{ kind: 'start_flow', flowId: 'flow-2', foreground: true }]);
    expect(last.next).toEqual({ kind: 'ended', status: 'completed' });
    const midway = start(
      flow({ other: ['start_flow', { flowId: 'flow-2' }, { next: 'end' }], end: ['end', {}] }),
    );
    expect(midway.last.changes).toEqual([{ kind: 'start_flow', flowId: 'flow-2', foreground: false }]);
  });
});

describe('end', () => {
  it('ends, and answers every later event with the same end', () => {
    const run = start(flow({ end: ['end', {}] }));
    const ended = { kind: 'ended', status: 'completed' };
    expect(run.next).toEqual(ended);
    for (const event of [sent, timeout, says('x'), { kind: 'replan' } as const]) {
      expect(run.tell(event)).toEqual({ state: run.state, visits: [], changes: [], next: ended });
    }
  });
});

describe('every step', () => {
  it.each(STEP_KINDS)('%s is listed under its own kind and says something on the canvas', (kind) => {
    const spec = STEPS[kind];
    expect(spec.kind).toBe(kind);
    expect(spec.title).not.toBe('');
    expect(spec.summary({ nonsense: 1 })).not.toBe('');
  });
  it('has the exits of the contract', () => {
    const exits = Object.fromEntries(STEP_KINDS.map((kind) => [kind, STEPS[kind].exits({})]));
    expect(exits).toEqual({
      send: ['next', 'failed'],
      ask: ['reply', 'invalid', 'timeout', 'undelivered', 'taken_over'],
      condition: ['yes', 'no'],
      set: ['next'],
      delay: ['next'],
      http: ['ok', 'error'],
      assign: ['next'],
      label: ['next'],
      handoff: [],
      goto: [],
      start_flow: ['next'],
      say: ['next', 'hung_up', 'failed'],
      gather: ['reply', 'invalid', 'timeout', 'hung_up', 'failed'],
      ring: ['answered', 'no_answer', 'hung_up', 'failed'],
      voicemail: ['recorded', 'hung_up', 'failed'],
      hang_up: [],
      end: [],
    });
  });
});
