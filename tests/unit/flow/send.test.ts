import { describe, expect, it } from 'vitest';
import { reduce } from '#domain/flow/reduce.ts';
import type { Part } from '#domain/message.ts';
import {
  context,
  flow,
  noAnswer,
  outgoing,
  refused,
  says,
  sent,
  start,
  textOnly,
  timeout,
} from './fixtures.ts';

const end = { done: ['end', {}], broke: ['end', {}] } as const;
const sending = (params: Parameters<typeof flow>[0][string][1]) =>
  flow({
    say: ['send', params, { next: 'done', failed: 'broke' }],
    done: [...end.done],
    broke: [...end.broke],
  });

describe('send', () => {
  it('plans its text filled in, as effect 0 of step 1, and waits for the outcome', () => {
    const run = start(sending({ text: 'Hello {{contact.name | first_name}}!' }));
    expect(run.next).toEqual({
      kind: 'effect',
      stepNo: 1,
      effectNo: 0,
      effect: { kind: 'message', parts: [{ kind: 'text', text: 'Hello Ada!' }] },
    });
    expect(run.last.visits).toEqual([
      { stepNo: 1, stepId: 'say', kind: 'send', input: { parts: [{ kind: 'text', text: 'Hello Ada!' }] } },
    ]);
  });

  it('answers the comment last heard privately, in one message or not at all', () => {
    const comments = { ...context().capabilities, privateReply: true as const };
    const heard = (part: Part, capabilities = comments, text = 'Hi') =>
      reduce(
        sending({ text, as: 'private_reply' }),
        null,
        { kind: 'start', message: { id: 'message-9', seq: 9, text: '', parts: [part] } },
        context({ capabilities }),
      );
    const comment: Part = { kind: 'comment', text: 'How much?' };
    expect(heard(comment).next).toMatchObject({
      effect: { kind: 'message', as: 'private_reply', inReplyToId: 'message-9', parts: [{ text: 'Hi' }] },
    });
    const failures = [
      heard({ kind: 'text', text: 'no comment' }),
      heard(comment, { ...comments, privateReply: undefined } as never),
      heard(comment, comments, 'x'.repeat(comments.maxTextLength + 1)),
    ].map(({ visits }) => [visits[0]?.exit, visits[0]?.error?.kind]);
    expect(failures).toEqual([
      ['failed', 'no_comment'],
      ['failed', 'no_comment'],
      ['failed', 'private_reply_too_long'],
    ]);
  });

  it('leaves by next once sent', () => {
    const run = start(sending({ text: 'Hi' }));
    run.tell(sent);
    expect(run.last.visits).toEqual([
      { stepNo: 1, stepId: 'say', kind: 'send', output: { messages: 1 }, exit: 'next' },
      { stepNo: 2, stepId: 'done', kind: 'end', exit: 'end' },
    ]);
    expect(run.next).toEqual({ kind: 'ended', status: 'completed' });
  });

  it('takes no answer for sent: never said twice', () => {
    const run = start(sending({ text: 'Hi' }));
    run.tell(noAnswer);
    expect(run.exit).toBe('next');
  });

  it('leaves by failed when refused, with the reason, and sends nothing more', () => {
    const run = start(
      sending({
        parts: [
          { kind: 'text', text: 'one' },
          { kind: 'text', text: 'two' },
        ],
      }),
    );
    run.tell(refused);
    expect(run.exit).toBe('failed');
    expect(run.last.visits[0]?.error).toEqual({ kind: 'permanent', message: 'Refused.' });
    expect(run.state.stepId).toBe('broke');
  });

  it('sends its units one after the other under one step number', () => {
    const run = start(
      sending({
        parts: [
          { kind: 'text', text: 'one' },
          { kind: 'image', url: 'https://example.org/a.png' },
        ],
      }),
    );
    expect(outgoing(run)).toBe('one');
    run.tell(sent);
    expect(run.next).toMatchObject({ kind: 'effect', stepNo: 1, effectNo: 1 });
    expect(run.last.visits).toEqual([]);
    run.tell(sent);
    expect(run.last.visits[0]).toMatchObject({ exit: 'next', output: { messages: 2 } });
  });

  it('cuts a long text to what the channel carries', () => {
    const text = `${'a'.repeat(100)} ${'b'.repeat(100)}`;
    const run = start(sending({ text }), null, context({ capabilities: textOnly }));
    expect(outgoing(run)).toBe('a'.repeat(100));
    run.tell(sent);
    expect(outgoing(run)).toBe('b'.repeat(100));
  });

  it('plans the same effect again under a new number after a give back', () => {
    const run = start(
      sending({
        parts: [
          { kind: 'text', text: 'one' },
          { kind: 'text', text: 'two' },
        ],
      }),
    );
    run.tell(sent);
    run.tell({ kind: 'replan' });
    expect(run.next).toMatchObject({ kind: 'effect', stepNo: 2, effectNo: 0 });
    expect(outgoing(run)).toBe('two');
    expect(run.last.visits).toEqual([
      { stepNo: 1, stepId: 'say', kind: 'send', exit: 'replanned' },
      { stepNo: 2, stepId: 'say', kind: 'send', input: { replanOf: 1 } },
    ]);
    run.tell(sent);
    expect(run.next.kind).toBe('ended');
  });

  it('leaves by failed with nothing to say', () => {
    const run = start(sending({ text: ' {{contact.email}} ' }));
    expect(run.last.visits[0]).toMatchObject({ exit: 'failed', error: { kind: 'empty_message' } });
  });

  it('leaves by failed where an address is none after filling it in', () => {
    const run = start(sending({ parts: [{ kind: 'image', url: '{{contact.email}}' }] }));
    expect(run.last.visits[0]).toMatchObject({ exit: 'failed', error: { kind: 'bad_address' } });
  });

  it('never reads inserted text as a template, and percent-encodes it in addresses', () => {
    const run = start(
      sending({
        parts: [{ kind: 'image', url: 'https://example.org/{{message.text}}', caption: '{{message.text}}' }],
      }),
      { id: 'm', seq: 1, text: '{{contact.name}} &', parts: [] },
    );
    expect(run.next).toMatchObject({
      effect: {
        parts: [{ url: 'https://example.org/%7B%7Bcontact.name%7D%7D%20%26', caption: '{{contact.name}} &' }],
      },
    });
  });

  it('ignores messages and timers while it sends', () => {
    const run = start(sending({ text: 'Hi' }));
    const before = run.last;
    for (const event of [
      says('more'),
      timeout,
      { kind: 'taken_over' } as const,
      { kind: 'resumed' } as const,
    ]) {
      expect(run.tell(event)).toEqual({ ...before, visits: [] });
    }
  });
});
