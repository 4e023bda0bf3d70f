import { describe, expect, it } from 'vitest';
import type { CallPart } from '#domain/message.ts';
import type { Message } from '../../../studio-ui/src/lib/api/types.ts';
import { withCallCards } from '../../../studio-ui/src/features/conversations/call-rows.ts';
import { callLine, callSummary } from '../../../studio-ui/src/features/conversations/call-words.ts';
import { threadRows } from '../../../studio-ui/src/features/conversations/thread-rows.ts';

const now = Date.parse('2026-11-28T12:00:00Z');
let seq = 0;
const message = (parts: Message['parts'], change: Partial<Message> = {}): Message => ({
  id: `m${++seq}`,
  seq,
  direction: 'in',
  author: { kind: 'contact' },
  parts,
  text: '',
  status: 'received',
  providerMessageId: null,
  sentAt: null,
  createdAt: '2026-11-28T11:00:00Z',
  ...change,
});
const event = (name: string, more: Partial<CallPart> = {}): Message =>
  message([{ kind: 'call', event: name, ...more }]);
const anna = { id: 'u1', name: 'Anna' };

describe('a call in its conversation', () => {
  it.each([
    [{ event: 'incoming' }, 'Ada called'],
    [{ event: 'dialling', by: anna }, 'Anna called Ada'],
    [{ event: 'answered', by: anna }, 'Anna answered'],
    [{ event: 'answered' }, 'Ada answered'],
    [{ event: 'transferred', by: anna, to: '201' }, 'Anna transferred the call to 201'],
    [{ event: 'gathered' }, 'Pressed and said nothing'],
    [{ event: 'failed', reason: 'busy', code: '486' }, 'They were on another call (486)'],
    [{ event: 'ended', reason: 'connection_lost' }, 'The connection was lost'],
    [{ event: 'never_heard_of' }, 'never heard of'],
  ])('%o', (part, words) => {
    expect(callLine({ kind: 'call', ...part }, 'Ada').words).toBe(words);
  });

  it('quotes what was pressed, said, and asked', () => {
    expect(callLine({ kind: 'call', event: 'gathered', digits: '142' }, 'Ada')).toMatchObject({
      words: 'Pressed',
      quote: '1 4 2',
    });
    expect(callLine({ kind: 'call', event: 'gathered', speech: 'billing' }, 'Ada').quote).toBe('“billing”');
    const instruction = { do: 'gather', text: 'Which order?', input: 'digits', timeoutSeconds: 5 } as const;
    expect(callLine({ kind: 'call', event: 'gather', instruction }, 'Ada')).toMatchObject({
      words: 'The bot asked',
      quote: '“Which order?”',
    });
  });

  it.each([
    [[event('incoming')], { title: 'Ringing now', isOver: false }],
    [[event('incoming'), event('answered', { by: anna })], { title: 'On the phone now', by: 'Anna' }],
    [
      [event('incoming'), event('answered', { by: anna }), event('ended', { durationSeconds: 62 })],
      { title: 'Incoming call', by: 'Anna', durationSeconds: 62, isOver: true },
    ],
    [
      [event('dialling', { by: anna }), event('answered'), event('ended', { durationSeconds: 5 })],
      { title: 'Outgoing call', direction: 'out', by: 'Anna', durationSeconds: 5 },
    ],
    [
      [event('incoming'), event('missed', { durationSeconds: 12 })],
      { title: 'Missed call', durationSeconds: null, by: null },
    ],
    [[event('incoming'), event('missed'), event('voicemail')], { title: 'Voicemail' }],
    [
      [event('dialling', { by: anna }), event('failed', { reason: 'busy' })],
      { title: 'Call without an answer' },
    ],
    [
      [event('incoming'), event('answered', { by: anna }), event('ended', { reason: 'connection_lost' })],
      { title: 'Call cut off' },
    ],
  ])('as a whole: %#', (messages, summary) => {
    expect(callSummary(messages)).toMatchObject(summary);
  });

  it('is one card at its beginning, whatever was written meanwhile', () => {
    const note = message([{ kind: 'text', text: 'wants a refund' }], { direction: 'internal' });
    const messages = [event('incoming'), event('answered'), note, event('ended')].map((one, at) => ({
      ...one,
      seq: at + 1,
    }));
    const rows = withCallCards(threadRows(messages, [], [], now));
    expect(rows.map(({ kind }) => kind)).toEqual(['day', 'call', 'message']);
    expect(rows[1]).toMatchObject({ messages: [messages[0], messages[1], messages[3]] });
    expect(withCallCards(threadRows([note], [], [], now)).map(({ kind }) => kind)).toEqual([
      'day',
      'message',
    ]);
  });
});
