import { describe, expect, it } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { commentActions } from '../../../studio-ui/src/features/conversations/comment-actions.ts';
import {
  canQuote,
  commentToAnswer,
  isCommentThread,
  privateReplyRefusal,
  quoteText,
} from '../../../studio-ui/src/features/conversations/reply-target.ts';
import type { Message } from '../../../studio-ui/src/lib/api/types.ts';

const now = Date.UTC(2026, 2, 12, 10);
const DAY = 86_400_000;

function message(seq: number, change: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    seq,
    direction: 'in',
    author: { kind: 'contact' },
    parts: [{ kind: 'text', text: `no ${seq}` }],
    text: `no ${seq}`,
    status: 'received',
    providerMessageId: `p${seq}`,
    sentAt: new Date(now - DAY).toISOString(),
    createdAt: new Date(now - DAY).toISOString(),
    ...change,
  };
}
const comment = (seq: number, change: Partial<Message> = {}): Message =>
  message(seq, { parts: [{ kind: 'comment', text: 'How much?', commentId: `c${seq}` }], ...change });
const privately = (seq: number, to: string, status: Message['status']): Message =>
  message(seq, { direction: 'out', author: { kind: 'agent' }, status, as: 'private_reply', inReplyToId: to });

describe('what a reply answers', () => {
  it('is the newest comment that is there, unless another was chosen', () => {
    const thread = [comment(1), comment(2), comment(3, { deletedAt: 'x' }), message(4, { direction: 'out' })];
    expect(isCommentThread(thread)).toBe(true);
    expect(commentToAnswer(thread, null)?.id).toBe('m2');
    expect(commentToAnswer(thread, comment(1))?.id).toBe('m1');
    expect(isCommentThread([comment(1), message(2)])).toBe(false);
  });

  it('is quoted only where the channel can and the provider knows it', () => {
    const { capabilities } = definitions.whatsapp;
    expect(canQuote(message(1), capabilities)).toBe(true);
    expect(canQuote(message(1), definitions.sms.capabilities)).toBe(false);
    expect(canQuote(message(1, { providerMessageId: null }), capabilities)).toBe(false);
    expect(canQuote(message(1, { direction: 'internal' }), capabilities)).toBe(false);
    expect(canQuote(message(1, { deletedAt: 'x' }), capabilities)).toBe(false);
  });

  it('takes one private reply, for seven days; a failed one doesn’t count', () => {
    const one = comment(1);
    expect(privateReplyRefusal(one, [one], now)).toBeNull();
    expect(privateReplyRefusal(one, [one, privately(2, 'm1', 'failed')], now)).toBeNull();
    expect(privateReplyRefusal(one, [one, privately(2, 'm1', 'planned')], now)).toMatch(
      /answered privately before/,
    );
    expect(privateReplyRefusal(one, [one, privately(2, 'other', 'sent')], now)).toBeNull();
    expect(privateReplyRefusal(one, [one], now + 6 * DAY + 1)).toMatch(/7 days/);
    expect(privateReplyRefusal(null, [], now)).not.toBeNull();
  });

  it('is told in one line', () => {
    expect(quoteText(message(1, { text: ' a\n b ' }))).toBe('a b');
    expect(quoteText(message(1, { text: '' }))).toBe('Attachment');
    expect(quoteText(comment(1, { text: '' }))).toBe('A comment without words');
    expect(quoteText(message(1, { deletedAt: 'x' }))).toBe('A deleted message');
  });
});

describe('what can be done with a comment', () => {
  const labels = (change: Partial<Message>, type: 'facebook_page' | 'instagram_posts' = 'facebook_page') =>
    commentActions(comment(1, change), definitions[type].actions ?? []).map(({ action }) => action);

  it('follows the definition and what was done before', () => {
    expect(labels({})).toEqual(['hide', 'like', 'delete']);
    expect(labels({ hiddenAt: 'x', likedAt: 'x' })).toEqual(['unhide', 'unlike', 'delete']);
    expect(labels({}, 'instagram_posts')).toEqual(['hide', 'delete']);
    expect(labels({ deletedAt: 'x' })).toEqual([]);
  });
});
