import { describe, expect, it } from 'vitest';
import { describeWait } from '#domain/flow/describe-wait.ts';
import { flow, says, sent, start, T0 } from './fixtures.ts';

describe('describeWait', () => {
  it('says where a run stands', () => {
    const ask = flow({
      ask: [
        'ask',
        { text: 'N?', variable: 'n', format: 'number', timeoutSeconds: 7_200, mergeSeconds: 0 },
        { reply: 'wait' },
      ],
      wait: ['delay', { seconds: 90_061 }, { next: 'call' }],
      call: ['http', { url: 'https://example.org' }, { ok: null, error: null }],
    });
    const run = start(ask);
    expect(describeWait(run.state, T0)).toBe('sending a message');
    run.tell(sent);
    expect(describeWait(run.state, T0)).toBe('waiting for a reply, 2 h more');
    run.tell(says('x'));
    expect(describeWait(run.state, T0)).toBe('asking again');
    run.tell(sent);
    expect(describeWait(run.state, T0 + 7_100_000)).toBe(
      'waiting for a reply, 1 min 40 s more, 1 not understood',
    );
    expect(describeWait(run.state, T0 + 7_200_000)).toBe(
      'waiting for a reply, its time is over, 1 not understood',
    );
    run.tell(says('5'));
    expect(describeWait(run.state, T0)).toBe('waiting, 1 d 1 h more');
    run.tell({ kind: 'timeout' });
    expect(describeWait(run.state, T0)).toBe('waiting for an answer to its request');
    run.tell({ kind: 'outcome', outcome: { kind: 'unknown' } });
    expect(describeWait(run.state, T0)).toBe('completed');
  });
});
