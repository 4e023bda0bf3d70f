/** The adapter against the double: what the two say to each other over a real port. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ChannelError,
  type InboundMessageEvent,
  type OutboundMessage,
  type Sent,
} from '#channels/contract.ts';
import { exchangeTikTokCode, refreshTikTokToken } from '#channels/tiktok/tokens.ts';
import type { PhoneInput, PhoneMessage } from '#channels/sandbox-contract.ts';
import type { Part } from '#domain/message.ts';
import { alone } from '../../support/connect-context.ts';
import { adapter, app, http, messageTo, options, startBench, webhookUrl, type Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
  bench.phone.setDelivery({ statuses: false });
});
afterEach(() => bench.close());

const signal = (): AbortSignal => AbortSignal.timeout(2_000);
async function refusal(call: Promise<unknown> | undefined): Promise<ChannelError> {
  const error: unknown = await Promise.resolve(call).then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}
async function written(input: Partial<PhoneInput> = {}): Promise<InboundMessageEvent> {
  bench.phone.write({ chatId: '', personName: 'ann.lee', text: 'Hello', ...input });
  await bench.phone.settled();
  const event = bench.events.at(-1);
  if (event?.kind !== 'message') throw new Error('no message came');
  return event;
}
const hi: Part = { kind: 'text', text: 'Hi Ann' };
const send = (message: OutboundMessage, more = options()): Promise<Sent> =>
  adapter.send(bench.inbox, message, more);
const shown = (): PhoneMessage[] => bench.phone.chats()[0]?.messages ?? [];

describe('sending', () => {
  test('a text, answered to the conversation, comes back as an echo of the same message', async () => {
    const { contact, replyAddress } = await written();
    const { providerMessageId } = await send(messageTo(contact.externalId, hi, { replyAddress }));
    await bench.phone.settled();
    expect(shown()).toMatchObject([
      { text: 'Hello' },
      { id: providerMessageId, text: 'Hi Ann', status: 'sent' },
    ]);
    expect(bench.events.at(-1)).toMatchObject({
      kind: 'echo',
      providerMessageId,
      contact: { externalId: contact.externalId, name: 'ann.lee' },
      parts: [{ kind: 'text', text: 'Hi Ann' }],
    });
    expect(bench.calls.at(-1)?.headers['access-token']).toBe(bench.inbox.credentials.accessToken);
  });

  test('a quote, on texts', async () => {
    const event = await written();
    await send(messageTo(event.contact.externalId, hi, { inReplyTo: event.providerMessageId }));
    expect(shown().at(-1)).toMatchObject({ replyTo: event.providerMessageId });
  });

  test('a picture is uploaded, then sent by its id; what TikTok doesn’t take goes as a link', async () => {
    const { contact } = await written();
    const image: Part = { kind: 'image', mediaId: 'a', mimeType: 'image/png' };
    await send(messageTo(contact.externalId, image));
    expect(shown().at(-1)?.media).toMatchObject([{ kind: 'image' }]);
    const large = { bytes: new Uint8Array(3 * 1024 * 1024 + 1), mimeType: 'image/png', name: 'big.png' };
    await send(messageTo(contact.externalId, image), options({ media: async () => large }));
    expect(shown().at(-1)?.text).toBe('big.png: https://teloring.example/media/a?sig=x');
  });

  test('an upload without an answer is a message not sent; a send without one isn’t repeated', async () => {
    const { serveHttp } = await import('../local-server.ts');
    const silent = await serveHttp(() => {});
    const mute = { ...bench.inbox, urls: { api: silent.url } };
    const brief = () => options({ signal: AbortSignal.timeout(150) });
    const image: Part = { kind: 'image', mediaId: 'a', mimeType: 'image/png' };
    expect((await refusal(adapter.send(mute, messageTo('c', image), brief()))).kind).toBe('not_sent');
    const unknown = await refusal(adapter.send(mute, messageTo('c', hi), brief()));
    expect([unknown.kind, unknown.repeatable, adapter.resend(mute)]).toEqual(['no_answer', false, 'unsafe']);
    await silent.close();
  });

  test('choices are a card, and a pressed button comes back as its option', async () => {
    const { contact } = await written();
    const id = 'a very long id, '.repeat(5);
    const question = (text: string): Part => ({
      kind: 'choices',
      text,
      options: [
        { id: 'small', label: 'Small' },
        { id, label: 'Large' },
      ],
    });
    const { providerMessageId } = await send(messageTo(contact.externalId, question('Which size?')));
    const buttons = shown().at(-1)?.choices ?? [];
    for (const { id: choiceId } of buttons)
      bench.phone.write({ chatId: contact.externalId, replyTo: providerMessageId, choiceId });
    await bench.phone.settled();
    expect(bench.events.slice(-2)).toMatchObject([
      {
        kind: 'message',
        parts: [{ kind: 'choice_reply', id: 'small', label: 'Small' }],
        inReplyTo: providerMessageId,
      },
      {
        kind: 'message',
        parts: [{ kind: 'choice_reply', id: expect.stringMatching(/^#[0-9a-f]{39}$/), label: 'Large' }],
      },
    ]);
    await send(messageTo(contact.externalId, question('Which of our sizes would you like to have, please?')));
    expect(shown().at(-1)?.text).toBe(
      'Which of our sizes would you like to have, please?\n1. Small\n2. Large',
    );
  });

  test.each([
    ['never written', { lastInAtMs: null }, /has not written yet/],
    ['49 hours', { lastInAtMs: Date.now() - 49 * 3_600_000 }, /48 hours/],
    ['ten sent', { sentSinceLastIn: 10 }, /ten messages/],
  ])('a closed window is said before anything leaves: %s', async (_, more, words) => {
    const error = await refusal(send(messageTo('c', hi, more)));
    expect([error.kind, bench.calls.length]).toEqual(['window_closed', 0]);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/nothing was sent\. Wait for/);
  });

  test('TikTok’s own count is heard too', async () => {
    const { contact } = await written();
    for (let n = 0; n < 10; n += 1) await send(messageTo(contact.externalId, hi));
    expect((await refusal(send(messageTo(contact.externalId, hi)))).kind).toBe('window_closed');
    await written({ chatId: contact.externalId, text: 'Go on' });
    await send(messageTo(contact.externalId, hi));
    expect(bench.phone.ledger()).toHaveLength(11);
  });

  test('refusals in our kinds, with the request’s id and without the token', async () => {
    const kinds = [
      'rate_limited',
      'server_error',
      'token_expired',
      'permission_revoked',
      'window_closed',
      'contact_unreachable',
    ] as const;
    const got = [];
    for (const kind of kinds) {
      bench.phone.addFault({ kind, times: 1, retryAfterSeconds: 7 });
      const error = await refusal(send(messageTo('conv-x', hi)));
      expect(error.message).toMatch(/^TikTok: .*\(request [0-9a-f-]{36}\)$/);
      expect(`${error.message} ${error.stack}`).not.toContain(bench.inbox.credentials.accessToken);
      got.push([kind, error.kind, error.retryAfterMs]);
    }
    expect(got).toEqual([
      ['rate_limited', 'retry_after', 7000],
      ['server_error', 'no_answer', undefined],
      ['token_expired', 'reauthorize', undefined],
      ['permission_revoked', 'reauthorize', undefined],
      ['window_closed', 'window_closed', undefined],
      ['contact_unreachable', 'contact_unreachable', undefined],
    ]);
    expect(bench.phone.ledger()).toEqual([]);
  });

  test('a lost answer is told by the echo', async () => {
    const { contact } = await written();
    bench.phone.addFault({ kind: 'no_answer', times: 1 });
    const brief = options({ signal: AbortSignal.timeout(150) });
    expect((await refusal(send(messageTo(contact.externalId, hi), brief))).kind).toBe('no_answer');
    await bench.phone.settled();
    expect(bench.events.at(-1)).toMatchObject({
      kind: 'echo',
      providerMessageId: bench.phone.ledger()[0]?.providerMessageId,
    });
  });

  test('typing and read are shown, and count for nothing', async () => {
    const { contact, replyAddress } = await written();
    const target = { contactExternalId: contact.externalId, threadKey: '', replyAddress, lastInbound: null };
    await adapter.signal?.(bench.inbox, 'typing', target, signal());
    await adapter.signal?.(bench.inbox, 'read', target, signal());
    expect([bench.phone.chats()[0]?.typing, bench.phone.ledger()]).toEqual([true, []]);
  });
});

describe('what comes', () => {
  test.each(['image', 'video', 'sticker'] as const)('%s, and its bytes', async (kind) => {
    const bytes = Buffer.from('pixels');
    const event = await written({ media: { kind, bytes, mimeType: 'image/webp' } });
    const [part] = event.parts;
    if (!part || !('source' in part)) throw new Error('no media');
    expect(part.kind).toBe(kind === 'video' ? 'video' : 'image');
    const fetched = await adapter.fetchMedia?.(bench.inbox, part.source, { signal: signal(), maxBytes: 100 });
    expect(Buffer.from(fetched?.bytes ?? [])).toEqual(bytes);
    const { kind: failed } = await refusal(
      adapter.fetchMedia?.(bench.inbox, part.source, { signal: signal(), maxBytes: 3 }),
    );
    expect(failed).toBe('permanent');
  });

  test.each([
    'https://evil.example/x',
    'https://tiktokcdn.com.evil.example/x',
    'https://eviltiktok.com/x',
    'http://p16.tiktokcdn.com/x',
    'https://u@p16.tiktokcdn.com/x',
    'https://p16.tiktokcdn.com:8443/x',
    'file:///etc/passwd',
    'x',
  ])('nothing is fetched from %s', async (url) => {
    const error = await refusal(
      adapter.fetchMedia?.(bench.inbox, { url }, { signal: signal(), maxBytes: 9 }),
    );
    expect(error).toMatchObject({ kind: 'permanent', message: expect.stringContaining('not TikTok’s') });
  });

  test('reactions, reading, and a person in TikTok’s own app', async () => {
    const { contact } = await written();
    const { providerMessageId } = await send(messageTo(contact.externalId, hi));
    const chatId = contact.externalId;
    bench.phone.act({ kind: 'react', chatId, messageId: providerMessageId, emoji: '👍' });
    bench.phone.act({ kind: 'react', chatId, messageId: providerMessageId, emoji: '' });
    bench.phone.act({ kind: 'status', chatId, status: 'read' });
    bench.phone.write({ chatId, text: 'I take over', fromOwnApp: true });
    await bench.phone.settled();
    const lastSentMs = bench.phone.ledger()[0]?.atMs;
    expect(bench.events.slice(-4)).toMatchObject([
      { kind: 'reaction', providerMessageId, emoji: '👍' },
      { kind: 'reaction', providerMessageId, emoji: '' },
      { kind: 'watermark', status: 'read', untilMs: lastSentMs, contact: { externalId: chatId } },
      { kind: 'echo', parts: [{ text: 'I take over' }], contact: { externalId: chatId } },
    ]);
    expect(new Set(bench.events.map(({ eventId }) => eventId)).size).toBe(bench.events.length);
  });

  test('copies, and held ones in reverse, keep their ids', async () => {
    bench.phone.setDelivery({ copies: 2 });
    const { contact } = await written();
    expect(bench.events[0]).toEqual(bench.events[1]);
    bench.events.length = 0;
    bench.phone.setDelivery({ copies: 1, held: true });
    for (const text of ['first', 'second']) bench.phone.write({ chatId: contact.externalId, text });
    await bench.phone.release();
    expect(bench.events).toMatchObject([{ parts: [{ text: 'second' }] }, { parts: [{ text: 'first' }] }]);
  });
});

describe('connecting and health', () => {
  const connect = (inbox = bench.inbox, url = webhookUrl) => adapter.connect(inbox, url, signal(), alone);

  test('says who the account is and sets the app’s webhook once', async () => {
    const connected = await connect();
    const { businessId } = bench.inbox.credentials;
    expect(connected).toMatchObject({
      accountKey: businessId,
      accountLabel: expect.stringMatching(/^@sandbox\.shop\./),
      credentials: bench.inbox.credentials,
      warnings: [],
    });
    expect(adapter.accountKeyOf?.(bench.inbox.credentials)).toBe(businessId);
    const updates = (): number => bench.calls.filter(({ path }) => path.includes('webhook/update')).length;
    const before = updates();
    await connect();
    expect(updates()).toBe(before);
    await connect(bench.inbox, 'https://elsewhere.example/webhooks/tiktok');
    expect([updates(), bench.phone.facts()['webhookUrl']]).toEqual([
      before + 1,
      'https://elsewhere.example/webhooks/tiktok',
    ]);
  });

  test('a refused token fails in TikTok’s words; no app, a wrong app and a bad address are warnings', async () => {
    expect((await connect({ ...bench.inbox, apps: {} })).warnings).toEqual([
      expect.stringContaining('TIKTOK_APP_ID'),
    ]);
    const wrong = { ...bench.inbox, apps: { tiktok: { ...app, secret: 'wrong-app-secret' } } };
    const [warning = ''] = (await connect(wrong)).warnings;
    expect(warning).toContain('could not be set');
    expect(warning).not.toContain('wrong-app-secret');
    expect((await connect(bench.inbox, 'http://shop.internal/x')).warnings).toEqual([
      expect.stringContaining('Invalid URL'),
    ]);
    bench.phone.addFault({ kind: 'token_expired' });
    expect(await refusal(connect())).toMatchObject({ kind: 'reauthorize', providerCode: '40105' });
  });

  test('health: well, no app, elsewhere, refused, unreachable', async () => {
    const probe = (inbox = bench.inbox, url = webhookUrl) => adapter.probe(inbox, url, signal());
    await connect();
    expect(await probe()).toMatchObject({ inbound: { state: 'ok' }, outbound: { state: 'ok' } });
    expect((await probe({ ...bench.inbox, apps: {} })).inbound.state).toBe('failing');
    expect((await probe(bench.inbox, 'https://other.example/x')).inbound).toMatchObject({
      state: 'failing',
      reason: expect.stringContaining('elsewhere'),
    });
    bench.phone.addFault({ kind: 'token_expired' });
    expect(await probe()).toMatchObject({ inbound: { state: 'ok' }, outbound: { state: 'failing' } });
    expect(await probe({ ...bench.inbox, urls: { api: 'http://127.0.0.1:1' } })).toMatchObject({
      inbound: { state: 'unknown' },
      outbound: { state: 'unknown' },
    });
  });
});

describe('authorization', () => {
  const grant = () => ({ base: bench.inbox.urls['api'] ?? '', app, signal: signal() });
  const redirectUri = 'https://teloring.example/oauth/tiktok/callback';
  const query = (more: Record<string, string> = {}): string =>
    new URLSearchParams({
      client_key: app.id,
      scope: 'user.info.basic,message.list.read,message.list.send',
      response_type: 'code',
      redirect_uri: redirectUri,
      state: 'state-1',
      open_id: bench.inbox.credentials.businessId,
      ...more,
    }).toString();

  test('the dialog’s code becomes tokens once; denied scopes are named; refresh tokens rotate', async () => {
    const page = await (await bench.handle(`/auth/v2/auth/authorize?${query()}`)).text();
    const link = new URL((/href="([^"]*[?&]code=[^"]*)"/.exec(page)?.[1] ?? '').replaceAll('&amp;', '&'));
    expect([link.origin + link.pathname, link.searchParams.get('state')]).toEqual([redirectUri, 'state-1']);
    const code = link.searchParams.get('code') ?? '';
    const tokens = await exchangeTikTokCode(http, grant(), code, redirectUri);
    expect(tokens).toMatchObject({
      businessId: bench.inbox.credentials.businessId,
      missingScopes: ['message.list.manage'],
    });
    expect(tokens.expiresAtMs - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect((await refusal(exchangeTikTokCode(http, grant(), code, redirectUri))).kind).toBe('permanent');

    const fresh = await refreshTikTokToken(http, grant(), tokens.refreshToken);
    expect([fresh.accessToken !== tokens.accessToken, fresh.refreshToken !== tokens.refreshToken]).toEqual([
      true,
      true,
    ]);
    expect((await refusal(refreshTikTokToken(http, grant(), tokens.refreshToken))).kind).toBe('reauthorize');
    const by = (accessToken: string) =>
      adapter.send(
        { ...bench.inbox, credentials: { ...bench.inbox.credentials, accessToken } },
        messageTo('conv-y', hi),
        options(),
      );
    expect((await refusal(by(tokens.accessToken))).kind).toBe('reauthorize');
    expect((await by(fresh.accessToken)).providerMessageId).not.toBe('');
    await refreshTikTokToken(http, grant(), fresh.refreshToken);
  });

  test('an inbox’s own refresh token works after a restart of the double', async () => {
    const fresh = await refreshTikTokToken(http, grant(), bench.inbox.credentials.refreshToken ?? '');
    expect(fresh.businessId).toBe(bench.inbox.credentials.businessId);
    expect((await refusal(send(messageTo('c', hi)))).kind).toBe('reauthorize');
  });

  test('the dialog sends nobody elsewhere, and knows its app', async () => {
    const elsewhere = await bench.handle(
      `/auth/v2/auth/authorize?${query({ redirect_uri: 'https://evil.example/' })}`,
    );
    const unknown = await bench.handle(`/auth/v2/auth/authorize?${query({ client_key: 'x' })}`);
    expect([elsewhere.status, unknown.status]).toEqual([400, 400]);
  });
});
