import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import {
  context,
  flow,
  noAnswer,
  outgoing,
  refused,
  says,
  sent,
  start,
  T0,
  textOnly,
  timeout,
} from './fixtures.ts';

const exits = { reply: 'got', invalid: 'bad', timeout: 'late', undelivered: 'lost', taken_over: 'person' };
const asking = (params: JsonObject = {}) =>
  flow({
    ask: [
      'ask',
      {
        text: 'How many?',
        variable: 'count',
        format: 'number',
        timeoutSeconds: 60,
        maxInvalid: 3,
        ...params,
      },
      exits,
    ],
    got: ['end', {}],
    bad: ['end', {}],
    late: ['end', {}],
    lost: ['end', {}],
    person: ['end', {}],
  });
const asked = (params: JsonObject = {}) => {
  const run = start(asking(params));
  run.tell(sent);
  return run;
};

describe('ask', () => {
  it('asks, then waits: the time for an answer begins when the question is sent', () => {
    const run = start(asking());
    expect(outgoing(run)).toBe('How many?');
    run.pass(5_000).tell(sent);
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'reply', deadlineMs: T0 + 65_000 });
  });

  it('leaves by reply with the value and makes the reply the current message', () => {
    const run = asked();
    run.tell(says('  1.5 '));
    expect(run.exit).toBe('reply');
    expect(run.state.vars).toEqual({ count: 1.5 });
    expect(run.state.message?.text).toBe('  1.5 ');
    expect(run.state.stepId).toBe('got');
  });

  it('waits also where no answer came for the question', () => {
    const run = start(asking());
    run.tell(noAnswer);
    expect(run.next.kind).toBe('waiting');
  });

  it('asks again under the same deadline, each time as the next effect of the same step', () => {
    const run = asked();
    run.pass(10_000).tell(says('lots'));
    expect(run.next).toMatchObject({ kind: 'effect', stepNo: 1, effectNo: 1 });
    expect(run.last.visits).toEqual([
      {
        stepNo: 1,
        stepId: 'ask',
        kind: 'ask',
        output: { reply: 'lots', problem: 'This is not a number.', invalidTries: 1 },
      },
    ]);
    run.pass(10_000).tell(sent);
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'reply', deadlineMs: T0 + 60_000 });
    run.tell(says('many'));
    expect(run.next).toMatchObject({ stepNo: 1, effectNo: 2 });
  });

  it('leaves by invalid with the last reply it may not ask about again', () => {
    const run = asked({ maxInvalid: 2 });
    run.tell(says('a'));
    run.tell(sent);
    run.tell(says('b'));
    expect(run.exit).toBe('invalid');
    expect(run.state.vars).toEqual({});
    expect(run.state.message?.text).toBe('b');
  });

  it.each([0, 1])('with maxInvalid %i never asks again', (maxInvalid) => {
    const run = asked({ maxInvalid });
    run.tell(says('a'));
    expect(run.exit).toBe('invalid');
  });

  it('uses its own words for asking again', () => {
    const run = asked({ invalidText: '“{{message.text}}” is no number.' });
    run.tell(says('lots'));
    expect(outgoing(run)).toBe('“lots” is no number.');
  });

  it('leaves by timeout', () => {
    const run = asked();
    run.pass(60_000).tell(timeout);
    expect(run.exit).toBe('timeout');
  });

  it('times out also when the deadline passed while it asked again', () => {
    const run = asked();
    run.tell(says('lots'));
    run.pass(90_000).tell(timeout);
    expect(run.next.kind).toBe('effect');
    run.tell(sent);
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'reply', deadlineMs: T0 + 60_000 });
    run.tell(timeout);
    expect(run.exit).toBe('timeout');
  });

  it('leaves by undelivered when the question, or asking again, is refused', () => {
    const first = start(asking());
    first.tell(refused);
    expect(first.exit).toBe('undelivered');
    expect(first.last.visits[0]?.error?.message).toBe('Refused.');
    const second = asked();
    second.tell(says('lots'));
    second.tell(refused);
    expect(second.exit).toBe('undelivered');
  });

  it('leaves by undelivered at once when the question is empty', () => {
    const run = start(asking({ text: '{{contact.email}}' }));
    expect(run.exit).toBe('undelivered');
  });

  it.each(['sending', 'waiting', 'merging', 'asking again'])('leaves by taken_over while %s', (when) => {
    const run = start(asking({ mergeSeconds: when === 'merging' ? 5 : 0 }));
    if (when !== 'sending') run.tell(sent);
    if (when === 'merging' || when === 'asking again') run.tell(says('x'));
    run.tell({ kind: 'taken_over' });
    expect(run.exit).toBe('taken_over');
  });

  it('goes on waiting with a fresh deadline after a give back', () => {
    const run = asked();
    run.pass(3_600_000).tell({ kind: 'resumed' });
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'reply', deadlineMs: T0 + 3_660_000 });
    expect(run.last.visits).toEqual([]);
  });

  it('asks again under a new number after a give back, with a fresh deadline and its tries remembered', () => {
    const run = asked({ maxInvalid: 2 });
    run.tell(says('lots'));
    run.pass(3_600_000).tell({ kind: 'replan' });
    expect(run.next).toMatchObject({ kind: 'effect', stepNo: 2, effectNo: 0 });
    run.tell(sent);
    expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'reply', deadlineMs: T0 + 3_660_000 });
    run.tell(says('many'));
    expect(run.exit).toBe('invalid');
  });

  describe('choices', () => {
    const choices = {
      format: 'choice',
      choices: [
        { id: 'a', label: 'Apples' },
        { id: 'b', label: 'Pears' },
      ],
    };

    it('are buttons where the channel has them, a numbered list elsewhere', () => {
      expect(start(asking(choices)).next).toMatchObject({
        effect: { parts: [{ kind: 'choices', text: 'How many?', options: choices.choices }] },
      });
      const plain = start(asking(choices), null, context({ capabilities: textOnly }));
      expect(outgoing(plain)).toBe('How many?\n1. Apples\n2. Pears');
    });

    it('keep the id, and the label beside it', () => {
      const run = asked(choices);
      run.tell(says('2'));
      expect(run.state.vars).toEqual({ count: 'b', count_label: 'Pears' });
    });
  });

  describe('merging', () => {
    it('collects until the silence, each message moving it, then takes all of it as one', () => {
      const run = asked({ format: 'text', mergeSeconds: 5 });
      run.pass(1_000).tell(says('my name'));
      expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'merge', deadlineMs: T0 + 6_000 });
      run.pass(3_000).tell(says('is Ada'));
      expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'merge', deadlineMs: T0 + 9_000 });
      run.pass(5_000).tell(timeout);
      expect(run.exit).toBe('reply');
      expect(run.state.vars).toEqual({ count: 'my name\nis Ada' });
      expect(run.state.message?.parts).toHaveLength(2);
    });

    it('never goes past the deadline of the question', () => {
      const run = asked({ mergeSeconds: 5 });
      run.pass(58_000).tell(says('1'));
      expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'merge', deadlineMs: T0 + 60_000 });
    });

    it('judges what it collected and asks again under the deadline of the question', () => {
      const run = asked({ mergeSeconds: 5 });
      run.tell(says('a'));
      run.pass(5_000).tell(timeout);
      expect(run.next.kind).toBe('effect');
      run.tell(sent);
      expect(run.next).toEqual({ kind: 'waiting', waitingFor: 'reply', deadlineMs: T0 + 60_000 });
    });

    it('begins both times anew after a give back', () => {
      const run = asked({ mergeSeconds: 5 });
      run.tell(says('1'));
      run.pass(600_000).tell({ kind: 'resumed' });
      expect(run.next).toMatchObject({ waitingFor: 'merge', deadlineMs: T0 + 605_000 });
      expect(run.state.wait).toMatchObject({ replyDeadlineMs: T0 + 660_000 });
    });

    it('does not collect without end', () => {
      const run = asked({ format: 'text', mergeSeconds: 5 });
      for (let count = 1; count < 50; count++) run.tell(says('x'));
      expect(run.next.kind).toBe('waiting');
      run.tell(says('x'));
      expect(run.exit).toBe('reply');
    });
  });
});
