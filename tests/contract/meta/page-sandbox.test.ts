/** Messenger and page comments end to end against Meta's double: what the adapters send it takes, what it tells they read. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelAdapter,
  type ChannelEvent,
  type OutboundMessage,
} from '#channels/contract.ts';
import { createFacebookPageAdapter } from '#channels/facebook_page/adapter.ts';
import { createHttpClient } from '#channels/http.ts';
import { createMessengerAdapter } from '#channels/messenger/adapter.ts';
import type { PageCredentials } from '#channels/meta/definition.ts';
import { createMetaSandbox } from '#channels/meta/sandbox.ts';
import { metaWebhook } from '#channels/meta/webhook.ts';
import type { PhoneMessage, SandboxPhone } from '#channels/sandbox-contract.ts';
import { alone } from '../../support/connect-context.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { metaApp, pageId } from './case-inbox.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

const publicUrl = 'https://teloring.example';
const webhookUrl = `${publicUrl}/webhooks/meta`;
const signal = AbortSignal.timeout(25_000);
const adapters = {
  messenger: createMessengerAdapter({ http }),
  facebook_page: createFacebookPageAdapter({ http }),
} satisfies Record<string, ChannelAdapter<PageCredentials>>;
type Type = keyof typeof adapters;

async function setUp(type: Type) {
  const bodies: ChannelEvent[] = [];
  let inbox: AdapterInbox<PageCredentials>;
  const app = { ...metaApp, sandbox: true };
  const server = await serveHttp(async ({ method, path, headers, body }, response) => {
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? undefined : new Uint8Array(body);
    const answer = await sandbox.handle(
      new Request(`http://double${path}`, { method, headers: given, body: content }),
      new URL(path, 'http://double').pathname.replace('/sandbox/meta', ''),
    );
    response
      .writeHead(answer.status, Object.fromEntries(answer.headers))
      .end(Buffer.from(await answer.arrayBuffer()));
  });
  servers.push(server);
  const sandbox = createMetaSandbox({
    publicUrl,
    sandboxUrl: `${server.url}/sandbox`,
    apps: { meta: app },
    inboxes: async () => [inbox],
    async deliver(url, request) {
      const raw = { ...request, url, body: new TextEncoder().encode(request.body), receivedAtMs: Date.now() };
      const verdict = metaWebhook.verify([app], raw);
      if (verdict.kind === 'respond') return { status: verdict.status, body: verdict.body };
      if (verdict.kind !== 'ok') return { status: 401, body: '' };
      const slices = metaWebhook.split(raw);
      for (const slice of Array.isArray(slices) ? slices : []) {
        if (slice.to.type !== type) continue;
        const events = await adapters[type].parse(inbox, { ...raw, body: slice.body });
        if (Array.isArray(events)) bodies.push(...events);
      }
      return { status: 200, body: '' };
    },
  });
  inbox = {
    id: '0199a1b2-0000-7000-8000-000000000001',
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type,
    name: 'Sandbox',
    accountKey: pageId,
    sandbox: true,
    credentials: { pageId, pageAccessToken: `sandbox-page-${pageId}` },
    settings: {},
    urls: {
      graph: `${server.url}/sandbox/meta/graph`,
      dialog: `${server.url}/sandbox/meta/dialog`,
      oauth: `${server.url}/sandbox/meta/graph`,
    },
    apps: { meta: app },
  };
  const connected = await adapters[type].connect(inbox, webhookUrl, signal, alone);
  inbox = { ...inbox, credentials: connected.credentials };
  const phone = await sandbox.phone(inbox);
  const settled = async (): Promise<ChannelEvent[]> => {
    await phone.settled();
    return bodies.splice(0);
  };
  return { inbox, phone, settled, adapter: adapters[type], connected };
}
const png = async () => ({
  bytes: Buffer.from('iVBORw0KGgo=', 'base64'),
  mimeType: 'image/png',
  name: 'dot.png',
});
const options = { key: '0199a1b2-0000-7000-8000-0000000000aa', signal, media: png };
const answerTo = (event: ChannelEvent | undefined, more: Partial<OutboundMessage> = {}): OutboundMessage => {
  if (event?.kind !== 'message') throw new Error('not a message');
  return {
    id: 'm',
    conversationId: 'c',
    contactExternalId: event.contact.externalId,
    threadKey: event.threadKey,
    replyAddress: event.replyAddress,
    author: 'agent',
    lastInAtMs: Date.now(),
    sentSinceLastIn: 0,
    attempt: 1,
    parts: [{ kind: 'text', text: 'Hello back' }],
    ...more,
  };
};
const last = (phone: SandboxPhone, kind: 'direct' | 'post'): PhoneMessage | undefined =>
  phone
    .chats()
    .find((chat) => chat.kind === kind)
    ?.messages.at(-1);
async function failure(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

describe.each(['messenger', 'facebook_page'] as const)('%s', (type) => {
  test('connects, is well, and is gone after disconnecting', async () => {
    const { inbox, adapter, connected } = await setUp(type);
    expect(connected).toMatchObject({ accountKey: pageId, subscription: `page/${pageId}`, warnings: [] });
    expect(await adapter.probe(inbox, webhookUrl, signal)).toMatchObject({
      inbound: { state: 'ok' },
      outbound: { state: 'ok' },
    });
    await adapter.disconnect(inbox, signal, alone);
    const after = await adapter.probe(inbox, webhookUrl, signal);
    expect(after.inbound).toMatchObject({
      state: 'failing',
      reason: expect.stringContaining('not subscribed'),
    });
  });
});

describe('messenger', () => {
  test('in, out with echo and delivery, a choice picked, read', async () => {
    const { inbox, adapter, phone, settled } = await setUp('messenger');
    const { chatId } = phone.write({ chatId: '', personName: 'Ann', text: 'Hello' });
    const [incoming] = await settled();
    expect(incoming).toMatchObject({ kind: 'message', parts: [{ kind: 'text', text: 'Hello' }] });
    const parts = [
      {
        kind: 'choices' as const,
        text: 'Which?',
        options: [
          { id: 'a', label: 'A' },
          { id: 'b', label: 'B' },
        ],
      },
    ];
    const { providerMessageId } = await adapter.send(inbox, answerTo(incoming, { parts }), options);
    const told = await settled();
    expect(told).toContainEqual(
      expect.objectContaining({ kind: 'echo', providerMessageId, key: options.key }),
    );
    expect(told).toContainEqual(
      expect.objectContaining({ kind: 'status', providerMessageId, status: 'delivered' }),
    );
    phone.write({ chatId, replyTo: providerMessageId, choiceId: 'b' });
    expect(await settled()).toMatchObject([
      { kind: 'message', parts: [{ kind: 'choice_reply', id: 'b', label: 'B' }] },
    ]);
    phone.act({ kind: 'status', chatId, status: 'read' });
    expect(await settled()).toMatchObject([{ kind: 'watermark', status: 'read' }]);
    await adapter.signal?.(inbox, 'typing', { ...answerTo(incoming), lastInbound: null }, signal);
    expect(phone.chats().find(({ id }) => id === chatId)?.typing).toBe(true);
    expect(await adapter.fetchContact?.(inbox, answerTo(incoming).contactExternalId, signal)).toMatchObject({
      name: 'Ann',
    });
  });

  test('a picture either way', async () => {
    const { inbox, adapter, phone, settled } = await setUp('messenger');
    phone.write({ chatId: '', personName: 'Ann', media: { kind: 'image', ...(await png()) } });
    const [incoming] = await settled();
    const part = incoming?.kind === 'message' ? incoming.parts[0] : undefined;
    if (part?.kind !== 'image' || !('source' in part)) throw new Error('no picture');
    const media = await adapter.fetchMedia?.(inbox, part.source, { signal, maxBytes: 1_000 });
    expect(Buffer.from(media?.bytes ?? []).equals((await png()).bytes)).toBe(true);
    await adapter.send(
      inbox,
      answerTo(incoming, { parts: [{ kind: 'image', mediaId: 'x', mimeType: 'image/png' }] }),
      options,
    );
    expect(last(phone, 'direct')?.media).toMatchObject([{ kind: 'image' }]);
    expect((await settled())[0]).toMatchObject({ kind: 'echo', parts: [{ kind: 'image' }] });
  });

  test.each([
    ['rate_limited', 'retry_after'],
    ['token_expired', 'reauthorize'],
    ['permission_revoked', 'reauthorize'],
    ['window_closed', 'window_closed'],
    ['contact_unreachable', 'contact_unreachable'],
  ] as const)('%s is %s', async (fault, kind) => {
    const { inbox, adapter, phone, settled } = await setUp('messenger');
    phone.write({ chatId: '', personName: 'Ann', text: 'Hello' });
    const [incoming] = await settled();
    phone.addFault({ kind: fault, times: 1 });
    expect((await failure(adapter.send(inbox, answerTo(incoming), options))).kind).toBe(kind);
    await adapter.send(inbox, answerTo(incoming), options);
    expect(phone.ledger().map(({ key }) => key)).toEqual([options.key]);
  });
});

describe('a page', () => {
  const begun = async () => {
    const parts = await setUp('facebook_page');
    parts.phone.act({ kind: 'post', text: 'New in!' });
    await parts.settled();
    const post = parts.phone.chats().find(({ kind }) => kind === 'post');
    if (!post) throw new Error('no post');
    parts.phone.write({ chatId: post.id, personName: 'Ann', text: 'How much?' });
    const [comment] = await parts.settled();
    return { ...parts, comment, post };
  };

  test('a comment, a public answer and its echo, a private reply once', async () => {
    const { inbox, adapter, settled, comment, post } = await begun();
    expect(comment).toMatchObject({
      kind: 'message',
      threadKey: post.id,
      parts: [{ kind: 'comment', text: 'How much?', postId: post.id }],
    });
    const { providerMessageId } = await adapter.send(inbox, answerTo(comment), options);
    const named = comment?.kind === 'message' ? comment.providerMessageId : '';
    expect(await settled()).toMatchObject([{ kind: 'echo', providerMessageId, inReplyTo: named }]);
    const privately = answerTo(comment, { as: 'private_reply', inReplyTo: named });
    await adapter.send(inbox, privately, options);
    const again = await failure(adapter.send(inbox, privately, options));
    expect([again.kind, again.providerCode]).toEqual(['permanent', '10900']);
  });

  test('edits, removals and what we do with a comment', async () => {
    const { inbox, adapter, phone, settled, comment, post } = await begun();
    const id = comment?.kind === 'message' ? comment.providerMessageId : '';
    phone.act({ kind: 'edit', chatId: post.id, messageId: id, text: 'How much is it?' });
    expect(await settled()).toMatchObject([
      { kind: 'edit', providerMessageId: id, parts: [{ kind: 'comment', text: 'How much is it?' }] },
    ]);
    for (const action of ['hide', 'unhide', 'like', 'unlike', 'delete', 'delete'] as const)
      await adapter.act?.(inbox, action, { providerMessageId: id }, signal);
    expect((await settled()).map((event) => (event.kind === 'account' ? event.change : event.kind))).toEqual([
      'comment_hidden',
      'comment_unhidden',
      'delete',
    ]);
    expect(last(phone, 'post')).toMatchObject({ deleted: true });
  });
});
