/** The adapter against the double: what the two say to each other over a real port. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ChannelError,
  type InboundMessageEvent,
  type OutboundMessage,
  type Sent,
} from '#channels/contract.ts';
import type { PhoneMessage, SandboxPhone } from '#channels/sandbox-contract.ts';
import type { Part } from '#domain/message.ts';
import { alone } from '../../support/connect-context.ts';
import { adapter, ann, messageOf, options, startBench, webhookUrl, type Bench } from './bench.ts';

let bench: Bench;
let phone: SandboxPhone;
beforeEach(async () => {
  bench = await startBench();
  phone = await bench.phone();
});
afterEach(() => bench.close());

const signal = (): AbortSignal => AbortSignal.timeout(2_000);
const sends = (): string[] =>
  bench.calls
    .map(({ path }) => path.replace('/api/v2/bot/', ''))
    .filter((path) => /^message\/(reply|push)$/.test(path));
const shown = (chatId = ann): PhoneMessage[] => phone.chats().find(({ id }) => id === chatId)?.messages ?? [];
async function refusal(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}
/** A person writes; what ingress makes of it. */
async function written(text = 'Hello', chatId = ann): Promise<InboundMessageEvent> {
  phone.write({ chatId, personId: ann, personName: 'Ann', text });
  await phone.settled();
  const event = bench.events.at(-1);
  if (event?.kind !== 'message') throw new Error('no message came');
  return event;
}
const answerTo = (
  { replyAddress, threadKey }: InboundMessageEvent,
  part: Part,
  more: Partial<OutboundMessage> = {},
) => messageOf(part, { replyAddress, threadKey, ...more });
const hi: Part = { kind: 'text', text: 'Hi Ann' };
const send = (message: OutboundMessage, more = options()): Promise<Sent> =>
  adapter.send(bench.inbox, message, more);

describe('reply or push', () => {
  test('a fresh token is replied to, once, without a retry key', async () => {
    const event = await written();
    const { providerMessageId } = await send(answerTo(event, hi));
    expect(sends()).toEqual(['message/reply']);
    expect(bench.calls.at(-1)?.headers).not.toHaveProperty('x-line-retry-key');
    expect(shown()).toMatchObject([
      { text: 'Hello' },
      { id: providerMessageId, text: 'Hi Ann', from: 'business' },
    ]);
  });

  test('the second answer to the same message goes without trying the used token', async () => {
    const event = await written();
    await send(answerTo(event, hi));
    await send(answerTo(event, hi, { sentSinceLastIn: 1 }));
    expect(sends()).toEqual(['message/reply', 'message/push']);
  });

  test('a used or unknown token is refused, and a push follows in the same send', async () => {
    const event = await written();
    await send(answerTo(event, hi));
    const { key } = options();
    const sent = await send(answerTo(event, hi), options({ key }));
    expect(sends()).toEqual(['message/reply', 'message/reply', 'message/push']);
    expect(phone.ledger().at(-1)).toMatchObject({ key, providerMessageId: sent.providerMessageId });
    expect(shown()).toHaveLength(3);
  });

  test('a token older than 50 seconds is left alone', async () => {
    const event = await written();
    const replyAddress = { ...event.replyAddress, atMs: Date.now() - 51_000 };
    await send(messageOf(hi, { replyAddress }));
    expect(sends()).toEqual(['message/push']);
  });

  test('a reply without an answer is never followed by anything, nor repeatable', async () => {
    const event = await written();
    phone.addFault({ kind: 'no_answer', times: 1 });
    const error = await refusal(send(answerTo(event, hi), options({ signal: AbortSignal.timeout(200) })));
    expect([error.kind, error.repeatable]).toEqual(['no_answer', false]);
    expect(sends()).toEqual(['message/reply']);
    expect(adapter.resend(bench.inbox)).toBe('unsafe');
    expect(phone.ledger()).toHaveLength(1);
  });

  test('a failing reply (5xx) isn’t followed by a push either', async () => {
    const event = await written();
    phone.addFault({ kind: 'server_error', times: 1 });
    const error = await refusal(send(answerTo(event, hi)));
    expect([error.kind, error.repeatable, sends()]).toEqual(['no_answer', false, ['message/reply']]);
  });

  test('a push without an answer is repeatable, and its repetition is the same message', async () => {
    const { key } = options();
    phone.addFault({ kind: 'no_answer', times: 1 });
    const first = options({ key, signal: AbortSignal.timeout(200) });
    const error = await refusal(send(messageOf(hi), first));
    expect([error.kind, error.repeatable]).toEqual(['no_answer', true]);
    const again = await send(messageOf(hi, { attempt: 2 }), options({ key }));
    expect(phone.ledger()).toHaveLength(1);
    expect(again.providerMessageId).toBe(phone.ledger()[0]?.providerMessageId);
    expect(shown()).toHaveLength(1);
  });

  test('a later try never takes a newer message’s token: the push before it may have arrived', async () => {
    const { key } = options();
    phone.addFault({ kind: 'no_answer', times: 1 });
    await refusal(send(messageOf(hi), options({ key, signal: AbortSignal.timeout(200) })));
    const newer = await written('Are you there?');
    await send(answerTo(newer, hi, { attempt: 2 }), options({ key }));
    expect(sends()).toEqual(['message/push', 'message/push']);
    expect(phone.ledger()).toHaveLength(1);
  });

  test('in groups the group is answered', async () => {
    const event = await written('Hello all', 'Ca56f94637c1a2b3c4d5e6f7a8b9c0d1e');
    expect([event.threadKey, event.contact.externalId]).toEqual(['Ca56f94637c1a2b3c4d5e6f7a8b9c0d1e', ann]);
    await send(answerTo(event, hi));
    await send(answerTo(event, hi, { sentSinceLastIn: 1 }));
    expect(phone.ledger().map(({ to }) => to)).toEqual([event.threadKey, event.threadKey]);
  });

  test('in standby nothing is sent', async () => {
    const error = await refusal(send(messageOf(hi, { replyAddress: { to: ann, standby: true } })));
    expect([error.kind, sends()]).toEqual(['window_closed', []]);
  });

  test('a rate limit waits as told; the month’s limit is final and said plainly', async () => {
    phone.addFault({ kind: 'rate_limited', times: 1, retryAfterSeconds: 7 });
    expect(await refusal(send(messageOf(hi)))).toMatchObject({ kind: 'retry_after', retryAfterMs: 7000 });
    expect(await refusal(sendTo(429, { message: 'You have reached your monthly limit.' }))).toMatchObject({
      kind: 'permanent',
      message: expect.stringMatching(/monthly limit.*used up; nothing was sent/s),
    });
  });

  test('refusals in our kinds, with the request’s id', async () => {
    const kinds = [];
    for (const kind of ['token_expired', 'permission_revoked', 'contact_unreachable'] as const) {
      phone.addFault({ kind, times: 1 });
      kinds.push((await refusal(send(messageOf(hi)))).kind);
    }
    expect(kinds).toEqual(['reauthorize', 'permanent', 'contact_unreachable']);
    phone.addFault({ kind: 'token_expired', times: 1 });
    expect((await refusal(send(messageOf(hi)))).message).toMatch(
      /^LINE: Authentication failed.*\(request [0-9a-f-]{36}\)/,
    );
  });

  test('a conflict without a message id is known by the request that was accepted', async () => {
    const sent = await sendTo(
      409,
      { message: 'The retry key is already accepted' },
      { 'x-line-accepted-request-id': 'r-1' },
    );
    expect(sent).toEqual({ providerMessageId: 'request:r-1' });
  });
});

/** One push against a server that says just this. */
async function sendTo(status: number, body: unknown, headers: Record<string, string> = {}): Promise<Sent> {
  const { serveHttp } = await import('../local-server.ts');
  const server = await serveHttp(
    (_, response) => void response.writeHead(status, headers).end(JSON.stringify(body)),
  );
  try {
    return await adapter.send({ ...bench.inbox, urls: { api: server.url } }, messageOf(hi), options());
  } finally {
    await server.close();
  }
}

describe('what is sent', () => {
  const lastMessage = (): unknown => {
    const request = phone.ledger().at(-1)?.request as { messages: unknown[] };
    return request.messages[0];
  };
  test.each<[string, Part, unknown]>([
    [
      'a picture by link',
      { kind: 'image', mediaId: 'a', mimeType: 'image/png' },
      {
        type: 'image',
        originalContentUrl: 'https://teloring.example/media/a?sig=x',
        previewImageUrl: 'https://teloring.example/media/a?sig=x',
      },
    ],
    [
      'a picture LINE doesn’t show, as text',
      { kind: 'image', mediaId: 'a', mimeType: 'image/webp', name: 'a.webp' },
      { type: 'text', text: 'a.webp: https://teloring.example/media/a?sig=x' },
    ],
    [
      'a picture that LINE would take and never show, as text',
      { kind: 'image', mediaId: 'a', mimeType: 'image/png', name: 'a.png', sizeBytes: 10 * 1024 * 1024 + 1 },
      { type: 'text', text: 'a.png: https://teloring.example/media/a?sig=x' },
    ],
    [
      'a recording, with its length',
      { kind: 'audio', mediaId: 'a', mimeType: 'audio/mp4' },
      { type: 'audio', originalContentUrl: 'https://teloring.example/media/a?sig=x', duration: 2000 },
    ],
    [
      'a video without a still, as text',
      { kind: 'video', mediaId: 'v', mimeType: 'video/mp4' },
      { type: 'text', text: 'video: https://teloring.example/media/v?sig=x' },
    ],
    [
      'a place',
      { kind: 'location', lat: 35.6, lon: 139.7, name: 'Shop' },
      { type: 'location', title: 'Shop', address: '35.6, 139.7', latitude: 35.6, longitude: 139.7 },
    ],
  ])('%s', async (_, part, expected) => {
    await send(messageOf(part));
    expect(lastMessage()).toEqual(expected);
  });

  test('a video with the picture the inbox names', async () => {
    const settings = { videoPreviewUrl: 'https://shop.example/still.jpg' };
    await adapter.send(
      { ...bench.inbox, settings },
      messageOf({ kind: 'video', mediaId: 'v', mimeType: 'video/mp4' }),
      options(),
    );
    expect(lastMessage()).toMatchObject({ type: 'video', previewImageUrl: 'https://shop.example/still.jpg' });
  });

  test('choices are buttons, and a pressed one comes back as its option', async () => {
    const event = await written();
    const id = 'a very long id, '.repeat(30);
    const choices: Part = {
      kind: 'choices',
      text: 'Which size?',
      options: [
        { id: 'small', label: 'Small' },
        { id, label: 'Large' },
      ],
    };
    const { providerMessageId } = await send(answerTo(event, choices));
    const buttons = shown().at(-1)?.choices ?? [];
    expect(buttons.map(({ label }) => label)).toEqual(['Small', 'Large']);
    for (const button of buttons)
      phone.write({ chatId: ann, replyTo: providerMessageId, choiceId: button.id });
    await phone.settled();
    expect(bench.events.slice(-2)).toMatchObject([
      {
        kind: 'message',
        parts: [{ kind: 'choice_reply', id: 'small', label: 'Small' }],
        replyAddress: { to: ann },
      },
      {
        kind: 'message',
        parts: [{ kind: 'choice_reply', id: expect.stringMatching(/^#[\w-]{43}$/), label: 'Large' }],
      },
    ]);
  });

  test('a quote goes by its token', async () => {
    const event = await written('Do you have it in blue?');
    await send(
      answerTo(event, hi, { inReplyTo: event.providerMessageId, inReplyToReference: event.reference ?? {} }),
    );
    expect(shown().at(-1)).toMatchObject({ text: 'Hi Ann', replyTo: event.providerMessageId });
  });

  test('typing shows to people, not to groups; read goes by the message’s token', async () => {
    const event = await written();
    const target = {
      contactExternalId: ann,
      threadKey: '',
      replyAddress: event.replyAddress,
      lastInbound: { providerMessageId: event.providerMessageId, reference: event.reference ?? {} },
    };
    await adapter.signal?.(bench.inbox, 'typing', target, signal());
    expect(phone.chats()[0]?.typing).toBe(true);
    await adapter.signal?.(bench.inbox, 'read', target, signal());
    expect(phone.facts()['markedRead']).toEqual([event.providerMessageId]);
    const calls = bench.calls.length;
    await adapter.signal?.(bench.inbox, 'typing', { ...target, threadKey: 'C1' }, signal());
    await adapter.signal?.(bench.inbox, 'read', { ...target, lastInbound: null }, signal());
    expect(bench.calls).toHaveLength(calls);
  });
});

describe('connecting', () => {
  const connect = (url = webhookUrl) => adapter.connect(bench.inbox, url, signal(), alone);

  test('says who the bot is, sets the webhook, tries it; the inbox isn’t stored yet', async () => {
    bench.ingress.stored = false;
    const connected = await connect();
    expect(connected).toMatchObject({
      accountKey: expect.stringMatching(/^U[0-9a-f]{32}$/),
      accountLabel: expect.stringMatching(/^Sandbox \w{4} \(@\w{8}\)$/),
      credentials: bench.inbox.credentials,
      warnings: [],
    });
    expect(phone.facts()['webhookUrl']).toBe(webhookUrl);
    expect(bench.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v2/bot/info',
      'PUT /api/v2/bot/channel/webhook/endpoint',
      'GET /api/v2/bot/channel/webhook/endpoint',
      'POST /api/v2/bot/channel/webhook/test',
    ]);
  });

  test('an address LINE won’t take, a wrong secret and silence are warnings', async () => {
    expect((await connect('http://shop.internal/webhooks/line/x')).warnings).toEqual([
      expect.stringContaining('Invalid webhook endpoint URL'),
    ]);
    bench.ingress.status = 401;
    expect((await connect()).warnings).toEqual([expect.stringContaining('another channel secret')]);
    bench.ingress.status = 0;
    expect((await connect()).warnings).toEqual([expect.stringContaining('COULD_NOT_CONNECT')]);
  });

  test('a refused token fails in LINE’s words', async () => {
    phone.addFault({ kind: 'token_expired' });
    expect(await refusal(connect())).toMatchObject({ kind: 'reauthorize', message: /Authentication failed/ });
  });

  test('a webhook that is switched off names the switch', async () => {
    await connect();
    const { serveHttp } = await import('../local-server.ts');
    const server = await serveHttp(({ path, method }, response) => {
      const answers: Record<string, unknown> = {
        'GET /v2/bot/info': {
          userId: 'U1',
          basicId: '@b',
          displayName: 'B',
          chatMode: 'chat',
          markAsReadMode: 'auto',
        },
        'GET /v2/bot/channel/webhook/endpoint': { endpoint: webhookUrl, active: false },
        'POST /v2/bot/channel/webhook/test': { success: true, statusCode: 200, reason: 'OK', detail: '200' },
        'GET /v2/bot/message/quota': { type: 'limited', value: 200 },
        'GET /v2/bot/message/quota/consumption': { totalUsage: 200 },
      };
      response.end(JSON.stringify(answers[`${method} ${path}`] ?? {}));
    });
    const off = { ...bench.inbox, urls: { api: server.url } };
    const { warnings } = await adapter.connect(off, webhookUrl, signal(), alone);
    expect(warnings).toEqual([expect.stringContaining('“Use webhook”'), expect.stringContaining('“Chat”')]);
    expect(await adapter.probe(off, webhookUrl, signal())).toMatchObject({
      inbound: { state: 'failing', reason: expect.stringContaining('“Use webhook”') },
      outbound: { state: 'degraded', reason: expect.stringContaining('200 messages') },
      facts: { monthlyMessages: 200, monthlyMessagesUsed: 200, webhookActive: false },
    });
    await server.close();
  });
});

describe('health', () => {
  const probe = (url = webhookUrl) => adapter.probe(bench.inbox, url, signal());

  test('well, elsewhere, unreachable, refused', async () => {
    await adapter.connect(bench.inbox, webhookUrl, signal(), alone);
    expect(await probe()).toMatchObject({ inbound: { state: 'ok' }, outbound: { state: 'ok' } });
    expect((await probe('https://other.example/x')).inbound).toMatchObject({
      state: 'failing',
      reason: /elsewhere/,
    });
    bench.ingress.status = 503;
    expect((await probe()).inbound).toMatchObject({ state: 'failing', reason: /ERROR_STATUS_CODE/ });
    phone.addFault({ kind: 'token_expired' });
    expect(await probe()).toMatchObject({ inbound: { state: 'failing' }, outbound: { state: 'failing' } });
    const nowhere = { ...bench.inbox, urls: { api: 'http://127.0.0.1:1' } };
    expect((await adapter.probe(nowhere, webhookUrl, signal())).outbound.state).toBe('unknown');
  });
});
