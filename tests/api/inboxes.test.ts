import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { poolOf } from '#db/client.ts';
import { open } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi, type TestRequest } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { createApiInbox, receive } from '../support/inboxes.ts';

interface Inbox {
  id: string;
  name: string;
  type: string;
  state: string;
  sandbox: boolean;
  account: { externalId: string; label: string };
  inbound: { state: string; since: string };
  outbound: { state: string; reason?: string; since: string };
  canSend: boolean;
  connection?: object;
  settings: object;
  warnings?: string[];
}
interface Refusal {
  error: {
    code: string;
    message: string;
    details?: { inboxId?: string; path?: string }[] & { inboxId?: string };
  };
}

/** Telegram as far as connecting goes: who the bot is, where its webhook points. */
const bots = new Map<string, { id: number; username: string; webhook: string | null }>();
let calls: string[] = [];
let failing = false;
let server: Server;
let api: TestApi;
let json: Ask;

beforeAll(async () => {
  server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  api = await createTestApi({}, { TELEGRAM_API_URL: `http://127.0.0.1:${port}/telegram` });
  json = asking(api);
});
afterAll(async () => {
  server.close();
  await api.close();
});
beforeEach(() => {
  calls = [];
  failing = false;
});

async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const [, token = '', method = ''] = /^\/telegram\/bot([^/]+)\/(\w+)/.exec(request.url ?? '') ?? [];
  calls.push(method);
  if (failing)
    return { status: 500, body: { ok: false, error_code: 500, description: 'Internal Server Error' } };
  const bot = bots.get(token);
  if (!bot) return { status: 401, body: { ok: false, error_code: 401, description: 'Unauthorized' } };
  const text = Buffer.concat(chunks).toString();
  const input = text === '' ? {} : (JSON.parse(text) as { url?: string });
  if (method === 'setWebhook') bot.webhook = input.url ?? null;
  if (method === 'deleteWebhook') bot.webhook = null;
  const results: Record<string, unknown> = {
    getMe: { id: bot.id, is_bot: true, first_name: bot.username, username: bot.username },
    getWebhookInfo: { url: bot.webhook ?? '', has_custom_certificate: false, pending_update_count: 0 },
  };
  return { status: 200, body: { ok: true, result: results[method] ?? true } };
}

function newBot(): { token: string; id: number } {
  const id = 100_000 + bots.size;
  const token = `${id}:secret-part-${id}`;
  bots.set(token, { id, username: `bot_${id}`, webhook: null });
  return { token, id };
}
/** What an answer may be: an inbox, one with its secret, or a refusal. */
type Created = Inbox & Refusal & { inbox: Inbox; secret: string };
const create = (body: object, options: TestRequest = {}) =>
  json<Created>('/api/inboxes', { ...options, body });
const telegram = (token: string, options?: TestRequest) =>
  create({ type: 'telegram', name: 'Bot', credentials: { botToken: token } }, options);
const countInboxes = async (): Promise<number> =>
  (await api.deps.engineDb.selectFrom('inboxes').select('id').where('deleted_at', 'is', null).execute())
    .length;

test('an api inbox: its secret once, sealed in the row, nowhere else', async () => {
  const { status, body } = await create({
    type: 'api',
    name: 'Shop',
    credentials: { callbackUrl: 'http://127.0.0.1:9/callback', idempotent: true },
    somethingElse: 1,
  });
  expect(status).toBe(201);
  expect(body.secret.length).toBeGreaterThanOrEqual(32);
  expect(body.inbox).toMatchObject({
    type: 'api',
    name: 'Shop',
    sandbox: false,
    state: 'onboarding',
    inbound: { state: 'unknown' },
    outbound: { state: 'unknown' },
    account: { externalId: body.inbox.id },
  });
  const row = await api.deps.engineDb
    .selectFrom('inboxes')
    .select('credentials')
    .where('id', '=', body.inbox.id)
    .executeTakeFirstOrThrow();
  expect(row.credentials.includes(Buffer.from(body.secret))).toBe(false);
  expect(
    JSON.parse(open(api.deps.keyring, row.credentials, `inbox/${body.inbox.id}`).toString()),
  ).toMatchObject({
    secret: body.secret,
    idempotent: true,
  });
  expect(() => open(api.deps.keyring, row.credentials, `inbox/${uuidV7()}`)).toThrow();
  for (const path of ['', `/${body.inbox.id}`, `/${body.inbox.id}/diagnostics`]) {
    for (const as of ['admin', 'agent'] as const) {
      expect((await json(`/api/inboxes${path}`, { as })).text).not.toContain(body.secret);
    }
  }
  expect((await json('/api/audit')).text).not.toContain(body.secret);
  expect(api.logLines.join('\n')).not.toContain(body.secret);
});

test('what was entered and is no secret is shown to admins, so that it can be edited', async () => {
  const { id } = await createApiInbox(api);
  const admin = await json<Inbox>(`/api/inboxes/${id}`);
  expect(admin.body.connection).toEqual({ callbackUrl: 'http://127.0.0.1:9/callback' });
  const agent = await json<Inbox>(`/api/inboxes/${id}`, { as: 'agent' });
  expect(agent.body.connection).toBeUndefined();
});

test('a type that does not exist is refused', async () => {
  expect((await create({ type: 'pigeon', name: 'x', credentials: {} })).body.error.code).toBe('invalid');
});

test('a wrong form names the field; nothing is left behind', async () => {
  const before = await countInboxes();
  const { status, body } = await create({
    type: 'telegram',
    name: 'Bot',
    credentials: { botToken: 'nonsense' },
  });
  expect([status, body.error.details?.[0]?.path]).toEqual([422, 'credentials.botToken']);
  expect((await create({ type: 'api', name: '', credentials: {} })).status).toBe(422);
  expect(await countInboxes()).toBe(before);
  expect(calls).toEqual([]);
});

test("the provider's refusal in its own words, and nothing left behind", async () => {
  const before = await countInboxes();
  const { status, body, text } = await telegram('424242:not-a-bot');
  expect([status, body.error.code]).toEqual([422, 'provider_refused']);
  expect(body.error.message).toContain('Unauthorized');
  expect(text).not.toContain('not-a-bot');
  expect(await countInboxes()).toBe(before);
});

test('telegram: connected, its webhook ours, a warning where it cannot be reached', async () => {
  const { token, id } = newBot();
  const { status, body, text } = await telegram(token);
  expect(status).toBe(201);
  expect(body.account).toEqual({ externalId: String(id), label: `@bot_${id}` });
  expect(bots.get(token)?.webhook).toBe(`${api.deps.config.publicUrl}/webhooks/telegram/${body.id}`);
  expect(body.warnings?.join(' ')).toContain('PUBLIC_URL');
  expect(text).not.toContain(token);
});

test('the same account again is 409 with the inbox it is, and keeps its webhook', async () => {
  const { token } = newBot();
  const first = await telegram(token);
  calls = [];
  const again = await telegram(token);
  expect([again.status, again.body.error.code, again.body.error.details?.inboxId]).toEqual([
    409,
    'already_connected',
    first.body.id,
  ]);
  expect(calls).toEqual([]);
  // In another workspace too, and there without the id.
  const { admin } = api.other.keys;
  const elsewhere = await telegram(token, { key: admin });
  expect([elsewhere.status, elsewhere.body.error.details]).toEqual([409, undefined]);
  expect(bots.get(token)?.webhook).toContain(first.body.id);
});

test('two at once: one is connected, and the webhook is that one', async () => {
  for (let round = 0; round < 5; round++) {
    const { token } = newBot();
    const answers = await Promise.all([telegram(token), telegram(token)]);
    expect(answers.map((answer) => answer.status).toSorted((one, other) => one - other)).toEqual([201, 409]);
    const won = answers.find((answer) => answer.status === 201)?.body.id;
    expect(bots.get(token)?.webhook).toBe(`${api.deps.config.publicUrl}/webhooks/telegram/${won}`);
  }
});

test('a sandbox only where the deployment has sandboxes', async () => {
  const { status, body } = await create({
    type: 'telegram',
    name: 'Bot',
    credentials: { botToken: newBot().token },
    sandbox: true,
  });
  expect([status, body.error.code]).toEqual([422, 'sandbox_disabled']);
});

test('rename, settings, reopen time; settings are checked by the channel', async () => {
  const created = await telegram(newBot().token);
  const path = `/api/inboxes/${created.body.id}`;
  const changed = await json<Inbox>(path, {
    method: 'PATCH',
    body: { name: 'Renamed \u0000', settings: { choices: 'keyboard' }, reopenWithinHours: 0 },
  });
  expect(changed.body).toMatchObject({
    name: 'Renamed \uFFFD',
    settings: { choices: 'keyboard' },
    reopenWithinHours: 0,
  });
  const wrong = await json<Refusal>(path, { method: 'PATCH', body: { settings: { choices: 'telepathy' } } });
  expect([wrong.status, wrong.body.error.details?.[0]?.path]).toEqual([422, 'settings.choices']);
});

test('new credentials of the same account take it out of trouble; of another they are refused', async () => {
  const { token, id } = newBot();
  const created = await telegram(token);
  const path = `/api/inboxes/${created.body.id}`;
  await api.deps.engineDb
    .updateTable('inboxes')
    .set({ state: 'needs_attention', can_send: false })
    .where('id', '=', created.body.id)
    .execute();
  const other = await json<Refusal>(path, {
    method: 'PATCH',
    body: { credentials: { botToken: newBot().token } },
  });
  expect([other.status, other.body.error.code]).toEqual([422, 'other_account']);
  const renewed = `${id}:renewed`;
  bots.set(renewed, { id, username: `bot_${id}`, webhook: null });
  const answer = await json<Inbox>(path, { method: 'PATCH', body: { credentials: { botToken: renewed } } });
  expect(answer.body).toMatchObject({ state: 'active', canSend: true });
  expect(bots.get(renewed)?.webhook).toContain(created.body.id);
});

test('a change of an inbox is told to the processes that cache it', async () => {
  const { id } = await createApiInbox(api);
  const client = await poolOf(api.deps.engineDb).connect();
  const heard: (string | undefined)[] = [];
  client.on('notification', (message) => heard.push(message.payload));
  await client.query('listen teloring_inbox');
  await api.request(`/api/inboxes/${id}`, { method: 'PATCH', body: { name: 'Heard' } });
  await expect.poll(() => heard).toEqual([id]);
  client.release(true);
});

test('delete: gone here, told to the provider; the account can be connected anew and history stays', async () => {
  const { token } = newBot();
  const created = await telegram(token);
  const gone = await json<{ disconnectedAtProvider: boolean }>(`/api/inboxes/${created.body.id}`, {
    method: 'DELETE',
  });
  expect([gone.status, gone.body.disconnectedAtProvider]).toEqual([200, true]);
  expect(bots.get(token)?.webhook).toBeNull();
  expect((await api.request(`/api/inboxes/${created.body.id}`)).status).toBe(404);
  expect((await api.request(`/api/inboxes/${created.body.id}`, { method: 'DELETE' })).status).toBe(404);
  expect((await telegram(token)).status).toBe(201);
});

test('delete with a provider that is down says so', async () => {
  const created = await telegram(newBot().token);
  failing = true;
  const gone = await json<{ disconnectedAtProvider: boolean; warning: string }>(
    `/api/inboxes/${created.body.id}`,
    {
      method: 'DELETE',
    },
  );
  expect(gone.body).toMatchObject({ disconnectedAtProvider: false });
  expect(gone.body.warning).toContain('Internal Server Error');
  expect((await api.request(`/api/inboxes/${created.body.id}`)).status).toBe(404);
});

test('a webhook to a deleted inbox is 404', async () => {
  const inbox = await createApiInbox(api);
  await api.request(`/api/inboxes/${inbox.id}`, { method: 'DELETE' });
  await expect(receive(api, inbox, { id: 'late', text: 'x' })).rejects.toThrow('404');
});

test('probe stores what was found; the reason and since stay while nothing changes, and success takes it back', async () => {
  const { token } = newBot();
  const created = await telegram(token);
  const probe = () =>
    json<{ inbox: Inbox; probe: { facts: object } }>(`/api/inboxes/${created.body.id}/probe`, {
      method: 'POST',
    });
  const bot = bots.get(token);
  bots.delete(token);
  const bad = await probe();
  expect(bad.status).toBe(200);
  expect(bad.body.inbox).toMatchObject({ state: 'needs_attention', outbound: { state: 'failing' } });
  const again = await probe();
  expect(again.body.inbox.outbound).toEqual(bad.body.inbox.outbound);
  if (bot) bots.set(token, bot);
  const good = await probe();
  expect(good.body.inbox).toMatchObject({ state: 'onboarding', outbound: { state: 'ok' }, canSend: true });
  const diagnostics = await json<{ webhookUrl: string; probe: object }>(
    `/api/inboxes/${created.body.id}/diagnostics`,
    { as: 'agent' },
  );
  expect(diagnostics.body.webhookUrl).toContain(created.body.id);
  expect(diagnostics.text).not.toContain(token);
});

test('a probe that throws is a finding, not a 500', async () => {
  const inbox = await createApiInbox(api);
  const adapter = api.deps.registry.api;
  api.deps.registry.api = {
    ...adapter,
    probe: () => Promise.reject(new ChannelError('reauthorize', 'The key was revoked.')),
  };
  const { status, body } = await json<{ inbox: Inbox }>(`/api/inboxes/${inbox.id}/probe`, { method: 'POST' });
  api.deps.registry.api = adapter;
  expect([status, body.inbox.outbound.state, body.inbox.outbound.reason]).toEqual([
    200,
    'failing',
    'The key was revoked.',
  ]);
});

test('the test step: nothing, a message, an acknowledged answer, active', async () => {
  const inbox = await createApiInbox(api);
  const run = () =>
    json<{ passed: boolean; inbound: object | null; reply: object | null; next: string; inbox: Inbox }>(
      `/api/inboxes/${inbox.id}/test`,
      { method: 'POST' },
    );
  expect((await run()).body).toMatchObject({
    passed: false,
    inbound: null,
    reply: null,
    inbox: { state: 'onboarding' },
  });
  const { conversationId, messageId } = await receive(api, inbox, { id: 'test', text: 'Is anybody there?' });
  expect((await run()).body).toMatchObject({
    passed: false,
    inbound: { messageId, conversationId },
    reply: null,
  });
  const sent = await json<{ id: string }>(`/api/conversations/${conversationId}/messages`, {
    body: { clientMessageId: 'a', text: 'Yes' },
  });
  expect((await run()).body.passed).toBe(false);
  await api.deps.engineDb
    .updateTable('messages')
    .set({ status: 'sent', provider_message_id: 'ack-1', sent_at: new Date() })
    .where('id', '=', sent.body.id)
    .execute();
  const passed = await run();
  expect(passed.body).toMatchObject({
    passed: true,
    reply: { messageId: sent.body.id, providerMessageId: 'ack-1' },
    inbox: { state: 'active' },
  });
  const { body } = await json<{ counts: object }>(`/api/inboxes/${inbox.id}/diagnostics`);
  expect(body.counts).toMatchObject({ inbound24h: 1, outboundWaiting: 1, failed24h: 0 });
});
