/** Both channels by both logins, end to end against Meta's double: what the adapters send it takes, what it tells they read. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ChannelEvent, OutboundMessage, SendOptions } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import type { InstagramInbox } from '#channels/instagram/call.ts';
import type { InstagramCredentials } from '#channels/instagram/definition.ts';
import { createInstagramDmAdapter } from '#channels/instagram_dm/adapter.ts';
import { createInstagramPostsAdapter } from '#channels/instagram_posts/adapter.ts';
import { createMetaSandbox } from '#channels/meta/sandbox.ts';
import { instagramOfPage } from '#channels/meta/sandbox/recall.ts';
import { metaWebhook } from '#channels/meta/webhook.ts';
import { alone } from '../../support/connect-context.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { accountId, instagramApp, metaApp, pageId, instagramInbox } from './account.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

const publicUrl = 'https://teloring.example';
const signal = AbortSignal.timeout(25_000);
const adapters = {
  instagram_dm: createInstagramDmAdapter({ http }),
  instagram_posts: createInstagramPostsAdapter({ http }),
};
const entered: Record<'instagram' | 'facebook', InstagramCredentials> = {
  instagram: {
    instagramUserId: accountId,
    accessToken: `sandbox-instagram-${accountId}`,
    login: 'instagram',
  },
  facebook: {
    instagramUserId: instagramOfPage(pageId),
    accessToken: `sandbox-page-${pageId}`,
    login: 'facebook',
  },
};

async function setUp(type: keyof typeof adapters, login: 'instagram' | 'facebook') {
  const adapter = adapters[type];
  const events: ChannelEvent[] = [];
  const apps = { meta: { ...metaApp, sandbox: true }, instagram: { ...instagramApp, sandbox: true } };
  const server = await serveHttp(async ({ method, path, headers, body }, response) => {
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? undefined : new Uint8Array(body);
    const request = new Request(`http://double${path}`, { method, headers: given, body: content });
    const answer = await sandbox.handle(request, new URL(request.url).pathname.replace('/sandbox/meta', ''));
    response
      .writeHead(answer.status, Object.fromEntries(answer.headers))
      .end(Buffer.from(await answer.arrayBuffer()));
  });
  servers.push(server);
  const base = `${server.url}/sandbox/meta`;
  let inbox: InstagramInbox = {
    ...instagramInbox(type, entered[login]),
    sandbox: true,
    apps,
    urls: { graph: `${base}/graph`, instagramGraph: `${base}/instagram` },
  };
  const sandbox = createMetaSandbox({
    publicUrl,
    sandboxUrl: `${server.url}/sandbox`,
    apps,
    inboxes: async () => [inbox],
    async deliver(url, request) {
      const raw = { ...request, url, body: new TextEncoder().encode(request.body), receivedAtMs: Date.now() };
      const verdict = metaWebhook.verify([apps.meta, apps.instagram], raw);
      if (verdict.kind === 'respond') return { status: verdict.status, body: verdict.body };
      if (verdict.kind !== 'ok' || adapter.verify(inbox, raw).kind !== 'ok') return { status: 401, body: '' };
      const slices = metaWebhook.split(raw);
      for (const slice of Array.isArray(slices) ? slices : []) {
        if (slice.to.type !== type) continue;
        const read = await adapter.parse(inbox, { ...raw, body: slice.body });
        if (Array.isArray(read)) events.push(...read);
      }
      return { status: 200, body: '' };
    },
  });
  const webhookUrl = `${publicUrl}/webhooks/meta`;
  const connected = await adapter.connect(inbox, webhookUrl, signal, alone);
  inbox = { ...inbox, credentials: connected.credentials, accountKey: connected.accountKey };
  const phone = await sandbox.phone(inbox);
  const options: SendOptions = {
    key: 'outbox-1',
    signal,
    media: () => Promise.reject(new Error('not asked for')),
    mediaUrl: async () => `${publicUrl}/media/1`,
  };
  const send = (message: Partial<OutboundMessage>) =>
    adapter.send(
      inbox,
      {
        id: 'message',
        conversationId: 'conversation',
        contactExternalId: 'nobody',
        threadKey: '',
        replyAddress: {},
        parts: [{ kind: 'text', text: 'It is.' }],
        author: 'bot',
        lastInAtMs: Date.now(),
        sentSinceLastIn: 0,
        attempt: 1,
        ...message,
      },
      options,
    );
  return { adapter, inbox, connected, phone, events, send, webhookUrl };
}

describe.each(['instagram', 'facebook'] as const)('%s login', (login) => {
  test('direct messages: both ways, with edits, reactions, seen and the app’s own', async () => {
    const { adapter, inbox, connected, phone, events, send, webhookUrl } = await setUp('instagram_dm', login);
    expect(connected.subscription).toBe(login === 'instagram' ? `instagram/${accountId}` : `page/${pageId}`);
    expect(await adapter.probe(inbox, webhookUrl, signal)).toMatchObject({
      inbound: { state: 'ok' },
      outbound: { state: 'ok' },
    });
    const { chatId, messageId } = phone.write({ chatId: '', personName: 'Ann', text: 'In stock? 💙' });
    await phone.settled();
    expect(events).toMatchObject([
      { kind: 'message', providerMessageId: messageId, parts: [{ kind: 'text', text: 'In stock? 💙' }] },
    ]);
    const [event] = events.splice(0);
    if (event?.kind !== 'message') throw new Error('no message');
    const contactExternalId = event.contact.externalId;
    expect(await adapter.fetchContact?.(inbox, contactExternalId, signal)).toMatchObject({ name: 'Ann' });
    const { providerMessageId } = await send({ contactExternalId, inReplyTo: messageId });
    expect(phone.chats()[0]?.messages.at(-1)).toMatchObject({ id: providerMessageId, text: 'It is.' });
    phone.act({ kind: 'edit', chatId, messageId, text: 'In red?' });
    phone.act({ kind: 'react', chatId, messageId: providerMessageId, emoji: '❤️' });
    phone.act({ kind: 'status', chatId, status: 'read' });
    phone.act({ kind: 'delete', chatId, messageId });
    phone.write({ chatId, text: 'From the app', fromOwnApp: true });
    await phone.settled();
    const kinds = events.map((each) => [
      each.kind,
      'providerMessageId' in each ? each.providerMessageId : '',
    ]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ['echo', providerMessageId],
        ['edit', messageId],
        ['reaction', providerMessageId],
        ['status', providerMessageId],
        ['delete', messageId],
      ]),
    );
    const echoes = events.filter(({ kind }) => kind === 'echo');
    expect(echoes).toHaveLength(2);
    expect(
      echoes.every((each) => each.kind === 'echo' && each.contact.externalId === contactExternalId),
    ).toBe(true);
    phone.addFault({ kind: 'token_expired', times: 1 });
    await expect(send({ contactExternalId })).rejects.toMatchObject({ kind: 'reauthorize' });
    phone.addFault({ kind: 'window_closed', times: 1 });
    await expect(send({ contactExternalId })).rejects.toMatchObject({ kind: 'window_closed' });
  });

  test('comments: in, answered publicly and privately once, hidden, deleted', async () => {
    const { adapter, inbox, phone, events, send } = await setUp('instagram_posts', login);
    phone.act({ kind: 'post', text: 'New in: blue' });
    const chatId = phone.chats()[0]?.id ?? '';
    const { messageId } = phone.write({ chatId, personName: 'Ann', text: 'How much?' });
    await phone.settled();
    expect(events).toMatchObject([
      { kind: 'message', providerMessageId: messageId, parts: [{ kind: 'comment', text: 'How much?' }] },
    ]);
    const [event] = events.splice(0);
    if (event?.kind !== 'message') throw new Error('no comment');
    const to = {
      contactExternalId: event.contact.externalId,
      threadKey: event.threadKey,
      replyAddress: event.replyAddress,
    };
    const { providerMessageId } = await send(to);
    await phone.settled();
    expect(events).toMatchObject([{ kind: 'echo', providerMessageId, inReplyTo: messageId }]);
    await send({ ...to, as: 'private_reply', inReplyTo: messageId });
    await expect(send({ ...to, as: 'private_reply', inReplyTo: messageId })).rejects.toMatchObject({
      kind: 'permanent',
    });
    await adapter.act?.(inbox, 'hide', { providerMessageId: messageId }, signal);
    await adapter.act?.(inbox, 'unhide', { providerMessageId: messageId }, signal);
    await adapter.act?.(inbox, 'delete', { providerMessageId: messageId }, signal);
    await adapter.act?.(inbox, 'delete', { providerMessageId: messageId }, signal);
  });
});
