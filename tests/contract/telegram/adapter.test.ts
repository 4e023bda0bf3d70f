/** The adapter against the double: what the two say to each other over a real port. */
import { alone } from '../../support/connect-context.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Part } from '#domain/message.ts';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelEvent,
  type InboundMedia,
  type OutboundMessage,
  type RawRequest,
  type SendOptions,
} from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createTelegramAdapter } from '#channels/telegram/adapter.ts';
import type { TelegramCredentials } from '#channels/telegram/definition.ts';
import type { BotControl } from '#channels/telegram/sandbox/control.ts';
import { serveHttp } from '../local-server.ts';
import { startSandbox, startWebhook, type SandboxServer, type Webhook } from './sandbox-server.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const adapter = createTelegramAdapter({ http });
const ann = { id: 4711, firstName: 'Ann' };
let sandbox: SandboxServer;
let webhook: Webhook;
let control: BotControl;
let inbox: AdapterInbox<TelegramCredentials>;
let webhookUrl: string;
let bots = 500;

beforeAll(async () => {
  [sandbox, webhook] = await Promise.all([startSandbox(), startWebhook()]);
});
afterAll(() => Promise.all([sandbox.close(), webhook.close(), http.close()]));
beforeEach(async () => {
  const botToken = `${++bots}:AAadapter_token`;
  control = await sandbox.control(botToken);
  inbox = {
    id: `0199a1b2-0000-7000-8000-0000000${bots}00`,
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'telegram',
    name: 'Shop bot',
    accountKey: String(bots),
    sandbox: true,
    credentials: { botToken },
    settings: {},
    urls: { api: sandbox.url },
    apps: {},
  };
  webhookUrl = `${webhook.url}/webhooks/telegram/${inbox.id}`;
  webhook.received.length = 0;
});
const signal = (): AbortSignal => AbortSignal.timeout(2_000);
const options = (
  media = { bytes: Buffer.from('bytes'), mimeType: 'image/png', name: 'dot.png' },
): SendOptions => ({
  key: 'key',
  signal: signal(),
  media: async () => media,
});
const messageOf = (part: Part, more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: 'm',
  conversationId: 'c',
  contactExternalId: String(ann.id),
  threadKey: '',
  replyAddress: { chatId: String(ann.id) },
  parts: [part],
  author: 'bot',
  lastInAtMs: Date.now(),
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
});
async function connect(): Promise<void> {
  const connected = await adapter.connect(inbox, webhookUrl, signal(), alone);
  inbox = { ...inbox, credentials: connected.credentials };
}
/** What the webhook got since, verified and parsed as ingress does. */
async function eventsAfter(act: () => void, count = 1): Promise<ChannelEvent[]> {
  webhook.received.length = 0;
  act();
  await vi.waitFor(() => expect(webhook.received).toHaveLength(count));
  const read = webhook.received.map(async ({ headers, body }) => {
    const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const request: RawRequest = {
      method: 'POST',
      url: webhookUrl,
      headers: flat,
      body,
      receivedAtMs: Date.now(),
    };
    expect(adapter.verify(inbox, request)).toEqual({ kind: 'ok' });
    const parsed = await adapter.parse(inbox, request);
    if (!Array.isArray(parsed)) throw new Error(parsed.message);
    return parsed;
  });
  return (await Promise.all(read)).flat();
}
async function refusal(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

describe('connecting', () => {
  test('says who the bot is and registers the webhook with a secret of its own', async () => {
    const connected = await adapter.connect(inbox, webhookUrl, signal(), alone);
    expect(connected).toMatchObject({
      accountKey: String(bots),
      accountLabel: `@sandbox_${bots}_bot`,
      warnings: [],
    });
    expect(connected.credentials.webhookSecret).toMatch(/^[\w-]{43}$/);
    expect(control.webhook()).toMatchObject({ url: webhookUrl, secret: connected.credentials.webhookSecret });
    expect(control.webhook()?.allowedUpdates).toEqual(
      expect.arrayContaining([
        'message',
        'edited_message',
        'callback_query',
        'message_reaction',
        'my_chat_member',
      ]),
    );
  });

  test('a token that Telegram doesn’t know fails in its words', async () => {
    control.setRevoked(true);
    const error = await refusal(adapter.connect(inbox, webhookUrl, signal(), alone));
    expect([error.kind, error.message]).toEqual(['reauthorize', 'Telegram: Unauthorized']);
  });

  test('an address that Telegram won’t call is a warning: the bot can send meanwhile', async () => {
    const connected = await adapter.connect(
      inbox,
      'http://shop.internal/webhooks/telegram/x',
      signal(),
      alone,
    );
    expect(connected.warnings).toEqual([expect.stringContaining('HTTPS URL must be provided')]);
  });

  test('a rate limit on the way is an error, not a warning', async () => {
    control.addFault({ kind: 'rate_limited', method: 'setWebhook', times: 1, retryAfterSeconds: 3 });
    const error = await refusal(adapter.connect(inbox, webhookUrl, signal(), alone));
    expect([error.kind, error.retryAfterMs]).toEqual(['retry_after', 3000]);
  });

  test('disconnecting removes our webhook, nobody else’s, and twice is as good as once', async () => {
    await connect();
    await adapter.disconnect(inbox, signal(), alone);
    expect(control.webhook()).toBeNull();
    await adapter.disconnect(inbox, signal(), alone);
    await adapter.connect(inbox, `${webhook.url}/somebody/else`, signal(), alone);
    await adapter.disconnect(inbox, signal(), alone);
    expect(control.webhook()?.url).toBe(`${webhook.url}/somebody/else`);
    control.setRevoked(true);
    await adapter.disconnect(inbox, signal(), alone);
  });
});

test('a customer’s message, the answer to it, and the quote of that', async () => {
  await connect();
  const [message] = await eventsAfter(() => control.write({ from: ann, text: 'Hello' }));
  expect(message).toMatchObject({
    kind: 'message',
    threadKey: '',
    contact: { externalId: '4711', name: 'Ann' },
  });
  if (message?.kind !== 'message') return;
  const sent = await adapter.send(
    inbox,
    messageOf(
      { kind: 'text', text: '<b>Hi</b> & welcome' },
      { replyAddress: message.replyAddress, inReplyTo: message.providerMessageId },
    ),
    options(),
  );
  const [chat] = control.chats();
  const [, answer] = chat?.messages ?? [];
  expect(answer).toMatchObject({ text: '<b>Hi</b> & welcome', reply_to_message: { text: 'Hello' } });
  expect(sent.providerMessageId).toBe(`4711:${answer?.message_id}`);
  const [quote] = await eventsAfter(() =>
    control.write({ from: ann, text: 'Thanks', replyToMessageId: answer?.message_id }),
  );
  expect(quote).toMatchObject({ inReplyTo: sent.providerMessageId });
});

test('choices become buttons; the pressed one comes back by id and label and its spinner ends', async () => {
  await connect();
  const longId = 'an id of far more than sixty-four bytes '.repeat(3);
  const choices: Part = {
    kind: 'choices',
    text: 'Which?',
    options: [
      { id: 'small', label: 'Small' },
      { id: longId, label: 'The large one' },
    ],
  };
  const { providerMessageId } = await adapter.send(inbox, messageOf(choices), options());
  const asked = control.chats()[0]?.messages[0];
  const buttons = asked?.reply_markup?.inline_keyboard.flat() ?? [];
  const data = buttons.map((button) => ('callback_data' in button ? button.callback_data : ''));
  expect(data[0]).toBe('small');
  expect(Buffer.byteLength(data[1] ?? '')).toBeLessThanOrEqual(64);
  const events = await eventsAfter(() => {
    control.press(ann.id, asked?.message_id ?? 0, data[0] ?? '');
    control.press(ann.id, asked?.message_id ?? 0, data[1] ?? '');
  }, 2);
  expect(events).toMatchObject([
    {
      kind: 'message',
      parts: [{ kind: 'choice_reply', id: 'small', label: 'Small' }],
      inReplyTo: providerMessageId,
    },
    { kind: 'message', parts: [{ kind: 'choice_reply', id: data[1], label: 'The large one' }] },
  ]);
  const [pressed] = events;
  if (pressed?.kind !== 'message' || !pressed.acknowledge) throw new Error('nothing to acknowledge');
  await adapter.acknowledge?.(inbox, pressed.acknowledge, signal());
  expect(control.answeredCallbacks()).toEqual([pressed.acknowledge['callbackQueryId']]);
  expect(
    (await refusal(adapter.acknowledge?.(inbox, pressed.acknowledge, signal()) ?? Promise.resolve())).kind,
  ).toBe('permanent');
});

test('choices may take the place of the keyboard instead', async () => {
  inbox = { ...inbox, settings: { choices: 'keyboard' } };
  const choices: Part = { kind: 'choices', text: 'Which?', options: [{ id: 'small', label: 'Small' }] };
  await adapter.send(inbox, messageOf(choices), options());
  expect(control.ledger()[0]?.fields['reply_markup']).toEqual({
    keyboard: [[{ text: 'Small' }]],
    one_time_keyboard: true,
    resize_keyboard: true,
  });
});

test.each([
  ['image', 'image/png', 'sendphoto'],
  ['image', 'image/gif', 'sendanimation'],
  ['image', 'image/svg+xml', 'senddocument'],
  ['video', 'video/mp4', 'sendvideo'],
  ['video', 'video/webm', 'senddocument'],
  ['audio', 'audio/mpeg', 'sendaudio'],
  ['audio', 'audio/ogg', 'sendvoice'],
  ['audio', 'audio/wav', 'senddocument'],
  ['file', 'image/png', 'senddocument'],
] as const)('%s of type %s goes by %s', async (kind, mimeType, method) => {
  const part: Part = { kind, mediaId: 'x', mimeType, caption: 'Caption' };
  await adapter.send(
    inbox,
    messageOf(part),
    options({ bytes: Buffer.from('bytes'), mimeType, name: 'name.bin' }),
  );
  expect(control.ledger()).toMatchObject([
    { method, fields: { caption: 'Caption' }, file: { name: 'name.bin', mimeType, sizeBytes: 5 } },
  ]);
});

test('what is too large for a bot is refused before it is sent', async () => {
  const bytes = Buffer.alloc(50 * 1024 * 1024 + 1);
  const part: Part = { kind: 'file', mediaId: 'x', mimeType: 'application/zip' };
  const sending = adapter.send(
    inbox,
    messageOf(part),
    options({ bytes, mimeType: 'application/zip', name: 'x.zip' }),
  );
  expect((await refusal(sending)).kind).toBe('permanent');
  expect(control.ledger()).toHaveLength(0);
});

test('media come by getFile, up to the limit', async () => {
  await connect();
  const bytes = Buffer.from('a document');
  const [event] = await eventsAfter(() =>
    control.write({
      from: ann,
      document: { bytes, mimeType: 'application/pdf', name: 'invoice.pdf', caption: 'Here' },
    }),
  );
  const part = event?.kind === 'message' ? (event.parts[0] as InboundMedia) : undefined;
  expect(part).toMatchObject({ kind: 'file', name: 'invoice.pdf', caption: 'Here', sizeBytes: 10 });
  const source = part?.source ?? {};
  expect(await adapter.fetchMedia?.(inbox, source, { signal: signal(), maxBytes: 1000 })).toEqual({
    bytes,
    mimeType: 'application/pdf',
    name: 'invoice.pdf',
  });
  const small = adapter.fetchMedia?.(inbox, source, { signal: signal(), maxBytes: 5 });
  expect((await refusal(small ?? Promise.resolve())).kind).toBe('permanent');
  const { sizeBytes: _, ...unsized } = source;
  const unannounced = adapter.fetchMedia?.(inbox, unsized, { signal: signal(), maxBytes: 5 });
  expect((await refusal(unannounced ?? Promise.resolve())).kind).toBe('permanent');
  const gone = adapter.fetchMedia?.(inbox, { fileId: 'gone' }, { signal: signal(), maxBytes: 5 });
  expect((await refusal(gone ?? Promise.resolve())).kind).toBe('permanent');
});

test('a blocked bot: the contact says so, sending says so, and both end with the block', async () => {
  await connect();
  control.write({ from: ann, text: 'Hello' });
  const [blocked] = await eventsAfter(() => control.setBlocked(ann.id, true), 2).then((events) =>
    events.slice(1),
  );
  expect(blocked).toMatchObject({ kind: 'contact', change: 'blocked', contact: { externalId: '4711' } });
  const error = await refusal(adapter.send(inbox, messageOf({ kind: 'text', text: 'x' }), options()));
  expect([error.kind, error.message]).toEqual([
    'contact_unreachable',
    'Telegram: Forbidden: bot was blocked by the user',
  ]);
  const [unblocked] = await eventsAfter(() => control.setBlocked(ann.id, false));
  expect(unblocked).toMatchObject({ kind: 'contact', change: 'unblocked' });
  await adapter.send(inbox, messageOf({ kind: 'text', text: 'x' }), options());
});

test('in a group the thread is the group and the contact its writer', async () => {
  await connect();
  const [event] = await eventsAfter(() =>
    control.write({ from: ann, chatId: -100200300, groupTitle: 'Buyers', text: 'Hi' }),
  );
  expect(event).toMatchObject({
    threadKey: '-100200300',
    contact: { externalId: '4711' },
    replyAddress: { chatId: '-100200300' },
  });
});

test('a group that has become a supergroup: the refused send goes to its new id, once', async () => {
  const calls: string[] = [];
  const server = await serveHttp(({ body }, response) => {
    const { chat_id: chatId } = JSON.parse(body.toString()) as { chat_id: string };
    calls.push(chatId);
    const moved = {
      ok: false,
      error_code: 400,
      description: 'moved',
      parameters: { migrate_to_chat_id: -100999 },
    };
    const taken = { ok: true, result: { message_id: 5, chat: { id: -100999 } } };
    response.writeHead(chatId === '-1' ? 400 : 200).end(JSON.stringify(chatId === '-1' ? moved : taken));
  });
  const message = messageOf({ kind: 'text', text: 'x' }, { replyAddress: { chatId: '-1' } });
  const sent = await adapter.send({ ...inbox, urls: { api: server.url } }, message, options());
  expect([sent.providerMessageId, calls]).toEqual(['-100999:5', ['-1', '-100999']]);
  await server.close();
});

test('a reply goes to its topic and its business connection', async () => {
  const replyAddress = { chatId: '4711', topicId: 7, businessConnectionId: 'bc' };
  const sent = await adapter.send(inbox, messageOf({ kind: 'text', text: 'x' }, { replyAddress }), options());
  expect(control.ledger()[0]?.fields).toMatchObject({ message_thread_id: 7, business_connection_id: 'bc' });
  expect(sent.providerMessageId).toMatch(/^bc:4711:\d+$/);
});

test('no answer after Telegram took it: told as such, and taken once', async () => {
  control.addFault({ kind: 'timeout_after_accepting', times: 1 });
  const impatient = { ...options(), signal: AbortSignal.timeout(200) };
  const error = await refusal(adapter.send(inbox, messageOf({ kind: 'text', text: 'x' }), impatient));
  expect([error.kind, control.ledger().length]).toEqual(['no_answer', 1]);
  expect(adapter.resend(inbox)).toBe('unsafe');
});

const probe = () => adapter.probe(inbox, webhookUrl, signal());

describe('probing', () => {
  test('well', async () => {
    await connect();
    expect(await probe()).toMatchObject({
      inbound: { state: 'ok' },
      outbound: { state: 'ok' },
      facts: { webhookUrl },
    });
  });
  test('no webhook, and one that points elsewhere, whose path is not told', async () => {
    expect(await probe()).toMatchObject({ inbound: { state: 'failing' }, outbound: { state: 'ok' } });
    await adapter.connect(inbox, `${webhook.url}/their/secret/path`, signal(), alone);
    const result = await probe();
    expect(result.inbound.state).toBe('failing');
    expect(JSON.stringify(result)).not.toContain('secret');
  });
  test('deliveries that fail', async () => {
    await connect();
    webhook.statuses.push(500);
    control.write({ from: ann, text: 'Hello' });
    await vi.waitFor(() => expect(webhook.received.length).toBeGreaterThan(0));
    await vi.waitFor(async () =>
      expect((await probe()).inbound).toMatchObject({ state: 'degraded', reason: /500/ }),
    );
  });
  test('a revoked token; and a Telegram that can’t be asked is no verdict', async () => {
    control.setRevoked(true);
    expect(await probe()).toMatchObject({ inbound: { state: 'failing' }, outbound: { state: 'failing' } });
    inbox = { ...inbox, urls: { api: 'http://127.0.0.1:1' } };
    expect(await probe()).toMatchObject({ inbound: { state: 'unknown' }, outbound: { state: 'unknown' } });
  });
});

test('typing goes to the chat, its topic and its business account; reading to nobody', async () => {
  const calls: [string, unknown][] = [];
  const server = await serveHttp(({ path, body }, response) => {
    calls.push([path.split('/').at(-1) ?? '', JSON.parse(body.toString())]);
    response.end(JSON.stringify({ ok: true, result: true }));
  });
  const there = { ...inbox, urls: { api: server.url } };
  const target = { contactExternalId: '4711', threadKey: '', replyAddress: {}, lastInbound: null };
  await adapter.signal?.(there, 'read', target, signal());
  await adapter.signal?.(there, 'typing', target, signal());
  const replyAddress = { chatId: '-100', topicId: 7, businessConnectionId: 'bc' };
  await adapter.signal?.(there, 'typing', { ...target, replyAddress }, signal());
  expect(calls).toEqual([
    ['sendChatAction', { chat_id: '4711', action: 'typing' }],
    [
      'sendChatAction',
      { chat_id: '-100', message_thread_id: 7, business_connection_id: 'bc', action: 'typing' },
    ],
  ]);
  await server.close();
});
