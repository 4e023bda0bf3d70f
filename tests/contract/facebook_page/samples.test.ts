/** What each of a page's bodies becomes. The snapshot is read by people; the tests below say what must not change. */
import { describe, expect, test } from 'vitest';
import type { ChannelEvent } from '#channels/contract.ts';
import { parseFacebookPage } from '#channels/facebook_page/parse.ts';
import { samplesOf } from '../contract-case.ts';
import { bytes, pageId } from '../meta/case-inbox.ts';

function parsed(body: Uint8Array): ChannelEvent[] {
  const events = parseFacebookPage(body, pageId);
  if (!Array.isArray(events)) throw new Error(events.message);
  return events;
}
const samples = samplesOf('facebook_page');
const sample = (name: string): ChannelEvent[] => parsed(samples[`${name}.json`] ?? bytes(null));
const postId = `${pageId}_910111213141516`;
const first = '910111213141516_1200000000000001';

test.each(Object.keys(samples))('%s', (name) => {
  expect(parsed(samples[name] ?? bytes(null))).toMatchSnapshot();
});

test('only what nobody wrote to the page becomes nothing', () => {
  const silent = Object.keys(samples).filter((name) => parsed(samples[name] ?? bytes(null)).length === 0);
  expect(silent).toEqual([
    'own-comment-below-own-post.json',
    'own-post.json',
    'reaction-and-like.json',
    'share.json',
  ]);
});

test('a comment is its writer’s conversation about the post', () => {
  expect(sample('comment')).toMatchObject([
    {
      kind: 'message',
      eventId: first,
      providerMessageId: first,
      threadKey: postId,
      contact: { externalId: '7390011223344556', name: 'Ann Möller' },
      parts: [
        {
          kind: 'comment',
          commentId: first,
          postId,
          permalink: 'https://www.facebook.com/shop/posts/pfbid02AbC',
        },
      ],
      replyAddress: { commentId: first },
      sentAtMs: 1_763_841_660_000,
    },
  ]);
  expect(sample('comment')[0]).not.toHaveProperty('inReplyTo');
  expect(sample('comment-reply')).toMatchObject([{ inReplyTo: first, threadKey: postId }]);
});

test('a writer Meta doesn’t name is known by the thread they began', () => {
  const [comment] = sample('comment-without-writer');
  const [reply] = sample('comment-reply-without-writer');
  expect(comment).toMatchObject({ contact: { externalId: 'unnamed:910111213141516_1200000000000004' } });
  expect(reply).toMatchObject({ contact: { externalId: 'unnamed:910111213141516_1200000000000004' } });
});

test('pictures and videos come with the comment they belong to', () => {
  expect(sample('comment-photo')).toMatchObject([
    { parts: [{ kind: 'comment', text: '' }, { kind: 'image' }] },
  ]);
  expect(sample('comment-video')).toMatchObject([{ parts: [{ kind: 'comment' }, { kind: 'video' }] }]);
  expect(sample('visitor-photo')).toMatchObject([
    { parts: [{ kind: 'comment', text: 'My dress' }, { kind: 'image' }] },
  ]);
});

test('edits in both spellings, removals', () => {
  expect(sample('comment-edited')).toMatchObject([{ kind: 'edit', providerMessageId: first }]);
  expect(sample('comment-edit-old-spelling')).toMatchObject([{ kind: 'edit' }]);
  expect(sample('comment-removed')).toMatchObject([
    { kind: 'delete', providerMessageId: '910111213141516_1200000000000002' },
  ]);
  expect(sample('visitor-post-removed')).toMatchObject([
    { kind: 'delete', providerMessageId: `${pageId}_910111213149998` },
  ]);
});

test('the same words at another time are another edit, and the same edit however often it is told', () => {
  const edit = (message: string, created_time: number): string | undefined => {
    const value = {
      item: 'comment',
      verb: 'edited',
      comment_id: first,
      post_id: postId,
      message,
      created_time,
    };
    const body = { object: 'page', entry: [{ id: pageId, time: 1, changes: [{ field: 'feed', value }] }] };
    return parsed(bytes(body))[0]?.eventId;
  };
  const ids = [edit('red', 1_763_841_660), edit('blue', 1_763_841_670), edit('red', 1_763_841_680)];
  expect(new Set(ids).size).toBe(3);
  expect(edit('red', 1_763_841_660)).toBe(ids[0]);
});

test('the page’s own answer is an echo that names what it answers', () => {
  expect(sample('own-reply')).toMatchObject([{ kind: 'echo', inReplyTo: first, threadKey: postId }]);
});

test('a group’s comment is a comment that can only be answered privately', () => {
  expect(sample('group-comment')).toMatchObject([
    { kind: 'message', replyAddress: { commentId: '333222111000_444', groupId: '333222111' } },
  ]);
});

describe('one payload of everything', () => {
  test('comes out once each, in order', () => {
    const kinds = sample('batch').map(({ kind }) => kind);
    expect(kinds).toEqual(['message', 'message', 'edit', 'delete']);
  });

  test('direct messages and another field beside it are not the page’s comments', () => {
    const body = {
      object: 'page',
      entry: [
        {
          id: pageId,
          messaging: [{ sender: { id: '1' }, recipient: { id: pageId }, message: { mid: 'm', text: 'x' } }],
        },
        {
          id: pageId,
          changes: [{ field: 'messages', value: { sender: { id: '1' }, message: { mid: 'm', text: 'x' } } }],
        },
      ],
    };
    expect(parsed(bytes(body))).toEqual([]);
  });
});
