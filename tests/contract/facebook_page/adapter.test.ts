/** A page's calls, against a server that answers as the Graph API does. */
import { afterAll, describe, expect, test } from 'vitest';
import type { CommentAction } from '#domain/channel.ts';
import type { MediaPart, Part } from '#domain/message.ts';
import { ChannelError, type AdapterInbox, type OutboundMessage } from '#channels/contract.ts';
import { createFacebookPageAdapter } from '#channels/facebook_page/adapter.ts';
import { createHttpClient } from '#channels/http.ts';
import type { PageInbox } from '#channels/meta/page.ts';
import { pageId, pageInbox, pageToken } from '../meta/case-inbox.ts';
import { refused, serveGraph, type GraphAnswer } from '../meta/graph-server.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
afterAll(() => http.close());
const adapter = createFacebookPageAdapter({ http });
const signal = AbortSignal.timeout(20_000);
const comment = '910_1200';
const postId = `${pageId}_910`;

function inboxAt(url: string): PageInbox {
  const inbox: AdapterInbox = pageInbox('facebook_page', url);
  return { ...inbox, credentials: { pageId, pageAccessToken: pageToken } };
}
const options = {
  key: '0199a1b2-0000-7000-8000-0000000000aa',
  signal,
  media: async () => ({ bytes: Buffer.from('png'), mimeType: 'image/png', name: 'dot.png' }),
};
const outbound = (more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: 'm',
  conversationId: 'c',
  contactExternalId: '739',
  threadKey: postId,
  replyAddress: { commentId: comment },
  author: 'agent',
  lastInAtMs: Date.now() - 30 * 24 * 3_600_000,
  sentSinceLastIn: 0,
  attempt: 1,
  parts: [{ kind: 'text', text: 'Hello' }],
  ...more,
});
const privately = (more: Partial<OutboundMessage> = {}): OutboundMessage =>
  outbound({ as: 'private_reply', lastInAtMs: Date.now() - 3_600_000, ...more });
const image: MediaPart = { kind: 'image', mediaId: 'x', mimeType: 'image/png', caption: 'Look' };
const photos = `POST /${pageId}/photos`;
const created = { body: { id: '910_1300' } };
const messages = `POST /${pageId}/messages`;
async function failure(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

describe('a public answer', () => {
  test('goes below the conversation’s last comment, at any age', async () => {
    const { url, asked } = await serveGraph({ [`POST /${comment}/comments`]: created });
    expect(await adapter.send(inboxAt(url), outbound(), options)).toEqual({ providerMessageId: '910_1300' });
    expect(asked[0]?.form?.get('message')).toBe('Hello');
    expect(asked[0]?.authorization).toBe(`Bearer ${pageToken}`);
  });

  test.each<[string, Partial<OutboundMessage>, string]>([
    ['below the comment that is named', { inReplyTo: '910_7' }, '910_7'],
    ['below a visitor’s post', { replyAddress: { postId: 'p_1' } }, 'p_1'],
    ['below the post where nothing else is known', { replyAddress: {} }, postId],
  ])('%s', async (_, more, target) => {
    const { url } = await serveGraph({ [`POST /${target}/comments`]: created });
    await adapter.send(inboxAt(url), outbound(more), options);
  });

  test('a picture and its caption are one comment', async () => {
    const { url, asked } = await serveGraph({
      [photos]: { body: { id: '77' } },
      [`POST /${comment}/comments`]: created,
    });
    await adapter.send(inboxAt(url), outbound({ parts: [image] }), options);
    const file = asked[0]?.form?.get('source');
    expect([asked[0]?.form?.get('published'), file instanceof File && file.type]).toEqual([
      'false',
      'image/png',
    ]);
    expect(asked[1]?.form?.get('message')).toBe('Look');
    expect(asked[1]?.form?.get('attachment_id')).toBe('77');
  });

  test('a picture that has a link goes by it', async () => {
    const { url, asked } = await serveGraph({ [`POST /${comment}/comments`]: created });
    const mediaUrl = async (): Promise<string> => 'https://teloring.example/media/x?signature=1';
    await adapter.send(inboxAt(url), outbound({ parts: [image] }), { ...options, mediaUrl });
    expect(asked[0]?.form?.get('attachment_url')).toBe('https://teloring.example/media/x?signature=1');
    expect(asked).toHaveLength(1);
  });

  test.each<[string, GraphAnswer, string]>([
    ['refused', refused(190), 'reauthorize'],
    ['not answered', 'hang up', 'not_sent'],
  ])('a picture whose upload is %s was sent to nobody', async (_, answer, kind) => {
    const { url, asked } = await serveGraph({ [photos]: answer });
    const error = await failure(adapter.send(inboxAt(url), outbound({ parts: [image] }), options));
    expect([error.kind, asked.length]).toEqual([kind, 1]);
  });

  test('only pictures', async () => {
    const { url, asked } = await serveGraph({});
    const svg: Part = { ...image, mimeType: 'image/svg+xml' };
    const error = await failure(adapter.send(inboxAt(url), outbound({ parts: [svg] }), options));
    expect([error.kind, asked.length]).toEqual(['permanent', 0]);
  });

  test.each<[string, Partial<OutboundMessage>]>([
    ['in a group', { replyAddress: { commentId: comment, groupId: 'g' } }],
    ['nowhere', { threadKey: '', replyAddress: {} }],
  ])('%s is refused before anything is called', async (_, more) => {
    const { url, asked } = await serveGraph({});
    expect((await failure(adapter.send(inboxAt(url), outbound(more), options))).kind).toBe('permanent');
    expect(asked).toEqual([]);
  });
});

describe('a private reply', () => {
  test.each<[string, Partial<OutboundMessage>, object]>([
    ['to a comment', { inReplyTo: '910_7' }, { comment_id: '910_7' }],
    ['to the last comment', {}, { comment_id: comment }],
    ['to a visitor’s post', { replyAddress: { postId: 'p_1' } }, { post_id: 'p_1' }],
    [
      'to a visitor’s post that is named',
      { replyAddress: { postId: 'p_1' }, inReplyTo: 'p_1' },
      { post_id: 'p_1' },
    ],
    ['in a group', { replyAddress: { commentId: comment, groupId: 'g' } }, { comment_id: comment }],
  ])('%s', async (_, more, recipient) => {
    const { url, asked } = await serveGraph({
      [messages]: { body: { recipient_id: '7421', message_id: 'm_1' } },
    });
    expect(await adapter.send(inboxAt(url), privately(more), options)).toEqual({ providerMessageId: 'm_1' });
    expect(asked[0]?.json).toEqual({
      recipient,
      messaging_type: 'RESPONSE',
      message: { text: 'Hello', metadata: `comment:${options.key}` },
    });
  });

  test.each<[string, Partial<OutboundMessage>, string]>([
    ['older than seven days', { lastInAtMs: Date.now() - 7 * 24 * 3_600_000 - 1 }, 'window_closed'],
    ['longer than a message', { parts: [{ kind: 'text', text: 'x'.repeat(2001) }] }, 'permanent'],
    ['of a picture', { parts: [image] }, 'permanent'],
  ])('%s is refused before anything is called', async (_, more, kind) => {
    const { url, asked } = await serveGraph({});
    expect((await failure(adapter.send(inboxAt(url), privately(more), options))).kind).toBe(kind);
    expect(asked).toEqual([]);
  });

  test.each([
    [10900, 'one private reply already'],
    [10903, 'can’t be answered privately'],
  ])('%i says what it means', async (code, words) => {
    const { url } = await serveGraph({ [messages]: refused(code) });
    const error = await failure(adapter.send(inboxAt(url), privately(), options));
    expect([error.kind, error.providerCode]).toEqual(['permanent', String(code)]);
    expect(error.message).toContain(`(#${code}) refused`);
    expect(error.message).toContain(words);
  });
});

describe('an action', () => {
  const act = async (action: CommentAction, routes: Record<string, GraphAnswer>) => {
    const { url, asked } = await serveGraph(routes);
    await adapter.act?.(inboxAt(url), action, { providerMessageId: comment }, signal);
    return asked;
  };
  const done = { body: { success: true } };

  test.each<[CommentAction, string, string | null]>([
    ['hide', `POST /${comment}`, 'is_hidden=true'],
    ['unhide', `POST /${comment}`, 'is_hidden=false'],
    ['like', `POST /${comment}/likes`, null],
    ['unlike', `DELETE /${comment}/likes`, null],
    ['delete', `DELETE /${comment}`, null],
  ])('%s is %s', async (action, route, body) => {
    const asked = await act(action, { [route]: done });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.text).toBe(body ?? '');
  });

  test.each<[CommentAction, string, GraphAnswer]>([
    ['hide', `POST /${comment}`, { body: { is_hidden: true } }],
    ['unhide', `POST /${comment}`, { body: { is_hidden: false } }],
    ['like', `POST /${comment}/likes`, { body: { user_likes: true } }],
    ['unlike', `DELETE /${comment}/likes`, { body: { user_likes: false } }],
    ['delete', `DELETE /${comment}`, refused(100, 33)],
  ])('%s again is as good as done', async (action, route, state) => {
    expect(await act(action, { [route]: refused(100), [`GET /${comment}`]: state })).toHaveLength(2);
  });

  test('what was not done is told', async () => {
    const routes = {
      [`POST /${comment}`]: refused(100),
      [`GET /${comment}`]: { body: { is_hidden: false } },
    };
    expect((await failure(act('hide', routes))).kind).toBe('permanent');
    expect((await failure(act('hide', { [`POST /${comment}`]: refused(200) }))).kind).toBe('reauthorize');
    const stays = {
      [`DELETE /${comment}`]: refused(100),
      [`GET /${comment}`]: { body: { is_hidden: false } },
    };
    expect((await failure(act('delete', stays))).kind).toBe('permanent');
    // Gone is what deleting wants, and nothing else.
    const gone = { [`POST /${comment}`]: refused(100, 33), [`GET /${comment}`]: refused(100, 33) };
    expect((await failure(act('hide', gone))).providerCode).toBe('100/33');
  });
});
