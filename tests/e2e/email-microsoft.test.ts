/** A Microsoft mailbox end to end: signing in, mails in and answers out, and what goes wrong with tokens, notifications and subscriptions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toText } from '#domain/flow/path.ts';
import type { JsonObject } from '#domain/json.ts';
import { inboxOf, type SandboxInbox } from '../support/channel-inbox.ts';
import { startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { eventually } from '../support/eventually.ts';

let product: ChannelProduct;
let cookie: string;

beforeAll(async () => {
  product = await startChannelProduct();
  await product.publish({
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'keyword', value: 'bread' } }],
    entry: 'answer',
    steps: {
      answer: { kind: 'send', params: { text: 'We bake at six.' }, exits: { next: null, failed: null } },
    },
  });
  cookie = await signIn();
}, 240_000);
afterAll(() => product?.close(), 120_000);

async function signIn(): Promise<string> {
  const { url, adminEmail: email, adminPassword: password } = product.product;
  const response = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ email, password }),
  });
  expect(response.status).toBe(200);
  return response.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
}

const browse = (target: string, session = cookie): Promise<Response> =>
  fetch(target, { redirect: 'manual', headers: { cookie: session } });

/** As the member's browser: asks where to sign in, chooses the account, comes back. */
async function begin(body: object): Promise<string> {
  const response = await fetch(`${product.product.url}/api/oauth/microsoft/authorize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie, origin: product.product.url },
    body: JSON.stringify(body),
  });
  const { url } = (await response.json()) as { url: string };
  expect(response.status, url).toBe(200);
  return url;
}
async function decide(url: string, decision: string, account = ''): Promise<string> {
  const dialog = await browse(`${url}&decision=${decision}&other=${encodeURIComponent(account)}`, '');
  expect(dialog.status).toBe(302);
  return dialog.headers.get('location') ?? '';
}

let accounts = 0;
const newAddress = (): string => `team${(accounts += 1)}@bakery.example`;

async function connect(address = newAddress()): Promise<{ inbox: SandboxInbox; address: string }> {
  const back = await browse(
    await decide(await begin({ name: `Mail ${address}`, sandbox: true }), 'accept', address),
  );
  expect(back.status, await back.text()).toBe(303);
  const [, id] = /\/ring\/email\/([0-9a-f-]{36})\/setup$/.exec(back.headers.get('location') ?? '') ?? [];
  const inbox = inboxOf(product.call, id ?? '', 'email');
  await product.call('PATCH', `/api/inboxes/${inbox.id}`, { settings: { undoSeconds: 0 } });
  return { inbox, address };
}
async function connectByTokens(): Promise<{ inbox: SandboxInbox; credentials: JsonObject }> {
  const digits = `77${(accounts += 1)}`;
  const address = `sandbox-${digits}@microsoft.example`;
  const credentials = { kind: 'microsoft', address, refreshToken: `sandbox-refresh-${digits}` };
  return { inbox: await product.createSandboxInbox('email', credentials, { undoSeconds: 0 }), credentials };
}
const subscriptionsOf = async (inbox: SandboxInbox) =>
  (await inbox.phone.facts())['subscriptions'] as { id: string; notificationUrl: string }[];
const provider = (inbox: SandboxInbox, event: string) =>
  product.call('POST', `/sandbox/api/${inbox.id}/provider`, { event });
/** The time until the next look by itself is over. */
const timePasses = (inbox: SandboxInbox) =>
  product.database.query('update mailboxes set next_look_at = now() where inbox_id = $1', [inbox.id]);
const talk = async (inbox: SandboxInbox, text: string) => {
  const place = await inbox.phone.write({ personName: `Ada ${text}`, text });
  return { ...place, thread: await inbox.holding(place.messageId) };
};

describe('when all goes well', () => {
  test('signed in, a customer’s mail comes in by a notification, the flow answers in its thread, the customer goes on', async () => {
    const { inbox, address } = await connect();
    expect(await inbox.read()).toMatchObject({
      type: 'email',
      sandbox: true,
      account: { externalId: address },
    });
    expect(await subscriptionsOf(inbox)).toMatchObject([
      { notificationUrl: `${product.product.url}/webhooks/microsoft` },
    ]);
    const first = await inbox.phone.write({
      personName: 'Ada',
      subject: 'When?',
      text: 'When is bread ready?',
    });
    const thread = await inbox.holding(first.messageId);
    const answer = await inbox.phone.sees(first.chatId, ({ text }) => text.includes('We bake at six.'));
    expect(answer.replyTo).toBe(first.messageId);
    const [sent, ...others] = await inbox.phone.sent();
    expect(others).toEqual([]);
    const out = await thread.message(
      'the answer',
      ({ direction, status }) => direction === 'out' && status === 'sent',
    );
    expect(out.providerMessageId).toBe(sent?.providerMessageId);
    expect(sent?.request).toMatchObject({ from: address, inReplyTo: first.messageId });
    // Nothing but the one draft that was sent.
    expect(await inbox.phone.facts()).toMatchObject({ drafts: 0 });

    const second = await inbox.phone.write({ chatId: first.chatId, text: 'Thanks, see you then.' });
    expect((await inbox.holding(second.messageId)).id).toBe(thread.id);
    const reply = await thread.reply('You are welcome.');
    await thread.has(reply.id, 'sent');
    await inbox.phone.sees(first.chatId, ({ text }) => text.includes('You are welcome.'));
    expect(await inbox.phone.sent()).toHaveLength(2);
    expect(await product.call<JsonObject>('POST', `/api/inboxes/${inbox.id}/probe`)).toMatchObject({
      probe: { facts: { signedInAs: address } },
      inbox: { inbound: { state: 'ok' }, outbound: { state: 'ok' } },
    });
  });

  test('connected by tokens; taken away, the subscription is gone at Microsoft', async () => {
    const { inbox, credentials } = await connectByTokens();
    await talk(inbox, 'Hello');
    expect(await subscriptionsOf(inbox)).toHaveLength(1);
    expect(await product.call('DELETE', `/api/inboxes/${inbox.id}`)).toMatchObject({
      disconnectedAtProvider: true,
    });
    // The same mailbox once more: there is its own subscription, and no other.
    const refreshToken = `sandbox-refresh-${toText(credentials['address'] ?? null)}`;
    const next = await product.createSandboxInbox('email', { ...credentials, refreshToken });
    expect(await subscriptionsOf(next)).toHaveLength(1);
  });

  test('an attachment of more than 3 MB goes up in pieces and arrives whole', async () => {
    const { inbox } = await connect();
    const { thread, chatId } = await talk(inbox, 'The film please');
    const bytes = Buffer.alloc(3_600_000, 'film');
    const mediaId = await product.upload(bytes, 'film.mp4', 'video/mp4');
    const reply = await thread.reply({
      parts: [
        { kind: 'text', text: 'Here it is.' },
        { kind: 'file', mediaId, mimeType: 'video/mp4', name: 'film.mp4' },
      ],
    });
    await thread.has(reply.id, 'sent');
    await inbox.phone.sees(chatId, ({ media }) => media.some(({ name }) => name === 'film.mp4'));
    expect(await inbox.phone.sent()).toMatchObject([
      { request: { attachments: [{ name: 'film.mp4', size: 3_600_000 }] } },
    ]);
  });
});

describe('signing in', () => {
  test.each([
    ['deny', 'Nothing was connected', 'The sign-in was declined.'],
    ['admin', 'Your organization has to agree first', 'AADSTS90094'],
  ])('%s is said on a page', async (decision, title, words) => {
    const back = await browse(await decide(await begin({ name: 'X', sandbox: true }), decision));
    const page = await back.text();
    expect(back.status).toBe(422);
    expect(page).toContain(title);
    expect(page).toContain(words);
  });

  test('a state works once, for who began it; a made-up or an old one doesn’t', async () => {
    const address = newAddress();
    const location = await decide(await begin({ name: 'X', sandbox: true }), 'accept', address);
    const nobody = await browse(location, '');
    expect(nobody.status).toBe(401);
    const forged = new URL(location);
    forged.searchParams.set('state', 'x'.repeat(43));
    expect((await browse(forged.href)).status).toBe(400);
    expect((await browse(location)).status).toBe(303);
    const replayed = await browse(location);
    expect(replayed.status).toBe(400);
    expect(await replayed.text()).toContain('This sign-in can’t be used');
    const late = await decide(await begin({ name: 'X', sandbox: true }), 'accept', newAddress());
    await product.database.query("update oauth_states set expires_at = now() - interval '1 second'");
    expect((await browse(late)).status).toBe(400);
  });

  test('an account that is connected already is said, and nothing changes', async () => {
    const { address, inbox } = await connect();
    const connection = async () =>
      (await product.call<JsonObject>('GET', `/api/inboxes/${inbox.id}`))['connection'];
    const before = await connection();
    const back = await browse(await decide(await begin({ name: 'Y', sandbox: true }), 'accept', address));
    const page = await back.text();
    expect(back.status).toBe(409);
    expect(page).toContain('connected already');
    expect(page).toContain(inbox.id);
    expect(await connection()).toEqual(before);
    await talk(inbox, 'Still here');
  });
});

describe('tokens', () => {
  test('an expired one is renewed under way: nothing is lost, nobody notices', async () => {
    const { inbox } = await connect();
    const { thread } = await talk(inbox, 'Hello');
    const before = (await inbox.phone.facts())['spentRefreshTokens'] as number;
    await inbox.phone.fault({ kind: 'token_expired', times: 1 });
    const reply = await thread.reply('Still here.');
    await thread.has(reply.id, 'sent');
    expect((await inbox.phone.facts())['spentRefreshTokens']).toBe(before + 1);
    expect((await inbox.read()).outbound.state).not.toBe('failing');
  });

  test('a withdrawn access parks what is owed; signing in again keeps the inbox and drains it', async () => {
    const { inbox, address } = await connect();
    const { thread, chatId } = await talk(inbox, 'Hello');
    await inbox.phone.fault({ kind: 'permission_revoked' });
    const reply = await thread.reply('Parked at first.');
    await inbox.becomes('the inbox that needs attention', ({ state }) => state === 'needs_attention');
    await thread.has(reply.id, 'parked');
    expect(await inbox.read()).toMatchObject({
      outbound: {
        state: 'failing',
        reason: expect.stringContaining('password was changed or the access withdrawn'),
      },
    });
    // Somebody else's account doesn't mend it.
    const other = await browse(await decide(await begin({ inboxId: inbox.id }), 'accept', newAddress()));
    expect(other.status).toBe(422);
    expect(await other.text()).toContain(address);
    // What came meanwhile comes in too.
    const missed = await inbox.phone.write({ personName: 'Bob', text: 'Anybody there?' });
    const back = await browse(await decide(await begin({ inboxId: inbox.id }), 'accept', address));
    expect(back.headers.get('location')).toContain(inbox.id);
    await thread.has(reply.id, 'sent');
    await inbox.phone.sees(chatId, ({ text }) => text.includes('Parked at first.'));
    expect(await inbox.phone.sent()).toHaveLength(1);
    await inbox.holding(missed.messageId);
  });
});

describe('notifications and subscriptions', () => {
  test('a lost notification is caught up with; doubled and reordered ones make one message each', async () => {
    const { inbox } = await connect();
    await talk(inbox, 'Hello');
    await inbox.phone.delivery({ held: true });
    const lost = await inbox.phone.write({ personName: 'Lost', text: 'Nobody tells of me' });
    await timePasses(inbox);
    const thread = await inbox.holding(lost.messageId);
    await inbox.phone.delivery({ copies: 3 });
    const places = [];
    for (const at of [1, 2, 3])
      places.push(await inbox.phone.write({ chatId: lost.chatId, text: `Mail ${at}` }));
    await inbox.phone.release();
    const all = await thread.all('all of them', (messages) => messages.length >= 4);
    expect(all.map(({ providerMessageId }) => providerMessageId)).toEqual(
      [lost, ...places].map(({ messageId }) => messageId),
    );
  });

  test('a subscription that Microsoft ends is made anew, and nothing is missed', async () => {
    const { inbox } = await connect();
    await talk(inbox, 'Hello');
    const [first] = await subscriptionsOf(inbox);
    await provider(inbox, 'subscription_removed');
    await eventually('another subscription', async () =>
      (await subscriptionsOf(inbox)).find(({ id }) => id !== first?.id),
    );
    await talk(inbox, 'Are you there?');
    await provider(inbox, 'reauthorization_required');
    await eventually('the reauthorized subscription', async () =>
      ((await inbox.phone.facts())['subscriptions'] as { paused: boolean }[]).every(({ paused }) => !paused),
    );
    await talk(inbox, 'And now?');
    const { rows } = await product.database.query<{ n: number }>(
      'select count(*)::integer as n from microsoft_subscriptions where inbox_id = $1 and not reauthorize and problem is null',
      [inbox.id],
    );
    expect(rows[0]?.n).toBe(1);
  });

  test('what was missed is looked for when Microsoft says so, and what it has forgotten is asked for anew', async () => {
    const { inbox } = await connect();
    await talk(inbox, 'Hello');
    await inbox.phone.delivery({ held: true });
    const missed = await inbox.phone.write({ personName: 'Missed', text: 'Missed' });
    await eventually('the mail in the mailbox', async () =>
      (await inbox.phone.chats()).some(({ id }) => id === missed.chatId),
    );
    await inbox.phone.fault({ kind: 'resync_required', times: 1 });
    await product.database.query('update mailboxes set dirty_at = now() where inbox_id = $1', [inbox.id]);
    const thread = await inbox.holding(missed.messageId);
    expect(await thread.messages()).toHaveLength(1);
  });

  test('a forged secret is refused and moves nothing; the handshake is answered as text', async () => {
    const { inbox } = await connect();
    const { url } = product.product;
    const post = (body: unknown) =>
      fetch(`${url}/webhooks/microsoft`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const forged = await post({
      value: [{ subscriptionId: 'x', clientState: `${inbox.id}.${'A'.repeat(43)}` }],
    });
    expect(forged.status).toBe(401);
    expect((await post({ value: 'x' })).status).toBe(400);
    const token = 'Validation: <b>Testing</b> & + ünï';
    const shaken = await fetch(`${url}/webhooks/microsoft?validationToken=${encodeURIComponent(token)}`, {
      method: 'POST',
    });
    expect(shaken.status).toBe(200);
    expect(shaken.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await shaken.text()).toBe(token);
  });
});

describe('sending', () => {
  test('an answer that got lost on its way is sent once', async () => {
    const { inbox } = await connect();
    const { thread } = await talk(inbox, 'Hello');
    await inbox.phone.fault({ kind: 'rate_limited', times: 2, retryAfterSeconds: 1 });
    await inbox.phone.fault({ kind: 'server_error', times: 1 });
    const reply = await thread.reply('Once.');
    await thread.has(reply.id, 'sent');
    expect(await inbox.phone.sent()).toHaveLength(1);
    expect(await inbox.phone.facts()).toMatchObject({ drafts: 0 });
  });

  test('a mail that couldn’t be delivered is marked as failed by the report', async () => {
    const { inbox } = await connect();
    const { thread } = await talk(inbox, 'Hello');
    await inbox.phone.fault({ kind: 'contact_unreachable', times: 1 });
    const reply = await thread.reply('Into the void.');
    await thread.has(reply.id, 'failed');
  });
});
