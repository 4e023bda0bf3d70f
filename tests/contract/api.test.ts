/** The API inbox, word for word as CONTRACT.md has it. */
import { alone } from '../support/connect-context.ts';
import { createHmac } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createApiAdapter } from '#channels/api/adapter.ts';
import type { ApiCredentials } from '#channels/api/definition.ts';
import {
  ChannelError,
  type AdapterInbox,
  type OutboundMessage,
  type RawRequest,
  type SendOptions,
} from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { serveHttp, type LocalServer, type Received } from './local-server.ts';

const secret = 'a secret that is at least 32 characters long';
const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const adapter = createApiAdapter({ http });
const nowMs = Date.now();
const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

const inboxAt = (callbackUrl: string, more: Partial<ApiCredentials> = {}): AdapterInbox<ApiCredentials> => ({
  id: 'inbox-1',
  workspaceId: 'workspace-1',
  type: 'api',
  name: 'API',
  accountKey: 'inbox-1',
  sandbox: false,
  credentials: { callbackUrl, secret, ...more },
  settings: {},
  urls: {},
  apps: {},
});
const inbox = inboxAt('https://customer.example/callback');

function requestOf(
  body: string,
  { atSeconds = Math.floor(nowMs / 1000), signed = body, header = '' } = {},
): RawRequest {
  const signature = createHmac('sha256', secret).update(`${atSeconds}.${signed}`).digest('hex');
  return {
    method: 'POST',
    url: 'https://teloring.example/webhooks/api/inbox-1',
    headers: { 'x-teloring-signature': header || `t=${atSeconds},v1=${signature}` },
    body: Buffer.from(body),
    receivedAtMs: nowMs,
  };
}
const codeOf = (request: RawRequest): string => {
  const verdict = adapter.verify(inbox, request);
  return verdict.kind === 'reject' ? `${verdict.status} ${verdict.code}` : verdict.kind;
};

const at = (seconds: number): number => Math.floor(nowMs / 1000) + seconds;

describe('who may write', () => {
  test('a signature of the last or next 300 seconds', () => {
    expect([-299, 0, 299].map((seconds) => codeOf(requestOf('{}', { atSeconds: at(seconds) })))).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect([-302, 302].map((seconds) => codeOf(requestOf('{}', { atSeconds: at(seconds) })))).toEqual([
      '401 timestamp_stale',
      '401 timestamp_stale',
    ]);
  });
  test('a stale and wrong signature is only wrong', () => {
    expect(codeOf(requestOf('{}', { atSeconds: at(-999), signed: 'other' }))).toBe('401 signature_wrong');
  });
  test.each([
    ['signed over other bytes', requestOf('{}', { signed: '{ }' }), '401 signature_wrong'],
    ['no header', { ...requestOf('{}'), headers: {} }, '401 signature_missing'],
    ['nonsense', requestOf('{}', { header: 'nonsense' }), '401 signature_missing'],
    ['no time', requestOf('{}', { header: 'v1=00' }), '401 signature_missing'],
    ['two times', requestOf('{}', { header: 't=1,t=2,v1=00' }), '401 signature_missing'],
    ['a GET', { ...requestOf('{}'), method: 'GET' }, '401 signature_missing'],
  ])('not: %s', (_, request, code) => {
    expect(codeOf(request)).toBe(code);
  });
  test('one right signature among several, as while a secret is changed', () => {
    const right = requestOf('{}').headers['x-teloring-signature'] ?? '';
    expect(codeOf(requestOf('{}', { header: `${right},v1=${'0'.repeat(64)},v2=x` }))).toBe('ok');
  });
});

const parse = (body: unknown) =>
  adapter.parse(inbox, requestOf(typeof body === 'string' ? body : JSON.stringify(body)));

describe('what may be written', () => {
  const from = { id: 'c-1' };
  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no id', { from, text: 'x' }],
    ['an empty id', { id: '', from, text: 'x' }],
    ['an id beyond exact integers', '{"id": 9007199254740993, "from": {"id": 1}, "text": "x"}'],
    ['no sender', { id: '1', text: 'x' }],
    ['neither text nor attachment', { id: '1', from }],
    ['an empty text and no attachment', { id: '1', from, text: '', attachments: [] }],
    ['a text that is no text', { id: '1', from, text: 5 }],
    ['an attachment of nothing', { id: '1', from, attachments: [{ name: 'x' }] }],
    ['an attachment by file URL', { id: '1', from, attachments: [{ url: 'file:///etc/passwd' }] }],
    ['base64 that is none', { id: '1', from, attachments: [{ base64: '***' }] }],
    ['a time that is none', { id: '1', from, text: 'x', sentAt: 'yesterday' }],
  ])('not: %s', async (_, body) => {
    expect(await parse(body)).toEqual({ kind: 'malformed', message: expect.stringMatching(/./) });
  });
  test('the sender, the text, then the attachments', async () => {
    const attachments = [
      { base64: Buffer.from('hi').toString('base64'), name: 'a.txt' },
      { url: 'https://x.example/b.png' },
    ];
    expect(
      await parse({
        id: '1',
        from: { ...from, name: 'Ann' },
        text: 'x',
        attachments,
        sentAt: '2026-01-02T03:04:05Z',
      }),
    ).toMatchObject([
      {
        eventId: '1',
        providerMessageId: '1',
        contact: { externalId: 'c-1', name: 'Ann' },
        sentAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
        parts: [
          { kind: 'text', text: 'x' },
          { kind: 'file', mimeType: 'text/plain', name: 'a.txt', sizeBytes: 2 },
          { kind: 'image', mimeType: 'image/png', source: { kind: 'url', url: 'https://x.example/b.png' } },
        ],
      },
    ]);
  });
  test('the answer names the event', () => {
    expect(adapter.accepted?.([{ eventId: 'e', duplicate: true }])).toEqual({
      status: 202,
      body: { eventId: 'e', duplicate: true },
    });
  });
});

const message: OutboundMessage = {
  id: 'message-1',
  conversationId: 'conversation-1',
  contactExternalId: 'c-1',
  threadKey: '',
  replyAddress: { id: 'c-1' },
  parts: [
    { kind: 'text', text: 'Hello ✓' },
    { kind: 'image', mediaId: 'media-1', mimeType: 'image/png', caption: 'A box' },
  ],
  author: 'bot',
  lastInAtMs: nowMs,
  sentSinceLastIn: 0,
  attempt: 1,
};
const options = (timeoutMs = 2_000): SendOptions => ({
  key: 'outbox-1',
  signal: AbortSignal.timeout(timeoutMs),
  media: async () => ({ bytes: new Uint8Array(), mimeType: 'image/png' }),
  mediaUrl: async (id) => `https://teloring.example/media/${id}?sig=x`,
});
type Answer = Parameters<typeof serveHttp>[0];
async function serve(answer: Answer): Promise<AdapterInbox<ApiCredentials>> {
  const server = await serveHttp(answer);
  servers.push(server);
  return inboxAt(`${server.url}/callback?tenant=1`);
}
const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'sent',
    (reason: unknown) => reason,
  );

describe('a reply', () => {
  test('is signed, carries its key, and is the same on every attempt', async () => {
    const received: Received[] = [];
    const at = await serve((request, response) => {
      received.push(request);
      response.writeHead(received.length === 1 ? 503 : 200).end('{"id":"theirs-1","more":true}');
    });
    expect(await refusal(adapter.send(at, message, options()))).toBeInstanceOf(ChannelError);
    expect(await adapter.send(at, message, options())).toEqual({ providerMessageId: 'theirs-1' });
    const [first, second] = received;
    expect(first?.body).toEqual(second?.body);
    expect([first?.method, first?.path, first?.headers['idempotency-key']]).toEqual([
      'POST',
      '/callback?tenant=1',
      'outbox-1',
    ]);
    const [, time, digest] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['x-teloring-signature'])) ?? [];
    expect(digest).toBe(
      createHmac('sha256', secret)
        .update(`${time}.`)
        .update(first?.body ?? '')
        .digest('hex'),
    );
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(10);
    expect(JSON.parse(first?.body.toString() ?? '')).toEqual({
      event: 'message.created',
      eventId: 'outbox-1',
      inboxId: 'inbox-1',
      conversationId: 'conversation-1',
      message: {
        id: 'message-1',
        text: 'Hello ✓\nA box',
        parts: [
          { kind: 'text', text: 'Hello ✓' },
          { ...message.parts[1], url: 'https://teloring.example/media/media-1?sig=x' },
        ],
      },
      to: { id: 'c-1' },
    });
  });

  test.each([
    ['an id', '{"id":"theirs"}', 'theirs'],
    ['a number', '{"id":17}', '17'],
    ['no id', '{}', 'outbox-1'],
    ['a null id', '{"id":null}', 'outbox-1'],
    ['no JSON', 'ok', 'outbox-1'],
    ['nothing', '', 'outbox-1'],
  ])('is sent with 2xx and %s', async (_, body, id) => {
    const at = await serve((__, response) => void response.writeHead(body === '' ? 204 : 202).end(body));
    expect(await adapter.send(at, message, options())).toEqual({ providerMessageId: id });
  });

  test('is sent with 2xx, even if the body never ends or is far too long', async () => {
    const slow = await serve((_, response) => void response.writeHead(200).write('{'));
    expect(await adapter.send(slow, message, options(200))).toEqual({ providerMessageId: 'outbox-1' });
    const long = await serve((_, response) => void response.writeHead(200).end(Buffer.alloc(3_000_000)));
    expect(await adapter.send(long, message, options())).toEqual({ providerMessageId: 'outbox-1' });
  });

  test.each([
    ['7', 7_000],
    [new Date(Date.now() + 60_000).toUTCString(), 60_000],
    ['soon', undefined],
  ])('waits as told: Retry-After %s', async (header, expected) => {
    const at = await serve(
      (_, response) => void response.writeHead(429, { 'retry-after': header }).end('slow down'),
    );
    const error = (await refusal(adapter.send(at, message, options()))) as ChannelError;
    expect([error.kind, error.providerCode, error.message]).toEqual([
      'retry_after',
      '429',
      'The callback answered 429: slow down',
    ]);
    if (expected === undefined) expect(error.retryAfterMs).toBeUndefined();
    else expect(Math.abs((error.retryAfterMs ?? 0) - expected)).toBeLessThan(3_000);
  });

  test('to a private address that is not allowed never leaves', async () => {
    const error = (await refusal(
      adapter.send(inboxAt('http://10.0.0.1/x'), message, options()),
    )) as ChannelError;
    expect(error.kind).toBe('permanent');
  });

  test('may be repeated only where the receiver says so', () => {
    expect(adapter.resend(inbox)).toBe('unsafe');
    expect(adapter.resend(inboxAt('https://x.example', { idempotent: true }))).toBe('safe');
  });
});

const connect = (at: AdapterInbox<ApiCredentials>) =>
  adapter.connect(at, 'https://teloring.example/webhooks/api/inbox-1', options().signal, alone);

describe('connecting', () => {
  const { secret: _, ...bare } = inboxAt('http://127.0.0.1:9/callback').credentials;
  const fresh: AdapterInbox<ApiCredentials> = { ...inbox, credentials: bare };

  test('makes a secret, reveals it once and keeps it', async () => {
    const connected = await connect(fresh);
    expect(connected).toMatchObject({ accountKey: 'inbox-1', accountLabel: '127.0.0.1:9', warnings: [] });
    expect(connected.credentials.secret).toMatch(/^[\w-]{43}$/);
    expect(connected.reveal).toEqual({ secret: connected.credentials.secret });
    const again = await connect({ ...fresh, credentials: connected.credentials });
    expect([again.credentials.secret, again.reveal]).toEqual([connected.credentials.secret, undefined]);
    expect((await connect(fresh)).credentials.secret).not.toBe(connected.credentials.secret);
  });
  test('refuses an address that will never be called, and warns of one that is not known', async () => {
    const blocked = connect({ ...fresh, credentials: { callbackUrl: 'http://169.254.169.254/latest' } });
    expect(await refusal(blocked)).toMatchObject({ kind: 'permanent' });
    const unknown = await connect({ ...fresh, credentials: { callbackUrl: 'http://no-such-host.invalid/' } });
    expect(unknown.warnings).toEqual([expect.stringContaining('could not be resolved')]);
  });
});

const fetchMedia = (source: { [key: string]: string }, maxBytes = 100) =>
  adapter.fetchMedia?.(inbox, source, { signal: options().signal, maxBytes }) ??
  Promise.reject(new Error('none'));

describe('attachments', () => {
  test('inline', async () => {
    const base64 = Buffer.from('hello').toString('base64');
    expect(Buffer.from((await fetchMedia({ kind: 'inline', base64 })).bytes).toString()).toBe('hello');
    expect(await refusal(fetchMedia({ kind: 'inline', base64 }, 4))).toMatchObject({ kind: 'permanent' });
  });
  test('by URL: its type, its limit, its refusals', async () => {
    const server = await serveHttp(({ path }, response) => {
      const status = Number(path.slice(1));
      response
        .writeHead(status, { 'content-type': 'image/png; charset=x', location: 'http://127.0.0.1:1/' })
        .end('hello');
    });
    servers.push(server);
    expect(await fetchMedia({ kind: 'url', url: `${server.url}/200` })).toMatchObject({
      mimeType: 'image/png',
    });
    expect(await refusal(fetchMedia({ kind: 'url', url: `${server.url}/200` }, 4))).toMatchObject({
      kind: 'permanent',
    });
    expect(await refusal(fetchMedia({ kind: 'url', url: `${server.url}/302` }))).toMatchObject({
      kind: 'permanent',
    });
    expect(await refusal(fetchMedia({ kind: 'url', url: `${server.url}/404` }))).toMatchObject({
      kind: 'permanent',
    });
    expect(await refusal(fetchMedia({ kind: 'url', url: `${server.url}/503` }))).toMatchObject({
      kind: 'retry_after',
    });
    expect(await refusal(fetchMedia({ kind: 'url', url: 'http://[::1]/x' }))).toMatchObject({
      kind: 'permanent',
    });
  });
});

describe('beside plain messages', () => {
  const read = (body: unknown) => adapter.parse(inbox, requestOf(JSON.stringify(body)));

  test('a status finds a message by the id it was given, or by the callback’s eventId', async () => {
    expect(
      await read({ status: { messageId: 17, status: 'delivered', at: '2026-11-22T20:00:00Z' } }),
    ).toEqual([
      {
        kind: 'status',
        eventId: 'status:17:delivered',
        providerMessageId: '17',
        status: 'delivered',
        atMs: Date.UTC(2026, 10, 22, 20),
      },
    ]);
    expect(await read({ status: { eventId: 'outbox-1', status: 'read' } })).toMatchObject([
      { providerMessageId: 'outbox-1', key: 'outbox-1', status: 'read' },
    ]);
    expect(
      await read({ status: { messageId: 'm', status: 'failed', error: { message: 'full', code: 452 } } }),
    ).toMatchObject([{ error: { kind: 'permanent', message: 'full', providerCode: '452' } }]);
  });
  test.each([
    [{ status: { status: 'delivered' } }, /messageId or eventId/],
    [{ status: { messageId: 'm', status: 'lost' } }, /status\.status/],
    [{ status: 'delivered' }, /^status/],
  ])('%j says what is missing', async (body, message) => {
    expect(await read(body)).toEqual({ kind: 'malformed', message: expect.stringMatching(message) });
  });
  test('a message that has a field named status is still a message', async () => {
    expect(await read({ id: 'm', from: { id: 'c' }, text: 'x', status: 'new' })).toMatchObject([
      { kind: 'message' },
    ]);
  });
  test('a choice is a choice, and an answer names what it answers', async () => {
    const body = { id: 'm', from: { id: 'c' }, choice: { id: 'l', label: 'Large' }, inReplyTo: 'reply-17' };
    expect(await read(body)).toMatchObject([
      { parts: [{ kind: 'choice_reply', id: 'l', label: 'Large' }], inReplyTo: 'reply-17' },
    ]);
    expect(await read({ ...body, choice: { id: 'l' } })).toMatchObject([{ parts: [{ label: 'l' }] }]);
  });
});
