/** The Telegram double as the product serves it: connected like the real one, moved by admins only, absent unless asked for. */
import { alone } from '../support/connect-context.ts';
import { serve, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AdapterInbox } from '#channels/contract.ts';
import { definitions } from '#channels/definitions.ts';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createApp } from '../../api/app.ts';
import { resolveProviderUrls } from '../../api/config.ts';
import { sandboxHost } from '../../api/sandbox-host.ts';
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
  api.request(`/sandbox/api/${inboxId}/${end}`, options);
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
    apps: {},
  };
  const url = `${deps.config.publicUrl}/webhooks/telegram/${id}`;
  const connected = await deps.registry.telegram.connect(draft, url, AbortSignal.timeout(5_000), alone);
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
const ann = { chatId: '4711', personName: 'Ann' };

test('a double delivers to webhooks alone: nobody can make it ask for what only this machine may see', async () => {
  const { publicUrl } = api.deps.config;
  const host = sandboxHost(api.deps);
  const statusOf = async (method: 'GET' | 'POST', path: string): Promise<number> =>
    (await host.deliver(`${publicUrl}${path}`, { method, headers: {}, body: '' })).status;
  // It is there, for this machine.
  expect((await fetch(`${api.deps.config.loopbackUrl}/metrics`)).status).toBe(200);
  for (const path of [
    '/metrics',
    '/webhooks/../metrics',
    '/webhooks/%2e%2e/metrics',
    '/media/../metrics',
    '/readyz',
  ])
    expect([path, await statusOf('GET', path)]).toEqual([path, 0]);
  expect(await statusOf('POST', '/media/x')).toBe(0);
  expect(await statusOf('POST', `/webhooks/telegram/${inboxId}`)).toBe(401);
  expect(await statusOf('GET', `/media/${inboxId}`)).toBe(403);
  expect(
    (await host.deliver(`${publicUrl}.evil.example/webhooks/x`, { method: 'GET', headers: {}, body: '' }))
      .status,
  ).toBe(0);
});

test('a customer’s message reaches ingress through the webhook that connecting registered', async () => {
  const written = await control('messages', { body: { ...ann, text: 'Hello' } });
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
  const written = await restarted.request(`/sandbox/api/${inboxId}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.workspace.keys.admin}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ chatId: '99', personName: 'Bob', text: 'Still there?' }),
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
        author: 'bot',
        lastInAtMs: null,
        sentSinceLastIn: 0,
        attempt: 1,
      },
      { key: 'k', signal: AbortSignal.timeout(2_000), media: () => Promise.reject(new Error('no media')) },
    );
  expect(
    (await control('faults', { body: { kind: 'rate_limited', times: 1, retryAfterSeconds: 4 } })).status,
  ).toBe(204);
  await expect(send()).rejects.toMatchObject({ kind: 'retry_after', retryAfterMs: 4_000 });
  const { providerMessageId } = await send();
  const sent = (await (await control('sent')).json()) as { items: { providerMessageId: string }[] };
  expect(sent.items.map((item) => item.providerMessageId)).toEqual([providerMessageId]);
  const phone = (await (await control('phone')).json()) as { chats: unknown[]; facts: object };
  expect(phone.chats).toMatchObject([
    {
      id: '4711',
      title: 'Ann',
      kind: 'direct',
      messages: [
        { from: 'customer', text: 'Hello' },
        { from: 'business', text: 'Hi' },
      ],
    },
  ]);
  expect(phone.facts).toMatchObject({ webhookUrl: expect.stringContaining(inboxId) });
});

test('what isn’t there is said, a body that is none refused', async () => {
  const press = await control('messages', { body: { chatId: '4711', replyTo: '1', choiceId: 'x' } });
  expect(press.status).toBe(409);
  expect(await press.text()).toContain('There is no message 1 in chat 4711');
  const unknown = await control('messages', { body: { chatId: '5555', text: 'who?' } });
  expect([unknown.status, await unknown.text()]).toEqual([409, expect.stringContaining('no chat 5555')]);
  expect((await control('acts', { body: { kind: 'post', text: 'x' } })).status).toBe(409);
  expect((await control('faults', { body: { kind: 'nonsense' } })).status).toBe(422);
  expect((await control('acts', { method: 'POST', body: '{' })).status).toBe(400);
});

test('updates held back come in reverse order, each as often as ordered', async () => {
  const texts = async (): Promise<string[]> => {
    const rows = await api.database.engine
      .selectFrom('inbound_events')
      .select(['payload'])
      .where('inbox_id', '=', inboxId)
      .orderBy('id')
      .execute();
    return rows.flatMap(({ payload }) => /"text":"(held [^"]+)"/.exec(JSON.stringify(payload))?.[1] ?? []);
  };
  expect((await control('delivery', { body: { held: true, copies: 2 } })).status).toBe(204);
  for (const text of ['held one', 'held two']) await control('messages', { body: { ...ann, text } });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await texts()).toEqual([]);
  expect((await control('release', { method: 'POST', body: {} })).status).toBe(204);
  // Delivered twice, stored once.
  expect(await texts()).toEqual(['held two', 'held one']);
});

test('a photo reaches the phone without a token in its address', async () => {
  const media = { kind: 'image', base64: Buffer.from('a photo').toString('base64'), mimeType: 'image/png' };
  expect((await control('messages', { body: { ...ann, media } })).status).toBe(201);
  const text = await (await control('phone')).text();
  expect(text).not.toContain(botToken);
  const url = /"(\/sandbox\/telegram\/phone\/[^"]+)"/.exec(text)?.[1] ?? '';
  const shown = await api.request(url, { as: 'nobody' });
  expect([shown.headers.get('content-type'), await shown.text()]).toEqual(['image/png', 'a photo']);
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
    expect((await control('phone', { as })).status).toBe(403);
    expect((await control('acts', { as, body: { kind: 'block', chatId: '1' } })).status).toBe(403);
  });
  test('nobody without a key, and no admin of another workspace', async () => {
    expect((await control('phone', { as: 'nobody' })).status).toBe(401);
    expect((await control('phone', { key: api.other.keys.admin })).status).toBe(404);
    expect(
      (await control('messages', { key: api.other.keys.admin, body: { ...ann, text: 'x' } })).status,
    ).toBe(404);
  });
  test('no real inbox, nor one that was deleted', async () => {
    const id = uuidV7();
    const { deps, workspace } = api;
    const row = {
      workspace_id: workspace.id,
      type: 'telegram',
      name: 'Real',
      account_key: '434343',
    } as const;
    const credentials = seal(
      deps.keyring,
      Buffer.from(JSON.stringify({ botToken: '434343:real' })),
      `inbox/${id}`,
    );
    await deps.engineDb
      .insertInto('inboxes')
      .values({ ...row, id, sandbox: false, credentials })
      .execute();
    const reached = async (): Promise<number[]> => [
      (await api.request(`/sandbox/api/${id}/phone`)).status,
      (await api.request(`/sandbox/api/${id}/messages`, { body: { ...ann, text: 'x' } })).status,
      (await api.request(`/sandbox/api/${id}/faults`, { body: { kind: 'server_error' } })).status,
    ];
    expect(await reached()).toEqual([404, 404, 404]);
    const change = { sandbox: true, deleted_at: new Date() };
    await deps.engineDb.updateTable('inboxes').set(change).where('id', '=', id).execute();
    expect(await reached()).toEqual([404, 404, 404]);
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
