import { describe, expect, it } from 'vitest';
import {
  authorName,
  deletedWords,
} from '../../../studio-ui/src/features/conversations/conversation-words.ts';
import { deliveryTitle, troubleWords } from '../../../studio-ui/src/features/conversations/delivery-words.ts';
import { threadRows } from '../../../studio-ui/src/features/conversations/thread-rows.ts';
import type { Activity, Conversation, Message } from '../../../studio-ui/src/lib/api/types.ts';

const at = new Date(2026, 2, 12, 10).toISOString();
const message = (change: Partial<Message> = {}): Message => ({
  id: 'm1',
  seq: 1,
  direction: 'out',
  author: { kind: 'agent', id: 'u1', name: 'Noor' },
  parts: [],
  text: '',
  status: 'sent',
  providerMessageId: 'p1',
  sentAt: at,
  createdAt: at,
  ...change,
});
const conversation = { contact: { id: 'k', externalId: '49170', name: 'Ada' } } as Conversation;
const activity = (kind: string, data: Activity['data']): Activity => ({
  id: `a-${kind}`,
  afterSeq: 1,
  kind,
  actor: { kind: 'agent', id: 'u1' },
  data,
  createdAt: at,
});

describe('who wrote and who deleted', () => {
  it('tells an echo from an agent, a bot and the contact', () => {
    const name = (change: Partial<Message>) => authorName(message(change), conversation, 'WhatsApp');
    expect(name({})).toBe('Noor');
    expect(name({ author: { kind: 'agent' } })).toBe('Sent from WhatsApp’s own app');
    expect(name({ author: { kind: 'bot' } })).toBe('Bot');
    expect(name({ direction: 'in', author: { kind: 'contact' } })).toBe('Ada');
  });
  it('tells our own deletion of a comment from the customer’s', () => {
    const gone = message({ direction: 'in', deletedAt: at });
    expect(deletedWords(message(), [])).toBeNull();
    expect(deletedWords(gone, [])).toBe('Deleted by the customer');
    expect(deletedWords(gone, [activity('comment_delete', { messageId: 'm1' })])).toBe('Deleted by us');
    expect(deletedWords(gone, [activity('comment_delete', { messageId: 'm2' })])).toBe(
      'Deleted by the customer',
    );
    expect(deletedWords({ ...gone, direction: 'out' }, [])).toBe('Deleted at the provider');
  });
});

describe('what became of a message', () => {
  it('names every step with its time', () => {
    expect(deliveryTitle(message({ status: 'read', deliveredAt: at, readAt: at }))).toMatch(
      /^Read\nSent .+\nDelivered .+\nRead .+$/,
    );
    expect(deliveryTitle(message({ status: 'planned' }))).toBe('Waiting to be sent');
  });
  it('says why it waits, in the words of the inbox', () => {
    expect(troubleWords(message(), undefined)).toBeNull();
    expect(troubleWords(message({ status: 'parked' }), 'The token has expired.')).toBe(
      'The inbox can’t send: The token has expired. Nothing is lost: it goes out in order once it can.',
    );
    const failed = message({ status: 'failed', error: { kind: 'window_closed', message: 'Re-engagement' } });
    expect(troubleWords(failed, undefined)).toMatch(/window is closed/);
  });
});

it('a reaction has a line of its own only where its message isn’t there', () => {
  const lines = [
    activity('reaction', { emoji: '👍', providerMessageId: 'p1' }),
    { ...activity('reaction', { emoji: '👍', providerMessageId: 'older' }), id: 'a-older' },
  ];
  const rows = threadRows([message()], lines, [], Date.parse(at));
  expect(rows.map(({ key }) => key).slice(1)).toEqual(['m1', 'a-older']);
});
