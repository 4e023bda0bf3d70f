/** Subscriptions: the handshake, renewal, what Microsoft ends; notifications with our secret. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toText } from '#domain/flow/path.ts';
import { ChannelError } from '#channels/contract.ts';
import { connectMicrosoft, disconnectMicrosoft } from '#channels/email/microsoft/connect.ts';
import { inboxOfState, isClientState, newClientState } from '#channels/email/microsoft/client-state.ts';
import { probeMicrosoft } from '#channels/email/microsoft/probe.ts';
import {
  ensureSubscription,
  reauthorizeSubscription,
  readSubscription,
  removeSubscription,
  renewalAtMs,
} from '#channels/email/microsoft/subscription.ts';
import { http, notificationUrl, signal, startBench, type Bench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.close());

const wanted = () => ({ url: notificationUrl, clientState: 'secret-state', signal: signal() });
const make = () => ensureSubscription(bench.graph, null, wanted());
const subscriptions = () => bench.phone.facts()['subscriptions'] as { id: string; paused: boolean }[];

test('made after both addresses have answered the handshake, for immutable ids and just under a week', async () => {
  const made = await make();
  expect(bench.delivered).toHaveLength(2);
  for (const { url, method } of bench.delivered) {
    expect(method).toBe('POST');
    expect(url).toContain(`${notificationUrl}?validationToken=`);
  }
  expect(made.expiresAtMs - Date.now()).toBeGreaterThan(6.8 * 86_400_000);
  expect(made.expiresAtMs - Date.now()).toBeLessThan(7 * 86_400_000);
  // Half of its life.
  expect(renewalAtMs(made) - Date.now()).toBeLessThan(3.5 * 86_400_000);
  expect(renewalAtMs(made) - Date.now()).toBeGreaterThan(3.4 * 86_400_000);
  const call = bench.calls.find(({ path }) => path.endsWith('/subscriptions'));
  expect(call?.headers['prefer']).toContain('ImmutableId');
  expect(JSON.parse(String(call?.body))).toMatchObject({
    changeType: 'created',
    lifecycleNotificationUrl: notificationUrl,
    resource: "me/mailFolders('inbox')/messages",
    clientState: 'secret-state',
  });
});

test.each([
  ['another status', { status: 404 }],
  ['another text', { status: 200, body: 'hello', contentType: 'text/plain' }],
  ['a page', { status: 200, contentType: 'text/html' }],
])('a handshake with %s is none: refused in Microsoft’s words', async (_, answer) => {
  bench.answer(answer);
  await expect(make()).rejects.toMatchObject({
    kind: 'permanent',
    message: expect.stringContaining('validation request failed'),
  });
  expect(subscriptions()).toEqual([]);
});

test('renewed under its id; made anew where Microsoft has ended it', async () => {
  const first = await make();
  expect((await ensureSubscription(bench.graph, first, wanted())).id).toBe(first.id);
  bench.phone.provider?.('subscription_lost');
  expect(await readSubscription(bench.graph, first, signal())).toBeNull();
  const second = await ensureSubscription(bench.graph, first, wanted());
  expect(second.id).not.toBe(first.id);
  await removeSubscription(bench.graph, second, signal());
  // Twice is once.
  await removeSubscription(bench.graph, second, signal());
  expect(subscriptions()).toEqual([]);
});

test('what Microsoft says of its life carries our secret; paused until it is reauthorized', async () => {
  const made = await make();
  bench.phone.provider?.('reauthorization_required');
  bench.phone.write({ chatId: '', personName: 'Ada', text: 'Unheard' });
  await bench.phone.settled();
  expect(await reauthorizeSubscription(bench.graph, made, signal())).toBe(true);
  bench.phone.write({ chatId: '', personName: 'Ada', text: 'Heard' });
  await bench.phone.settled();
  const told = bench.delivered
    .filter(({ url }) => !url.includes('validationToken'))
    .map(({ body }) => JSON.parse(body).value[0]);
  expect(told).toMatchObject([
    { lifecycleEvent: 'reauthorizationRequired', clientState: 'secret-state', subscriptionId: made.id },
    { changeType: 'created', clientState: 'secret-state', resourceData: { id: expect.any(String) } },
  ]);
});

test('the secret names its inbox and is compared whole', () => {
  const id = crypto.randomUUID();
  const state = newClientState(id);
  expect(state.length).toBeLessThanOrEqual(128);
  expect(inboxOfState(state)).toBe(id);
  expect(isClientState(state, state)).toBe(true);
  expect(isClientState(state, `${state}x`)).toBe(false);
  for (const odd of ['', id, `${id}.`, 'x.y', `${id}.${'a'.repeat(200)}`])
    expect(inboxOfState(odd)).toBeNull();
  // An inbox without a secret proves nobody.
  expect(isClientState(undefined, '')).toBe(false);
  expect(isClientState('', '')).toBe(false);
});

test('connecting renews the access, keeps what came of it, begins now; disconnecting ends the subscription', async () => {
  const before = new Date().toISOString();
  const connected = await connectMicrosoft(http, bench.inbox, signal());
  const { address, refreshToken } = bench.inbox.credentials;
  expect(connected).toMatchObject({
    accountKey: address,
    accountLabel: address,
    credentials: { kind: 'microsoft', address, shared: false, clientState: 'state' },
    mailbox: { kind: 'microsoft' },
    warnings: [],
  });
  expect(connected.credentials.refreshToken).not.toBe(refreshToken);
  expect(toText(connected.mailbox?.cursor?.['since'] ?? null) >= before).toBe(true);
  bench.inbox.credentials = connected.credentials;
  const made = await make();
  bench.accounts.keepSubscription(made);
  await disconnectMicrosoft({ http, accounts: bench.accounts }, bench.inbox, signal());
  expect(subscriptions()).toEqual([]);
});

test('a mailbox that the signed-in person may not open is refused', async () => {
  const inbox = {
    ...bench.inbox,
    credentials: { ...bench.inbox.credentials, address: 'boss@bakery.example' },
  };
  await expect(connectMicrosoft(http, inbox, signal())).rejects.toMatchObject({
    providerCode: 'ErrorAccessDenied',
  });
});

test('a probe says who signed in, and whether the subscription is there, ours and alive', async () => {
  const probe = () =>
    probeMicrosoft({ http, accounts: bench.accounts, notificationUrl }, bench.inbox, signal());
  expect(await probe()).toMatchObject({
    inbound: { state: 'ok', reason: expect.stringContaining('once a minute') },
    outbound: { state: 'ok' },
    facts: { signedInAs: bench.inbox.credentials.address, subscription: null },
  });
  bench.accounts.keepSubscription(await make());
  expect(await probe()).toMatchObject({ inbound: { state: 'ok' }, facts: { notificationUrl } });
  bench.phone.provider?.('subscription_lost');
  expect(await probe()).toMatchObject({ inbound: { state: 'degraded' }, outbound: { state: 'ok' } });
  const other = `${notificationUrl.slice(0, -9)}other?secret=1`;
  bench.accounts.keepSubscription(await ensureSubscription(bench.graph, null, { ...wanted(), url: other }));
  const elsewhere = await probe();
  expect(elsewhere).toMatchObject({ inbound: { state: 'degraded' } });
  expect(JSON.stringify(elsewhere.facts)).not.toContain('secret=1');
  bench.phone.addFault({ kind: 'permission_revoked' });
  expect(await probe()).toMatchObject({
    outbound: { state: 'failing', reason: expect.stringContaining('Sign in with Microsoft again') },
  });
});

test('errors never show a token or a secret', async () => {
  await bench.graph.call({ method: 'GET', path: '/me', signal: signal() });
  bench.phone.addFault({ kind: 'permission_revoked' });
  const error = await bench.graph.call({ method: 'GET', path: '/me', signal: signal() }).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw new Error('Not refused.');
  expect(error.message).not.toMatch(/app-secret|sandbox-refresh|EwB4|M\.C5/);
});
