/** The Telegram double as the product serves it: connected like the real one, moved by admins only, absent unless asked for. */
import { serve, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AdapterInbox } from '#channels/contract.ts';
import { definitions } from '#channels/definitions.ts';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createApp } from '../../api/app.ts';
import { resolveProviderUrls } from '../../api/config.ts';
import { closedPort } from '../contract/local-server.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let server: ServerType;
let inboxId: string;
const botToken = '424242:AAproduct_sandbox';

beforeAll(async () => {
  const port = await closedPort();
  api = await createTestApi(
    {},
    { TELORING_SANDBOX: '1', TELORING_EMBEDDED: 'postgres,temporal', PORT: String(port) },
  );
  server = serve({ fetch: api.app.fetch, port, hostname: '127.0.0.1' });
  inboxId = await connectInbox();
});
afterAll(async () => {
  server.close();
  await api.close();
});
const control = (end: string, options: Parameters<TestApi['request']>[1] = {}) =>
  api.request(`/sandbox/api/telegram/${inboxId}/${end}`, options);
/** As `POST /api/inboxes` does: the adapter's connect, then the row. */
async function connectInbox(): Promise<string> {
  const { deps, workspace } = api;
  const id = uuidV7();
  const draft: AdapterInbox = {
    id,
    workspaceId: workspace.id,
    type: 'telegram',
    name: 'Double',
    accountKey: '',
    sandbox: true,
    credentials: { botToken },
    settings: {},
    urls: resolveProviderUrls(deps.config, definitions.telegram.providerUrls, true),
  };
  const url = `${deps.config.publicUrl}/webhooks/telegram/${id}`;
  const connected = await deps.registry.telegram.connect(draft, url, AbortSignal.timeout(5_000));
  expect(connected).toMatchObject({ accountKey: '424242', warnings: [] });
  await deps.engineDb
    .insertInto('inboxes')
    .values({
      id,
      workspace_id: workspace.id,
      type: 'telegram',
      name: 'Double',
      account_key: connected.accountKey,
      sandbox: true,
      credentials: seal(deps.keyring, Buffer.from(JSON.stringify(connected.credentials)), `inbox/${id}`),
    })
    .execute();
  return id;
}
const ann = { id: 4711, firstName: 'Ann' };

test('a customer’s message reaches ingress through the webhook that connecting registered', async () => {
  const written = await control('messages', { body: { from: ann, text: 'Hello' } });
  expect(written.status).toBe(201);
  const { messageId } = (await written.json()) as { messageId: string };
  await vi.waitFor(async () => {
    const rows = await api.database.engine
      .selectFrom('inbound_events')
      .select(['inbox_id', 'payload'])
      .where('inbox_id', '=', inboxId)
      .execute();
    expect(rows).toMatchObject([{ payload: { kind: 'message', providerMessageId: `4711:${messageId}` } }]);
  });
});

test('after a restart the double has forgotten its chats but not where the bot’s updates go', async () => {
  const restarted = createApp(api.deps);
  const written = await restarted.request(`/sandbox/api/telegram/${inboxId}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.workspace.keys.admin}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ from: { id: 99, firstName: 'Bob' }, text: 'Still there?' }),
  });
  expect(written.status).toBe(201);
  await vi.waitFor(async () => {
    const rows = await api.database.engine
      .selectFrom('inbound_events')
      .select('payload')
      .where('inbox_id', '=', inboxId)
      .execute();
    expect(JSON.stringify(rows)).toContain('Still there?');
  });
});

test('what the bot sends is there to be read, and faults come as ordered', async () => {
  const inbox = await api.deps.inboxes.byId(inboxId);
  if (!inbox) throw new Error('no inbox');
  const send = () =>
    api.deps.registry.telegram.send(
      inbox,
      {
        id: 'm',
        conversationId: 'c',
        contactExternalId: '4711',
        threadKey: '',
        replyAddress: { chatId: '4711' },
        parts: [{ kind: 'text', text: 'Hi' }],
      },
      { key: 'k', signal: AbortSignal.timeout(2_000), media: () => Promise.reject(new Error('no media')) },
    );
  expect((await control('faults', { body: { kind: 'rate_limited', retryAfterSeconds: 4 } })).status).toBe(
    204,
  );
  await expect(send()).rejects.toMatchObject({ kind: 'retry_after', retryAfterMs: 4_000 });
  const { providerMessageId } = await send();
  const sent = (await (await control('sent')).json()) as { items: { chatId: string; messageId: string }[] };
  expect(sent.items.map((item) => `${item.chatId}:${item.messageId}`)).toEqual([providerMessageId]);
  const chats = (await (await control('chats')).json()) as { items: unknown[] };
  expect(chats.items).toMatchObject([
    { chatId: '4711', title: 'Ann', messages: [{ text: 'Hello' }, { text: 'Hi' }] },
  ]);
});

test('a button that isn’t there, a body that is none', async () => {
  expect((await control('presses', { body: { chatId: 4711, messageId: 1, data: 'x' } })).status).toBe(409);
  expect((await control('faults', { body: { kind: 'nonsense' } })).status).toBe(422);
  expect((await control('blocks', { method: 'POST', body: '{' })).status).toBe(400);
});

test('a webhook elsewhere is refused: the double calls nobody but us', async () => {
  const answer = await api.request(`/sandbox/telegram/bot${botToken}/setWebhook`, {
    as: 'nobody',
    body: { url: 'http://169.254.169.254/' },
  });
  expect(answer.status).toBe(400);
});

describe('who may move the customers', () => {
  test.each(['builder', 'operator', 'agent'] as const)('not a %s', async (as) => {
    expect((await control('chats', { as })).status).toBe(403);
    expect((await control('blocks', { as, body: { chatId: 1, blocked: true } })).status).toBe(403);
  });
  test('nobody without a key, and no admin of another workspace', async () => {
    expect((await control('chats', { as: 'nobody' })).status).toBe(401);
    expect((await control('chats', { key: api.other.keys.admin })).status).toBe(404);
    expect(
      (await control('messages', { key: api.other.keys.admin, body: { from: ann, text: 'x' } })).status,
    ).toBe(404);
  });
});

test('no token in what is logged', () => {
  expect(api.logLines.join('\n')).not.toContain(botToken);
});

test('without TELORING_SANDBOX there is nothing', async () => {
  const off = await createTestApi();
  try {
    const answer = await off.request(`/sandbox/telegram/bot${botToken}/getMe`, { as: 'nobody' });
    expect(answer.status).toBe(404);
  } finally {
    await off.close();
  }
});
