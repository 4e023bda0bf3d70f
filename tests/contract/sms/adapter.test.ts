/** The adapter against the double over a real port; Twilio's own SDK checks what the double signs. */
import twilio from 'twilio';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alone } from '../../support/connect-context.ts';
import type { Part } from '#domain/message.ts';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelEvent,
  type OutboundMessage,
  type RawRequest,
  type SendOptions,
} from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import type { ProviderSandbox, SandboxPhone } from '#channels/sandbox-contract.ts';
import { createSmsAdapter } from '#channels/sms/adapter.ts';
import type { SmsCredentials } from '#channels/sms/definition.ts';
import { createTwilioSandbox } from '#channels/sms/sandbox.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const adapter = createSmsAdapter({ http });
const publicUrl = 'https://teloring.example';
const ann = '+15551234567';
const png = Buffer.from('89504e470d0a1a0a', 'hex');
let server: LocalServer;
let sandbox: ProviderSandbox;
let inbox: AdapterInbox<SmsCredentials>;
let phone: SandboxPhone;
/** What the webhooks became, verified and parsed as ingress does. */
let events: ChannelEvent[];
let answers: number[];
let calls: { path: string; authorization: string | undefined }[];
let bodyOfAnswer: string;
let accounts = 0;

beforeAll(async () => {
  server = await serveHttp(async ({ method, path, headers, body }, response) => {
    calls.push({ path, authorization: headers.authorization });
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? {} : { body: new Uint8Array(body) };
    const request = new Request(`${server.url}${path}`, { method, headers: given, ...content });
    const answer = await sandbox.handle(request, path.replace('/sandbox/twilio', ''));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
});
afterAll(async () => {
  await server.close();
  await http.close();
});
beforeEach(async () => {
  [events, answers, calls, bodyOfAnswer] = [[], [], [], '<Response/>'];
  sandbox = createTwilioSandbox({
    deliver: receive,
    publicUrl,
    sandboxUrl: `${server.url}/sandbox`,
    apps: {},
    inboxes: async () => [],
  });
  inbox = {
    id: '0199a1b2-0000-7000-8000-000000000001',
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'sms',
    name: 'Shop',
    accountKey: '',
    sandbox: true,
    credentials: {
      accountSid: `AC${String(++accounts).padStart(32, '0')}`,
      authToken: 'the token',
      phoneNumber: '+1 (500) 555-0006',
    },
    settings: {},
    urls: { api: `${server.url}/sandbox/twilio` },
    apps: {},
  };
});
const webhookUrl = `${publicUrl}/webhooks/twilio/0199a1b2-0000-7000-8000-000000000001`;
const signal = (): AbortSignal => AbortSignal.timeout(2_000);

async function receive(url: string, sent: { headers: Record<string, string>; body: string }) {
  const status = answers.shift() ?? 200;
  if (status !== 200) return { status, body: '' };
  const signature = sent.headers['x-twilio-signature'] ?? '';
  const params = Object.fromEntries(new URLSearchParams(sent.body));
  expect(twilio.validateRequest('the token', signature, url, params)).toBe(true);
  const request: RawRequest = {
    method: 'POST',
    url,
    headers: sent.headers,
    body: Buffer.from(sent.body),
    receivedAtMs: Date.now(),
  };
  expect(adapter.verify(inbox, request)).toEqual({ kind: 'ok' });
  const parsed = await adapter.parse(inbox, request);
  if (!Array.isArray(parsed)) throw new Error(parsed.message);
  events.push(...parsed);
  return { status, body: bodyOfAnswer };
}
async function connect(change: Partial<SmsCredentials> = {}): Promise<string[]> {
  inbox = { ...inbox, credentials: { ...inbox.credentials, ...change } };
  const { credentials, warnings } = await adapter.connect(inbox, webhookUrl, signal(), alone);
  inbox = { ...inbox, credentials };
  phone = await sandbox.phone(inbox);
  return warnings;
}
const options = (timeoutMs = 2_000): SendOptions => ({
  key: 'outbox-7',
  signal: AbortSignal.timeout(timeoutMs),
  media: async () => ({ bytes: png, mimeType: 'image/png' }),
  mediaUrl: async (id) => `${publicUrl}/media/${id}?sig=s`,
});
const send = (part: Part, more: Partial<OutboundMessage> = {}, timeoutMs?: number) =>
  adapter.send(
    inbox,
    {
      id: 'm',
      conversationId: 'c',
      contactExternalId: ann,
      threadKey: '',
      replyAddress: { to: ann },
      author: 'agent',
      lastInAtMs: null,
      sentSinceLastIn: 0,
      attempt: 1,
      parts: [part],
      ...more,
    },
    options(timeoutMs),
  );
async function refusal(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}
const shown = () => phone.chats()[0]?.messages.map(({ from, text }) => `${from}: ${text}`);

describe('connecting', () => {
  test('says whose number it is and points its messages at us', async () => {
    const connected = await adapter.connect(inbox, webhookUrl, signal(), alone);
    expect(connected).toMatchObject({
      accountKey: '+15005550006',
      accountLabel: '+1 500 555 0006',
      warnings: [],
      credentials: { phoneNumber: '+15005550006', mms: true, webhookUrl },
    });
    expect(adapter.accountKeyOf?.(inbox.credentials)).toBe('+15005550006');
    phone = await sandbox.phone({ ...inbox, credentials: connected.credentials });
    expect(phone.facts()).toMatchObject({
      smsUrl: `${webhookUrl}/sms#rc=2&rp=all`,
      smsFallbackUrl: `${webhookUrl}/sms#rc=2&rp=all`,
    });
    expect(JSON.stringify(connected.warnings)).not.toContain('the token');
  });

  test('a number of somebody else, wrong credentials, an address Twilio won’t take', async () => {
    expect(await refusal(connect({ phoneNumber: '+15005550001' }))).toMatchObject({ kind: 'permanent' });
    await connect({ phoneNumber: '+15005550006' });
    const wrong = { ...inbox, credentials: { ...inbox.credentials, authToken: 'another' } };
    expect(await refusal(adapter.connect(wrong, webhookUrl, signal(), alone))).toMatchObject({
      kind: 'reauthorize',
      message: 'Twilio: Authenticate',
      providerCode: '20003',
    });
    const connected = await adapter.connect(
      inbox,
      'http://localhost:4100/webhooks/twilio/x',
      signal(),
      alone,
    );
    expect(connected.warnings).toEqual([expect.stringMatching(/refused our webhook address/)]);
    // A status callback there would cost the message itself.
    inbox = { ...inbox, credentials: connected.credentials };
    await send({ kind: 'text', text: 'Hello' });
    expect(phone.ledger()[0]?.request).not.toHaveProperty('StatusCallback');
  });

  test('an API key calls; the token is proven all the same', async () => {
    await connect({ apiKeySid: 'SK1', apiKeySecret: 'secret' });
    const users = calls.map(({ path, authorization }) => [
      path.replace(/.*Accounts\/AC\d+/, '').replace(/\?.*/, ''),
      Buffer.from((authorization ?? '').slice(6), 'base64')
        .toString()
        .split(':')[0]
        ?.slice(0, 2),
    ]);
    expect(users[0]).toEqual(['.json', 'AC']);
    expect(users.slice(1).map(([, user]) => user)).toEqual(users.slice(1).map(() => 'SK'));
  });

  test('disconnecting clears what is ours, twice over, and nothing else', async () => {
    await connect();
    const elsewhere = { ...inbox, id: '0199a1b2-0000-7000-8000-0000000000ff' };
    await adapter.disconnect(elsewhere, signal(), alone);
    expect(phone.facts()).toMatchObject({ smsUrl: `${webhookUrl}/sms#rc=2&rp=all` });
    await adapter.disconnect(inbox, signal(), alone);
    await adapter.disconnect(inbox, signal(), alone);
    expect(phone.facts()).toMatchObject({ smsUrl: '', smsFallbackUrl: '' });
    const revoked = { ...inbox, credentials: { ...inbox.credentials, authToken: 'gone' } };
    await adapter.disconnect(revoked, signal(), alone);
  });
});

describe('health', () => {
  test('fine, taken away, moved, refused', async () => {
    await connect();
    expect(await adapter.probe(inbox, webhookUrl, signal())).toMatchObject({
      inbound: { state: 'ok' },
      outbound: { state: 'ok' },
      facts: { accountStatus: 'active', accountType: 'Full', balance: '23.50 USD' },
    });
    expect(await adapter.probe(inbox, 'https://new.example/webhooks/twilio/x', signal())).toMatchObject({
      inbound: { state: 'failing', reason: expect.stringMatching(/go elsewhere/) },
      outbound: { state: 'degraded' },
      facts: { smsUrl: publicUrl },
    });
    await adapter.disconnect(inbox, signal(), alone);
    expect((await adapter.probe(inbox, webhookUrl, signal())).inbound.reason).toMatch(/no webhook/);
    phone.addFault({ kind: 'token_expired', times: 1 });
    expect(await adapter.probe(inbox, webhookUrl, signal())).toMatchObject({
      inbound: { state: 'failing' },
      outbound: { state: 'failing' },
    });
    const away = { ...inbox, urls: { api: 'http://127.0.0.1:1' } };
    expect((await adapter.probe(away, webhookUrl, signal())).outbound.state).toBe('unknown');
  });
});

describe('in', () => {
  test('a text, a file with its bytes, and no credentials where the link leads', async () => {
    await connect();
    phone.write({ chatId: '', personId: ann, text: 'Hello 😊' });
    phone.write({ chatId: ann, text: 'Look', media: { kind: 'image', bytes: png, mimeType: 'image/png' } });
    await phone.settled();
    expect(events).toMatchObject([
      {
        kind: 'message',
        contact: { externalId: ann, phone: ann },
        parts: [{ kind: 'text', text: 'Hello 😊' }],
      },
      {
        kind: 'message',
        parts: [
          { kind: 'text', text: 'Look' },
          { kind: 'image', mimeType: 'image/png' },
        ],
      },
    ]);
    const part = events[1]?.kind === 'message' ? events[1].parts[1] : undefined;
    if (!part || !('source' in part)) throw new Error('no media');
    calls.length = 0;
    const media = await adapter.fetchMedia?.(inbox, part.source, { signal: signal(), maxBytes: 1_000 });
    expect(media).toMatchObject({ mimeType: 'image/png' });
    expect(Buffer.from(media?.bytes ?? [])).toEqual(png);
    expect(calls.map(({ authorization }) => authorization?.slice(0, 6))).toEqual(['Basic ', undefined]);
    const small = adapter.fetchMedia?.(inbox, part.source, { signal: signal(), maxBytes: 3 });
    expect((await refusal(small ?? Promise.resolve())).message).toMatch(/larger/);
  });

  test('STOP blocks, is refused, and START ends it', async () => {
    await connect();
    await send({ kind: 'text', text: 'News!' });
    phone.act({ kind: 'block', chatId: ann });
    await phone.settled();
    expect(events.slice(-2)).toMatchObject([
      { kind: 'message', parts: [{ text: 'STOP' }] },
      { kind: 'contact', change: 'blocked', contact: { externalId: ann } },
    ]);
    expect(await refusal(send({ kind: 'text', text: 'More news!' }))).toMatchObject({
      kind: 'contact_unreachable',
      providerCode: '21610',
    });
    phone.act({ kind: 'unblock', chatId: ann });
    await phone.settled();
    expect(events.at(-2)).toMatchObject({ kind: 'contact', change: 'unblocked' });
    await send({ kind: 'text', text: 'Welcome back' });
  });

  test('what fails is tried again, then goes to the fallback; the same event each time', async () => {
    await connect();
    answers = [500, 503, 502];
    phone.write({ chatId: '', personId: ann, text: 'Hello?' });
    await phone.settled();
    expect(events).toMatchObject([{ kind: 'message', parts: [{ text: 'Hello?' }] }]);
    phone.setDelivery({ copies: 3 });
    phone.write({ chatId: ann, text: 'thrice' });
    await phone.settled();
    expect(new Set(events.slice(1).map(({ eventId }) => eventId)).size).toBe(1);
    expect(events).toHaveLength(4);
  });

  test('the webhook’s answer sends nothing to the customer; any text would', async () => {
    await connect();
    const answer = adapter.accepted?.([]);
    if (!answer || !('text' in answer)) throw new Error('no text');
    expect(answer).toMatchObject({ status: 200, contentType: 'text/xml' });
    bodyOfAnswer = answer.text;
    phone.write({ chatId: '', personId: ann, text: 'One' });
    await phone.settled();
    bodyOfAnswer = '{}';
    phone.write({ chatId: ann, text: 'Two' });
    await phone.settled();
    expect(shown()).toEqual(['customer: One', 'customer: Two', 'business: {}']);
  });
});

describe('out', () => {
  test('text, statuses by key before they are known, and where they come from', async () => {
    await connect();
    const { providerMessageId } = await send({ kind: 'text', text: 'Hello' });
    expect(providerMessageId).toMatch(/^SM[0-9a-f]{32}$/);
    await phone.settled();
    expect(events).toEqual(
      ['sent', 'delivered'].map((status) => ({
        kind: 'status',
        eventId: `${providerMessageId}:${status}`,
        providerMessageId,
        status,
        key: 'outbox-7',
      })),
    );
    expect(phone.ledger()).toMatchObject([
      { to: ann, key: 'outbox-7', request: { From: '+15005550006', Body: 'Hello', To: ann } },
    ]);
    phone.act({ kind: 'status', chatId: ann, status: 'failed' });
    await phone.settled();
    expect(events.at(-1)).toMatchObject({
      status: 'failed',
      error: { kind: 'contact_unreachable', providerCode: '30003', message: expect.stringMatching(/off/) },
    });
  });

  test('held statuses come back in reverse order', async () => {
    await connect();
    phone.setDelivery({ held: true });
    await send({ kind: 'text', text: 'Hello' });
    await phone.settled();
    expect(events).toEqual([]);
    await phone.release();
    expect(events.map((event) => event.kind === 'status' && event.status)).toEqual(['delivered', 'sent']);
  });

  test('media by link; as text where the number or the file is not made for MMS', async () => {
    await connect();
    const image: Part = { kind: 'image', mediaId: 'i1', mimeType: 'image/png', caption: 'Look' };
    const { providerMessageId } = await send(image);
    expect(providerMessageId).toMatch(/^MM/);
    await send({ ...image, sizeBytes: 6 * 1024 * 1024, name: 'big.png' });
    await send({ kind: 'file', mediaId: 'z', mimeType: 'application/zip', name: 'all.zip' });
    inbox = { ...inbox, credentials: { ...inbox.credentials, mms: false } };
    await send(image);
    expect(phone.ledger().map(({ request }) => request)).toMatchObject([
      { Body: 'Look', MediaUrl: `${publicUrl}/media/i1?sig=s` },
      { Body: `Look\nbig.png: ${publicUrl}/media/i1?sig=s` },
      { Body: `all.zip: ${publicUrl}/media/z?sig=s` },
      { Body: `Look\nimage: ${publicUrl}/media/i1?sig=s` },
    ]);
  });

  test('a number is read as dialled from the inbox’s country; a service sends in the number’s place', async () => {
    await connect({ messagingServiceSid: 'MG1' });
    await send({ kind: 'text', text: 'x' }, { replyAddress: {}, contactExternalId: '(555) 123-4567' });
    expect(phone.ledger()).toMatchObject([{ to: ann, request: { MessagingServiceSid: 'MG1' } }]);
    expect(phone.ledger()[0]?.request).not.toHaveProperty('From');
  });

  test.each([
    ['rate_limited', 'retry_after', '20429'],
    ['server_error', 'no_answer', '20500'],
    ['token_expired', 'reauthorize', '20003'],
    ['permission_revoked', 'permanent', '20403'],
    ['contact_unreachable', 'contact_unreachable', '21610'],
  ] as const)('%s is %s', async (fault, kind, providerCode) => {
    await connect();
    phone.addFault({ kind: fault, times: 1, retryAfterSeconds: 7 });
    const error = await refusal(send({ kind: 'text', text: 'x' }));
    expect(error).toMatchObject({ kind, providerCode });
    expect(error.retryAfterMs).toBe(kind === 'retry_after' ? 7_000 : undefined);
    expect(phone.ledger()).toEqual([]);
    await send({ kind: 'text', text: 'x' });
    expect(phone.ledger()).toHaveLength(1);
  });

  test('no answer after accepting: not known, and yet it is out; never repeated', async () => {
    await connect();
    phone.addFault({ kind: 'no_answer', times: 1 });
    const error = await refusal(send({ kind: 'text', text: 'x' }, {}, 200));
    expect([error.kind, error.repeatable, adapter.resend(inbox)]).toEqual(['no_answer', false, 'unsafe']);
    expect(phone.ledger()).toHaveLength(1);
    await phone.settled();
    expect(events).toMatchObject([{ key: 'outbox-7' }, { key: 'outbox-7' }]);
  });
});

test('after a restart the double knows what connect told its predecessor', async () => {
  await connect();
  const kept = inbox;
  sandbox = createTwilioSandbox({
    deliver: receive,
    publicUrl,
    sandboxUrl: `${server.url}/sandbox`,
    apps: {},
    inboxes: async () => [kept],
  });
  phone = await sandbox.phone(inbox);
  phone.write({ chatId: '', personId: ann, text: 'Still there?' });
  await phone.settled();
  expect(events).toHaveLength(1);
  expect(await adapter.probe(inbox, webhookUrl, signal())).toMatchObject({ inbound: { state: 'ok' } });
});
