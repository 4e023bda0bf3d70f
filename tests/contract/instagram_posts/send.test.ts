import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { OutboundMessage, SendOptions } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createInstagramPostsAdapter } from '#channels/instagram_posts/adapter.ts';
import { accountId, byFacebook, byInstagram, instagramInbox, pageId, refusal } from '../instagram/account.ts';
import { graphServer } from '../instagram/graph-server.ts';
import { ann, mediaId } from './webhooks.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const posts = createInstagramPostsAdapter({ http });
type Answers = Parameters<typeof graphServer>[0];
const servers: Awaited<ReturnType<typeof graphServer>>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

const signal = AbortSignal.timeout(30_000);
const options: SendOptions = { key: 'outbox-1', signal, media: () => Promise.reject(new Error('none')) };
const commentId = '17865799348089039';
const DAY = 86_400_000;
const messageOf = (more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: 'message',
  conversationId: 'conversation',
  contactExternalId: ann.id,
  threadKey: mediaId,
  replyAddress: { commentId, mediaId },
  parts: [{ kind: 'text', text: 'It is!' }],
  author: 'agent',
  lastInAtMs: Date.now() - DAY,
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
});
async function at(answers: Answers, credentials = byInstagram) {
  const server = await graphServer(answers);
  servers.push(server);
  return {
    inbox: instagramInbox('instagram_posts', credentials, { baseUrl: server.url }),
    calls: server.calls,
  };
}

describe('public replies', () => {
  test('below the comment that is answered, however old', async () => {
    const { inbox, calls } = await at({
      [`POST /${commentId}/replies`]: { id: '1' },
      'POST /17865799348089040/replies': { id: '17999999999999999' },
    });
    const old = messageOf({ inReplyTo: '17865799348089040', lastInAtMs: Date.now() - 90 * DAY });
    expect(await posts.send(inbox, old, options)).toEqual({ providerMessageId: '17999999999999999' });
    expect(await posts.send(inbox, messageOf(), options)).toEqual({ providerMessageId: '1' });
    expect(calls.map(({ what, body }) => [what, body])).toEqual([
      ['POST /17865799348089040/replies', { message: 'It is!' }],
      [`POST /${commentId}/replies`, { message: 'It is!' }],
    ]);
  });

  test('to a mention, under the post of somebody else', async () => {
    const { inbox, calls } = await at({ [`POST /${accountId}/mentions`]: { id: '2' } });
    const replyAddress = { mediaId, commentId, mention: true };
    expect(await posts.send(inbox, messageOf({ replyAddress }), options)).toEqual({ providerMessageId: '2' });
    await posts.send(inbox, messageOf({ replyAddress: { mediaId, mention: true } }), options);
    expect(calls.map(({ body }) => body)).toEqual([
      { media_id: mediaId, comment_id: commentId, message: 'It is!' },
      { media_id: mediaId, message: 'It is!' },
    ]);
  });

  test('never to a live comment', async () => {
    const { inbox, calls } = await at({});
    const live = messageOf({ replyAddress: { commentId, mediaId, live: true } });
    await expect(posts.send(inbox, live, options)).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining('live'),
    });
    expect(calls).toHaveLength(0);
  });
});

describe('private replies', () => {
  const answers = {
    [`POST /${accountId}/messages`]: { recipient_id: ann.id, message_id: 'mid.private' },
    [`POST /${pageId}/messages`]: { recipient_id: ann.id, message_id: 'mid.private' },
  };
  const body = { recipient: { comment_id: commentId }, message: { text: 'It is!' } };

  test('to the comment’s writer, by either login', async () => {
    for (const [credentials, what] of [
      [byInstagram, `POST /${accountId}/messages`],
      [byFacebook, `POST /${pageId}/messages`],
    ] as const) {
      const { inbox, calls } = await at(answers, credentials);
      const sent = await posts.send(inbox, messageOf({ as: 'private_reply', inReplyTo: commentId }), options);
      expect(sent).toEqual({ providerMessageId: 'mid.private' });
      expect(calls).toMatchObject([{ what, body }]);
    }
  });

  test('for seven days, also to a live comment, never to a mention', async () => {
    const { inbox, calls } = await at(answers);
    const reply = (more: Partial<OutboundMessage>) =>
      posts.send(inbox, messageOf({ as: 'private_reply', ...more }), options);
    await expect(reply({ lastInAtMs: Date.now() - 8 * DAY })).rejects.toMatchObject({
      kind: 'window_closed',
    });
    await expect(reply({ replyAddress: { mediaId, commentId, mention: true } })).rejects.toMatchObject({
      kind: 'permanent',
    });
    expect(calls).toHaveLength(0);
    await reply({ replyAddress: { commentId, mediaId, live: true } });
    expect(calls).toHaveLength(1);
  });

  test('a second one is refused in the provider’s words', async () => {
    const { inbox } = await at({ [`POST /${accountId}/messages`]: { status: 400, body: refusal(10_900) } });
    await expect(posts.send(inbox, messageOf({ as: 'private_reply' }), options)).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining('(#10900) The provider'),
      providerCode: '10900',
    });
  });
});

describe('what can be done with a comment', () => {
  test('hide, show, delete; deleting what is gone is done already', async () => {
    const { inbox, calls } = await at({
      [`POST /${commentId}`]: { success: true },
      [`DELETE /${commentId}`]: { success: true },
    });
    for (const action of ['hide', 'unhide', 'delete'] as const)
      await posts.act?.(inbox, action, { providerMessageId: commentId }, signal);
    expect(calls.map(({ what, body }) => [what, body])).toEqual([
      [`POST /${commentId}`, { hide: true }],
      [`POST /${commentId}`, { hide: false }],
      [`DELETE /${commentId}`, null],
    ]);
    const gone = { status: 400, body: refusal(100, 33) };
    const after = await at({ [`DELETE /${commentId}`]: gone, [`POST /${commentId}`]: gone });
    await posts.act?.(after.inbox, 'delete', { providerMessageId: commentId }, signal);
    const hiding = posts.act?.(after.inbox, 'hide', { providerMessageId: commentId }, signal);
    await expect(hiding).rejects.toMatchObject({ kind: 'permanent' });
  });

  test('no likes', async () => {
    const { inbox, calls } = await at({});
    const liking = posts.act?.(inbox, 'like', { providerMessageId: commentId }, signal);
    await expect(liking).rejects.toMatchObject({ kind: 'permanent' });
    expect(calls).toHaveLength(0);
  });
});

describe('what the webhook leaves out', () => {
  const limits = { signal, maxBytes: 10_000 };
  const source = { mention: { mediaId, commentId } };

  test('a mention’s words and writer', async () => {
    const told = {
      mentioned_comment: {
        text: 'Look at @blue.shop',
        username: 'ann.lee',
        timestamp: '2026-11-22T20:00:00+0000',
        media: { permalink: 'https://www.instagram.com/p/abc/', id: mediaId },
      },
      id: accountId,
    };
    const { inbox, calls } = await at({ [`GET /${accountId}`]: told });
    const file = await posts.fetchMedia?.(inbox, source, limits);
    expect(new TextDecoder().decode(file?.bytes)).toBe(
      '@ann.lee · 2026-11-22T20:00:00+0000\nLook at @blue.shop\nhttps://www.instagram.com/p/abc/\n',
    );
    expect(file).toMatchObject({ mimeType: 'text/plain', name: 'mention.txt' });
    expect(calls[0]?.query['fields']).toBe(
      `mentioned_comment.comment_id(${commentId}){text,username,timestamp,media{permalink}}`,
    );
    const contact = await posts.fetchContact?.(inbox, `mention:${mediaId}/${commentId}`, signal);
    expect(contact).toEqual({ name: 'ann.lee' });
  });

  test('a caption’s, and an unnamed writer’s', async () => {
    const { inbox } = await at({
      [`GET /${accountId}`]: { mentioned_media: { caption: 'With @blue.shop', username: 'bob_b' } },
      [`GET /${commentId}`]: { username: 'carl', id: commentId },
    });
    const file = await posts.fetchMedia?.(inbox, { mention: { mediaId } }, limits);
    expect(new TextDecoder().decode(file?.bytes)).toBe('@bob_b\nWith @blue.shop\n');
    expect(await posts.fetchContact?.(inbox, `unnamed:${commentId}`, signal)).toEqual({ name: 'carl' });
    expect(await posts.fetchContact?.(inbox, ann.id, signal)).toEqual({});
  });

  test('nothing of a webhook becomes part of Meta’s expression', async () => {
    const { inbox, calls } = await at({});
    const odd = { mention: { mediaId: '1){access_token}' } };
    await expect(posts.fetchMedia?.(inbox, odd, limits)).rejects.toMatchObject({ kind: 'permanent' });
    expect(calls).toHaveLength(0);
  });
});
