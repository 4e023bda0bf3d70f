/** A number end to end against Meta's double: what the adapter sends it takes, what it tells the adapter reads. */
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Part } from '#domain/message.ts';
import type { AdapterInbox, ChannelEvent, OutboundMessage } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createMetaSandbox } from '#channels/meta/sandbox.ts';
import { metaWebhook } from '#channels/meta/webhook.ts';
import { createWhatsappAdapter } from '#channels/whatsapp/adapter.ts';
import type { WhatsappCredentials } from '#channels/whatsapp/definition.ts';
import { alone } from '../../support/connect-context.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { metaApp } from '../meta/case-inbox.ts';
import { phoneNumberId, wabaId, whatsappInbox } from './inbox.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const adapter = createWhatsappAdapter({ http });
const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

const publicUrl = 'https://teloring.example';
const webhookUrl = `${publicUrl}/webhooks/meta`;
const signal = AbortSignal.timeout(25_000);
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

async function setUp() {
  const events: ChannelEvent[] = [];
  const app = { ...metaApp, sandbox: true };
  let inbox: AdapterInbox<WhatsappCredentials>;
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
      if (verdict.kind !== 'ok' || adapter.verify(inbox, raw).kind !== 'ok') return { status: 401, body: '' };
      const slices = metaWebhook.split(raw);
      for (const slice of Array.isArray(slices) ? slices : []) {
        const read = await adapter.parse(inbox, { ...raw, body: slice.body });
        if (Array.isArray(read)) events.push(...read);
      }
      return { status: 200, body: '' };
    },
  });
  const plain = whatsappInbox();
  inbox = {
    ...plain,
    sandbox: true,
    credentials: { wabaId, phoneNumberId, accessToken: `sandbox-whatsapp-${phoneNumberId}` },
    urls: {
      graph: `${server.url}/sandbox/meta/graph`,
      dialog: `${server.url}/sandbox/meta/dialog`,
      oauth: `${server.url}/sandbox/meta/graph`,
    },
    apps: { meta: app },
  };
  const connected = await adapter.connect(inbox, webhookUrl, signal, alone);
  inbox = { ...inbox, credentials: connected.credentials };
  const phone = await sandbox.phone(inbox);
  const settled = async (): Promise<ChannelEvent[]> => {
    await phone.settled();
    return events.splice(0);
  };
  const reply = (event: ChannelEvent | undefined, part: Part, more: Partial<OutboundMessage> = {}) => {
    if (event?.kind !== 'message') throw new Error(`not a message: ${event?.kind}`);
    const message: OutboundMessage = {
      id: 'm',
      conversationId: 'c',
      contactExternalId: event.contact.externalId,
      threadKey: event.threadKey,
      replyAddress: event.replyAddress,
      parts: [part],
      author: 'bot',
      lastInAtMs: Date.now(),
      sentSinceLastIn: 0,
      attempt: 1,
      ...more,
    };
    const media = async () => ({ bytes: png, mimeType: 'image/png', name: 'dot.png' });
    return adapter.send(inbox, message, { key: 'the-key', signal, media });
  };
  return { inbox, phone, settled, reply, connected };
}

test('in, out, delivered, chosen, fetched, refused', async () => {
  const { inbox, phone, settled, reply, connected } = await setUp();
  expect(connected).toMatchObject({ accountKey: phoneNumberId, subscription: `waba/${wabaId}` });
  const { chatId } = phone.write({ chatId: '', personName: 'Ann', text: 'Hello' });
  const [hello, ...more] = await settled();
  expect(more).toEqual([]);
  expect(hello).toMatchObject({
    kind: 'message',
    parts: [{ kind: 'text', text: 'Hello' }],
    contact: { name: 'Ann' },
  });

  const { providerMessageId } = await reply(hello, {
    kind: 'choices',
    text: 'Which?',
    options: [
      { id: 'a', label: 'A' },
      { id: 'b', label: 'B' },
    ],
  });
  expect(await settled()).toMatchObject([
    { kind: 'status', status: 'sent', providerMessageId, key: 'the-key' },
    { kind: 'status', status: 'delivered', providerMessageId },
  ]);

  phone.write({ chatId, replyTo: providerMessageId, choiceId: 'b' });
  expect(await settled()).toMatchObject([
    { kind: 'message', parts: [{ kind: 'choice_reply', id: 'b', label: 'B' }], inReplyTo: providerMessageId },
  ]);

  phone.write({ chatId, media: { kind: 'image', bytes: png, mimeType: 'image/png' } });
  const [image] = await settled();
  const [part] = image?.kind === 'message' ? image.parts : [];
  if (!part || !('source' in part)) throw new Error('no media');
  const fetched = await adapter.fetchMedia?.(inbox, part.source, { signal, maxBytes: 10_000 });
  expect(Buffer.from(fetched?.bytes ?? [])).toEqual(png);

  await reply(image, { kind: 'image', mediaId: 'm', mimeType: 'image/png', caption: 'Back' });
  await reply(image, { kind: 'template', name: 'hello_world', language: 'en_US' }, { lastInAtMs: null });
  await settled();

  phone.addFault({ kind: 'rate_limited', times: 1 });
  await expect(reply(hello, { kind: 'text', text: 'x' })).rejects.toMatchObject({ kind: 'retry_after' });
  phone.addFault({ kind: 'token_expired', times: 1 });
  await expect(reply(hello, { kind: 'text', text: 'x' })).rejects.toMatchObject({ kind: 'reauthorize' });
});

test('connected, it is healthy; disconnected, it is not', async () => {
  const { inbox } = await setUp();
  expect((await adapter.probe(inbox, webhookUrl, signal)).outbound).toEqual({ state: 'ok' });
  await adapter.disconnect(inbox, signal, alone);
  expect((await adapter.probe(inbox, webhookUrl, signal)).inbound).toMatchObject({ state: 'failing' });
});

test('reactions, and what was written in the app', async () => {
  const { phone, settled } = await setUp();
  const { chatId } = phone.write({ chatId: '', text: 'Hello' });
  await settled();
  phone.write({ chatId, text: 'From my phone', fromOwnApp: true });
  const [echo] = await settled();
  expect(echo).toMatchObject({ kind: 'echo', parts: [{ kind: 'text', text: 'From my phone' }] });
  phone.act({
    kind: 'react',
    chatId,
    messageId: echo?.kind === 'echo' ? echo.providerMessageId : '',
    emoji: '👍',
  });
  expect(await settled()).toMatchObject([{ kind: 'reaction', emoji: '👍' }]);
});
