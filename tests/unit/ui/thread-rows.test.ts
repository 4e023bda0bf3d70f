import { describe, expect, it } from 'vitest';
import type { Activity, Message } from '../../../studio-ui/src/lib/api/types.ts';
import {
  mergeMessages,
  threadRows,
  type ThreadRow,
} from '../../../studio-ui/src/features/conversations/thread-rows.ts';
import { linkPieces } from '../../../studio-ui/src/features/conversations/link-pieces.ts';

const day = new Date(2026, 2, 12, 10).getTime();
const MINUTE = 60_000;
const now = day + 60 * MINUTE;

function message(seq: number, change: Partial<Message> = {}, atMs = day + seq * MINUTE): Message {
  return {
    id: `m${seq}`,
    seq,
    direction: 'in',
    author: { kind: 'contact', externalId: 'ada' },
    parts: [{ kind: 'text', text: `no ${seq}` }],
    text: `no ${seq}`,
    status: 'received',
    providerMessageId: null,
    sentAt: new Date(atMs).toISOString(),
    createdAt: new Date(atMs).toISOString(),
    ...change,
  };
}
const bot: Partial<Message> = { direction: 'out', author: { kind: 'bot', name: 'Welcome' }, status: 'sent' };
const activity = (id: string, afterSeq: number, atMs: number): Activity => ({
  id,
  afterSeq,
  kind: 'resolved',
  actor: { kind: 'agent', id: 'u1' },
  data: {},
  createdAt: new Date(atMs).toISOString(),
});
const shape = (rows: ThreadRow[]) => rows.map((row) => (row.kind === 'day' ? row.word : row.key));

describe('the rows of a thread', () => {
  it('puts activities after the message they follow, in their own order', () => {
    const rows = threadRows(
      [message(1), message(2, bot)],
      [activity('b', 1, day + 3 * MINUTE), activity('a', 1, day + 2 * MINUTE)],
      [],
      now,
    );
    expect(shape(rows)).toEqual(['Today', 'm1', 'a', 'b', 'm2']);
  });

  it('orders by seq, not by the provider’s clock', () => {
    const early = message(2, {}, day - 5 * MINUTE);
    expect(shape(threadRows([message(1), early], [], [], now))).toEqual(['Today', 'm1', 'm2']);
  });

  it('separates days once each', () => {
    const yesterday = new Date(2026, 2, 11, 22).getTime();
    const rows = threadRows(
      [message(1, {}, yesterday), message(2), message(3)],
      [activity('late', 1, day - 3_600_000)],
      [],
      now,
    );
    expect(shape(rows)).toEqual(['Yesterday', 'm1', 'Today', 'late', 'm2', 'm3']);
  });

  it('groups what one author said in a row', () => {
    const rows = threadRows(
      [
        message(1),
        message(2),
        message(3, bot),
        message(4, bot, day + 30 * MINUTE),
        message(5, { direction: 'internal', author: { kind: 'agent', id: 'u' } }),
      ],
      [],
      [],
      now,
    );
    const groups = rows.flatMap((row) => (row.kind === 'message' ? [[row.isFirst, row.isLast]] : []));
    expect(groups).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
      [true, true],
    ]);
  });

  it('shows what is on its way last', () => {
    const pending = {
      clientMessageId: 'c1',
      parts: [],
      sendAs: {},
      state: 'sending' as const,
      atMs: now,
    };
    expect(shape(threadRows([message(1)], [activity('a', 1, now)], [pending], now)).at(-1)).toBe('c1');
  });
});

describe('merging what was read again', () => {
  it('keeps each message once, the newer copy, ascending', () => {
    const merged = mergeMessages(
      [message(1), message(2, { status: 'sending' })],
      [message(3), message(2, { status: 'sent' })],
    );
    expect(merged.map((one) => [one.seq, one.status])).toEqual([
      [1, 'received'],
      [2, 'sent'],
      [3, 'received'],
    ]);
  });
});

describe('links in a text', () => {
  it('leaves the text whole and punctuation to the sentence', () => {
    const text = 'See https://a.example/x?y=1, or (http://b.example). javascript:alert(1)';
    const pieces = linkPieces(text);
    expect(pieces.map((piece) => piece.text).join('')).toBe(text);
    expect(pieces.flatMap((piece) => piece.href ?? [])).toEqual([
      'https://a.example/x?y=1',
      'http://b.example',
    ]);
  });
});
