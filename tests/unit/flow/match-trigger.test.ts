import { describe, expect, it } from 'vitest';
import { matchTrigger, routeMessage, type RoutableFlow } from '#domain/flow/match-trigger.ts';
import type { MessageTrigger, TriggerDefinition } from '#domain/flow/types.ts';

const trigger = (match: MessageTrigger['match'], inboxIds = ['*']): TriggerDefinition => ({
  kind: 'message_received',
  inboxIds,
  match,
});
const input = (text: string, isFirst = false) => ({ inboxId: 'inbox-1', text, isFirst });
const any = trigger({ kind: 'any' });

describe('matchTrigger', () => {
  it('knows its inboxes', () => {
    expect(matchTrigger(trigger({ kind: 'any' }, ['inbox-2']), input('x'))).toEqual({
      matched: false,
      reason: 'It does not listen to this inbox.',
    });
    expect(matchTrigger(trigger({ kind: 'any' }, ['inbox-1']), input('x')).reason).toBe(
      'It listens to every message in this inbox.',
    );
    expect(matchTrigger(any, input('x')).reason).toBe('It listens to every message in any inbox.');
  });
  it('knows a first message', () => {
    expect(matchTrigger(trigger({ kind: 'first' }), input('x', true)).matched).toBe(true);
    expect(matchTrigger(trigger({ kind: 'first' }), input('x', false)).matched).toBe(false);
  });
  it.each([
    ['help', 'I need HELP!', true],
    ['help', 'helpful', false],
    ['help', 'unhelped help', true],
    ['opening hours', 'What are your Opening Hours?', true],
    ['refund, money back', 'I want my money back', true],
    ['/start', '/start', true],
    ['ÄRGER', 'so ein ärger', true],
    ['é', 'cafe\u0301', false],
    ['café', 'cafe\u0301 au lait', true],
    ['退款', '我要退款谢谢', true],
    ['مساعدة', 'أريد مساعدة الآن', true],
    ['help', '', false],
    [' , ', 'x', false],
    ['a', '😀a😀', true],
  ])('keyword %j in %j: %s', (value, text, expected) => {
    expect(matchTrigger(trigger({ kind: 'keyword', value }), input(text)).matched).toBe(expected);
  });
  it('says which keyword or pattern it was, never what was written', () => {
    const match = trigger({ kind: 'keyword', value: 'refund, help' });
    expect(matchTrigger(match, input('help secret')).reason).toBe(
      'The message contains the keyword “help” in any inbox.',
    );
    expect(matchTrigger(match, input('secret')).reason).toBe(
      'The message does not contain “refund”, “help”.',
    );
  });
  it('takes patterns, and never a bad one', () => {
    expect(matchTrigger(trigger({ kind: 'regex', value: '^#\\d+$' }), input('#12')).matched).toBe(true);
    expect(matchTrigger(trigger({ kind: 'regex', value: '^#\\d+$' }), input('x #12')).matched).toBe(false);
    expect(matchTrigger(trigger({ kind: 'regex', value: '(' }), input('(')).reason).toContain(
      "can't be used",
    );
    expect(matchTrigger(trigger({ kind: 'regex', value: '' }), input('x')).matched).toBe(false);
  });
});

const flow = (flowId: string, position: number, ...triggers: TriggerDefinition[]): RoutableFlow => ({
  flowId,
  name: flowId.toUpperCase(),
  versionId: `${flowId}-v1`,
  position,
  triggers,
});
const winner = (...flows: RoutableFlow[]) => routeMessage(flows, input('help', true)).flow?.flowId ?? null;
describe('routeMessage', () => {
  const here = ['inbox-1'];

  it('prefers this inbox to all inboxes, then listening for something to any message, then position', () => {
    const inboxAny = flow('a', 9, trigger({ kind: 'any' }, here));
    const starKeyword = flow('b', 0, trigger({ kind: 'keyword', value: 'help' }));
    const inboxKeyword = flow('c', 9, trigger({ kind: 'keyword', value: 'help' }, here));
    const inboxFirst = flow('d', 8, trigger({ kind: 'first' }, here));
    const starAny = flow('e', 0, any);
    expect(winner(starKeyword, inboxAny)).toBe('a');
    expect(winner(inboxAny, inboxKeyword)).toBe('c');
    expect(winner(inboxKeyword, inboxFirst)).toBe('d');
    expect(winner(starAny, starKeyword)).toBe('b');
    expect(winner(starAny, flow('f', -1, any))).toBe('f');
  });
  it('takes the better of a flow’s own triggers that match', () => {
    expect(winner(flow('a', 0, any), flow('b', 1, any, trigger({ kind: 'first' }, here)))).toBe('b');
    expect(
      winner(flow('a', 0, any), flow('b', 1, any, trigger({ kind: 'keyword', value: 'nope' }, here))),
    ).toBe('a');
  });
  it('never wavers between equals', () => {
    expect(winner(flow('a', 0, any), flow('b', 0, any))).toBe('a');
    expect(winner(flow('b', 0, any), flow('a', 0, any))).toBe('a');
  });
  it('says of every flow why or why not', () => {
    const decision = routeMessage(
      [
        flow('b', 1, any),
        flow('c', 0, trigger({ kind: 'keyword', value: 'refund' })),
        flow('a', 0, any),
        flow('d', 0),
      ],
      input('help'),
    );
    expect(decision.flow?.versionId).toBe('a-v1');
    expect(decision.considered).toEqual([
      { flowId: 'a', name: 'A', matched: true, reason: 'It listens to every message in any inbox.' },
      {
        flowId: 'b',
        name: 'B',
        matched: true,
        reason: 'It would have started, but “A” comes before it. It listens to every message in any inbox.',
      },
      { flowId: 'c', name: 'C', matched: false, reason: 'The message does not contain “refund”.' },
      { flowId: 'd', name: 'D', matched: false, reason: 'It has no trigger.' },
    ]);
  });
  it('may find none', () => {
    expect(routeMessage([], input('x'))).toEqual({ flow: null, considered: [] });
  });
});

describe('calls', () => {
  const called: TriggerDefinition = { kind: 'call', inboxIds: ['*'], event: 'incoming' };
  const input = { inboxId: 'inbox-1', text: 'incoming', isFirst: true };
  it('a trigger for calls hears calls, one for messages doesn’t', () => {
    expect(matchTrigger(called, { ...input, call: 'incoming' }).matched).toBe(true);
    expect(matchTrigger(called, { ...input, call: 'missed' }).matched).toBe(false);
    expect(matchTrigger(called, input)).toEqual({
      matched: false,
      reason: 'It listens to incoming calls, and this is a message.',
    });
    expect(matchTrigger(trigger({ kind: 'any' }), { ...input, call: 'incoming' })).toEqual({
      matched: false,
      reason: 'It listens to messages, and this is an event of a call.',
    });
  });
});
