/** Steps that speak in a call: what they ask, what answers them, and what doesn't. */
import { describe, expect, test } from 'vitest';
import type { CallPart } from '#domain/message.ts';
import type { JsonObject } from '#domain/json.ts';
import { checkFlow } from '#domain/flow/check.ts';
import { reduce } from '#domain/flow/reduce.ts';
import type { FlowDefinition, MessageView, Reduction, RunEvent, StepKind } from '#domain/flow/types.ts';
import { context, everything, flow, T0 } from './fixtures.ts';

const exits: Partial<Record<StepKind, string[]>> = {
  say: ['next', 'hung_up', 'failed'],
  gather: ['reply', 'invalid', 'timeout', 'hung_up', 'failed'],
  ring: ['answered', 'no_answer', 'hung_up', 'failed'],
  voicemail: ['recorded', 'hung_up', 'failed'],
};
const inCall = context({ capabilities: { ...everything, voice: true } });
/** One step, each of whose exits ends the run. */
const only = (kind: StepKind, params: JsonObject): FlowDefinition =>
  flow({ a: [kind, params, Object.fromEntries((exits[kind] ?? []).map((exit) => [exit, null]))] });
const begin = (definition: FlowDefinition, world = inCall): Reduction =>
  reduce(definition, null, { kind: 'start', message: null }, world);
const go = (definition: FlowDefinition, from: Reduction, event: RunEvent, nowMs = T0): Reduction =>
  reduce(definition, from.state, event, { ...inCall, nowMs });
const sent: RunEvent = { kind: 'outcome', outcome: { kind: 'sent' } };
const happened = (part: Omit<CallPart, 'kind'>, id = 'm'): RunEvent => ({
  kind: 'message',
  message: { id, seq: 1, text: '', parts: [{ kind: 'call', ...part }] } satisfies MessageView,
});
const exitOf = (reduction: Reduction): string | undefined => reduction.visits.at(-1)?.exit;
const asked = ({ next }: Reduction): CallPart => {
  if (next.kind !== 'effect' || next.effect.kind !== 'message') throw new Error(`No message: ${next.kind}`);
  return next.effect.parts[0] as CallPart;
};

describe.each([
  ['say', { text: 'Hello' }, 'said', {}, 'next'],
  ['gather', { text: 'Press', variable: 'x' }, 'gathered', { digits: '1' }, 'reply'],
  ['ring', {}, 'answered', { by: { name: 'Ada' } }, 'answered'],
  ['ring', {}, 'no_answer', {}, 'no_answer'],
  ['voicemail', {}, 'voicemail', { durationSeconds: 3 }, 'recorded'],
  ['voicemail', {}, 'no_answer', { reason: 'silent' }, 'hung_up'],
] as const)('%s', (kind, params, event, more, exit) => {
  const definition = only(kind, params);
  const waiting = (): { state: Reduction; ref: string } => {
    const first = begin(definition);
    return { state: go(definition, first, sent), ref: asked(first).ref ?? '' };
  };
  test(`${event} leaves by ${exit}`, () => {
    const { state, ref } = waiting();
    expect(state.next).toMatchObject({ kind: 'waiting', waitingFor: 'call' });
    expect(exitOf(go(definition, state, happened({ event, ref, ...more })))).toBe(exit);
  });
  test('an answer to another instruction, or of another kind, is not heard', () => {
    const { state, ref } = waiting();
    expect(go(definition, state, happened({ event, ref: 'older', ...more })).next.kind).toBe('waiting');
    expect(go(definition, state, happened({ event, ...more })).next.kind).toBe('waiting');
    expect(go(definition, state, happened({ event: 'recording', ref })).next.kind).toBe('waiting');
  });
  test.each(['ended', 'missed', 'failed'])('%s leaves by hung_up', (end) => {
    const { state } = waiting();
    expect(exitOf(go(definition, state, happened({ event: end })))).toBe('hung_up');
  });
  test('a call that is over before it could be told leaves by hung_up, any other refusal by failed', () => {
    const refuse = (error: { kind: string; message: string; providerCode?: string }): string | undefined =>
      exitOf(go(definition, begin(definition), { kind: 'outcome', outcome: { kind: 'failed', error } }));
    expect(refuse({ kind: 'contact_unreachable', message: 'over' })).toBe('hung_up');
    expect(refuse({ kind: 'permanent', message: 'no' })).toBe('failed');
    expect(refuse({ kind: 'permanent', message: 'nobody', providerCode: 'nobody_free' })).toBe(
      kind === 'ring' ? 'no_answer' : 'failed',
    );
  });
  test('no answer from the provider counts as told', () => {
    const state = go(definition, begin(definition), { kind: 'outcome', outcome: { kind: 'unknown' } });
    expect(state.next).toMatchObject({ kind: 'waiting', waitingFor: 'call' });
  });
  test('waits for ever for nothing', () => {
    const { state } = waiting();
    expect(go(definition, state, { kind: 'timeout' }).next.kind).toBe('ended');
  });
  test('outside a call it fails, and says why', () => {
    const ended = begin(definition, context());
    expect(exitOf(ended)).toBe('failed');
    expect(ended.visits.at(-1)?.error?.kind).toBe('no_call');
  });
});

describe('gather', () => {
  const definition = only('gather', {
    text: 'One or two?',
    variable: 'choice',
    input: 'both',
    numDigits: 1,
    accept: ['1', 'Two'],
    maxInvalid: 2,
    invalidText: 'Again, please.',
  });
  const answer = (from: Reduction, more: Partial<CallPart>): Reduction =>
    go(definition, from, happened({ event: 'gathered', ref: asked(from).ref ?? '', ...more }));
  const told = (): Reduction => ({ ...begin(definition) });
  const heard = (from: Reduction, more: Partial<CallPart>): Reduction => {
    const waiting = go(definition, from, sent);
    return go(definition, waiting, happened({ event: 'gathered', ref: asked(from).ref ?? '', ...more }));
  };
  test('keeps what is understood, spoken or pressed', () => {
    expect(heard(told(), { digits: '1' }).state.vars).toEqual({ choice: '1' });
    expect(heard(told(), { speech: 'two.' }).state.vars).toEqual({ choice: 'Two' });
  });
  test('asks again in other words under another name, then gives up', () => {
    const again = heard(told(), { digits: '7' });
    expect(asked(again)).toMatchObject({ instruction: { text: 'Again, please.' } });
    expect(asked(again).ref).not.toBe(asked(told()).ref);
    // The first question's answer, told late, is not the second's.
    const waiting = go(definition, again, sent);
    expect(
      go(definition, waiting, happened({ event: 'gathered', ref: asked(told()).ref ?? '', digits: '1' })).next
        .kind,
    ).toBe('waiting');
    expect(exitOf(heard(again, { digits: '9' }))).toBe('invalid');
    expect(exitOf(heard(again, {}))).toBe('timeout');
  });
  test('while the question is on its way nothing is heard', () => {
    expect(answer(told(), { digits: '1' }).next.kind).toBe('effect');
  });
});

test('hang up ends the flow, whether or not the call is over already', () => {
  const definition = flow({ a: ['hang_up', {}] });
  const first = begin(definition);
  expect(asked(first).instruction).toEqual({ do: 'hang_up' });
  expect(go(definition, first, sent).next).toMatchObject({ kind: 'ended', status: 'completed' });
  expect(begin(definition, context()).next).toMatchObject({ kind: 'ended', status: 'completed' });
});

describe('publishing', () => {
  const known = {
    inboxIds: ['chat', 'phone'],
    callInboxIds: ['phone'],
    flowIds: [],
    agentIds: [],
    teamIds: [],
  };
  const say = only('say', { text: 'Hello' });
  const codes = (triggers: FlowDefinition['triggers']): string[] =>
    checkFlow({ ...say, triggers }, known).map(({ code }) => code);
  test('a flow that speaks starts by incoming calls only', () => {
    expect(codes([{ kind: 'call', inboxIds: ['phone'], event: 'incoming' }])).toEqual([]);
    expect(codes([{ kind: 'call', inboxIds: ['*'], event: 'incoming' }])).toEqual([]);
    expect(codes([{ kind: 'call', inboxIds: ['phone'], event: 'missed' }])).toEqual(['no_call']);
    expect(codes([{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }])).toEqual([
      'no_call',
    ]);
    expect(codes([{ kind: 'call', inboxIds: ['chat'], event: 'incoming' }])).toEqual(['no_calls', 'no_call']);
  });
  test('whom a ring step names must be there', () => {
    const ring = only('ring', { agentIds: ['gone'] });
    const found = checkFlow(
      { ...ring, triggers: [{ kind: 'call', inboxIds: ['phone'], event: 'incoming' }] },
      known,
    );
    expect(found.map(({ code }) => code)).toEqual(['unknown_agent']);
  });
});
