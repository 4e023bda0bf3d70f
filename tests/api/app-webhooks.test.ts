/** A provider's one webhook for all accounts: who signed it, whose it is, what becomes of what belongs to nobody yet. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { inWorkspace, poolOf } from '#db/client.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { connectAccount, deliverToMeta, META_ENV, pageCredentials, pageMessage } from '../support/meta.ts';
import { sandboxApps } from '../../api/sandbox-apps.ts';
import { tidyUnrouted } from '../../api/unrouted.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({}, META_ENV);
});
afterAll(() => api.close());
beforeEach(() => void vi.restoreAllMocks());

let pages = 1_000;
const newPage = (): string => String((pages += 1));
const connectPage = (accountKey: string, sandbox = false): Promise<string> =>
  connectAccount(api, { type: 'messenger', accountKey, credentials: pageCredentials(accountKey), sandbox });
const page = (...entries: [id: string, ...messaging: unknown[]][]): unknown => ({
  object: 'page',
  entry: entries.map(([id, ...messaging]) => ({ id, time: 1, messaging })),
});
const sandboxSecret = (): string => sandboxApps(api.deps.keyring).meta?.secret ?? '';

interface StoredEvent {
  workspace_id: string | null;
  inbox_id: string | null;
  type: string;
  account_key: string;
  kind: string;
  text: string | null;
  raw: Buffer;
}
async function stored(accountKey: string): Promise<StoredEvent[]> {
  const { rows } = await poolOf(api.deps.engineDb).query<StoredEvent>(
    `select workspace_id, inbox_id, type, account_key, kind, payload ->> 'text' as text, raw from inbound_events
      where account_key = $1 order by accept_no`,
    [accountKey],
  );
  return rows;
}
const texts = async (accountKey: string): Promise<(string | null)[]> =>
  (await stored(accountKey)).map(({ kind, text }) => (kind === 'message' ? text : kind));

test('Meta’s handshake is answered with the bare challenge', async () => {
  const query = 'hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444';
  const answer = await api.request(`/webhooks/meta?${query}`, { as: 'nobody' });
  expect([answer.status, await answer.text()]).toEqual([200, '1158201444']);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const wrong = await api.request(`/webhooks/meta?${query.replace('verify-me', 'guess')}`, { as: 'nobody' });
  expect(wrong.status).toBe(403);
  expect(await wrong.text()).not.toContain('1158201444');
});

test('a webhook nobody knows is 404', async () => {
  for (const path of [
    '/webhooks/nobody',
    '/webhooks/telegram',
    '/webhooks/__proto__',
    '/webhooks/toString',
  ]) {
    expect((await api.request(path, { as: 'nobody', body: '{}' })).status).toBe(404);
    expect((await api.request(path, { as: 'nobody' })).status).toBe(404);
  }
});

test('an inbox’s provider has only the place its definition says', async () => {
  const accountKey = newPage();
  const id = await connectPage(accountKey);
  for (const path of [`/webhooks/messenger/${id}`, `/webhooks/meta/${id}`, `/webhooks/messenger/${id}/x`])
    expect((await api.request(path, { as: 'nobody', body: '{}' })).status).toBe(404);
  const diagnostics = await api.request(`/api/inboxes/${id}/diagnostics`);
  expect(((await diagnostics.json()) as { webhookUrl: string }).webhookUrl).toBe(
    `${api.deps.config.publicUrl}/webhooks/meta`,
  );
});

test('one request for several accounts: each gets its own, in order, once however often it comes', async () => {
  const [one, two] = [newPage(), newPage()];
  await connectPage(one);
  await connectPage(two);
  const body = page(
    [one, pageMessage(one, 'a1', 'first'), pageMessage(one, 'a2', 'second', '901')],
    [two, pageMessage(two, 'b1', 'other')],
    [one, pageMessage(one, 'a3', 'third')],
  );
  for (let time = 0; time < 3; time += 1) expect((await deliverToMeta(api, body)).status).toBe(200);
  expect(await texts(one)).toEqual(['first', 'second', 'third']);
  expect(await texts(two)).toEqual(['other']);
  for (const event of await stored(one)) expect(event.raw.toString()).not.toContain('b1');
});

test('a signature that is missing, foreign or of another body stores nothing', async () => {
  const accountKey = newPage();
  await connectPage(accountKey);
  const body = JSON.stringify(page([accountKey, pageMessage(accountKey, 'x', 'forged')], ['nobody', {}]));
  expect((await api.request('/webhooks/meta', { as: 'nobody', body })).status).toBe(401);
  expect((await deliverToMeta(api, body, 'guess')).status).toBe(401);
  expect(await texts(accountKey)).toEqual([]);
  expect(await texts('nobody')).toEqual([]);
});

test('the sandbox’s app speaks for sandbox inboxes only, and a real one for real inboxes', async () => {
  const [real, double] = [newPage(), newPage()];
  await connectPage(real);
  await connectPage(double, true);
  const body = page(
    [real, pageMessage(real, 'm', 'to real')],
    [double, pageMessage(double, 'm', 'to sandbox')],
  );
  expect((await deliverToMeta(api, body, sandboxSecret())).status).toBe(200);
  expect([await texts(real), await texts(double)]).toEqual([['unrouted'], ['to sandbox']]);
  expect((await deliverToMeta(api, body)).status).toBe(200);
  expect([await texts(real), await texts(double)]).toEqual([
    ['unrouted', 'to real'],
    ['to sandbox', 'unrouted'],
  ]);
  // Nor does what waits become the other side's.
  await tidyUnrouted(api.deps);
  expect([await texts(real), await texts(double)]).toEqual([
    ['unrouted', 'to real'],
    ['to sandbox', 'unrouted'],
  ]);
});

test('without a sandbox its app is nobody', async () => {
  const plain = await createTestApi({}, { META_APP_ID: '1', META_APP_SECRET: 'real' });
  const secret = sandboxApps(plain.deps.keyring).meta?.secret ?? '';
  expect((await deliverToMeta(plain, page(), secret)).status).toBe(401);
  expect((await deliverToMeta(plain, page(), 'real')).status).toBe(200);
  await plain.close();
});

test('what belongs to nobody is kept once, seen by nobody, and routed when the account is connected', async () => {
  const accountKey = newPage();
  const body = page([
    accountKey,
    pageMessage(accountKey, 'm1', 'early'),
    pageMessage(accountKey, 'm2', 'birds'),
  ]);
  expect((await deliverToMeta(api, body)).status).toBe(200);
  expect((await deliverToMeta(api, body)).status).toBe(200);
  expect(await stored(accountKey)).toMatchObject([
    { kind: 'unrouted', workspace_id: null, inbox_id: null, type: 'messenger' },
  ]);
  for (const workspace of [api.workspace, api.other]) {
    const seen = await inWorkspace(api.deps.appDb, workspace.id, (tx) =>
      tx.selectFrom('inbound_events').select('id').where('account_key', '=', accountKey).execute(),
    );
    expect(seen).toEqual([]);
  }
  api.engineCalls.length = 0;
  const inboxId = await connectPage(accountKey);
  expect(await stored(accountKey)).toMatchObject([
    { kind: 'message', text: 'early', inbox_id: inboxId, workspace_id: api.workspace.id },
    { kind: 'message', text: 'birds', inbox_id: inboxId },
  ]);
  expect(api.engineCalls.map(({ call }) => call)).toContain('eventsAccepted');
  // The provider's late redelivery is known.
  expect((await deliverToMeta(api, body)).status).toBe(200);
  expect(await texts(accountKey)).toEqual(['early', 'birds']);
  const { rows } = await poolOf(api.deps.engineDb).query(
    `select from inbound_keys k where not exists (select from inbound_events e where e.id = k.event_id)`,
  );
  expect(rows).toHaveLength(0);
});

test('what a crash left between connecting and routing is the sweeper’s', async () => {
  const accountKey = newPage();
  await deliverToMeta(api, page([accountKey, pageMessage(accountKey, 'm1', 'waiting')]));
  const accept = vi.spyOn(api.deps.inboxes, 'byId').mockRejectedValueOnce(new Error('down'));
  await connectPage(accountKey);
  expect(accept).toHaveBeenCalled();
  expect(await texts(accountKey)).toEqual(['unrouted']);
  await tidyUnrouted(api.deps);
  expect(await texts(accountKey)).toEqual(['waiting']);
});

test('unrouted events are let go after a week, younger ones and all others stay', async () => {
  const [old, young, home] = [newPage(), newPage(), newPage()];
  await connectPage(home);
  for (const accountKey of [old, young, home])
    await deliverToMeta(api, page([accountKey, pageMessage(accountKey, 'm', 'x')]));
  const pool = poolOf(api.deps.engineDb);
  await pool.query(
    `update inbound_events set received_at = now() - interval '8 days' where account_key = any($1)`,
    [[old, home]],
  );
  await pool.query(
    `update inbound_events set received_at = now() - interval '6 days' where account_key = $1`,
    [young],
  );
  await tidyUnrouted(api.deps);
  expect([await texts(old), await texts(young), await texts(home)]).toEqual([[], ['unrouted'], ['x']]);
  // Its key is gone too: the same bytes are kept again.
  await deliverToMeta(api, page([old, pageMessage(old, 'again', 'x')]));
  expect(await texts(old)).toEqual(['unrouted']);
});

test('a failure in the middle answers 5xx, and the redelivery completes without doubling', async () => {
  const [one, two] = [newPage(), newPage()];
  await connectPage(one);
  await connectPage(two);
  const body = page(
    [one, pageMessage(one, 'm', 'fine')],
    [two, pageMessage(two, 'm', 'late')],
    [newPage(), {}],
  );
  const adapter = api.deps.registry.messenger;
  let failing = true;
  api.deps.registry.messenger = {
    ...adapter,
    parse(inbox, request) {
      if (failing && inbox.accountKey === two) throw new Error('boom');
      return adapter.parse(inbox, request);
    },
  };
  expect((await deliverToMeta(api, body)).status).toBe(500);
  expect(await texts(two)).toEqual([]);
  failing = false;
  expect((await deliverToMeta(api, body)).status).toBe(200);
  expect([await texts(one), await texts(two)]).toEqual([['fine'], ['late']]);
  api.deps.registry.messenger = adapter;
});

test('a signed slice that its inbox can’t read is kept as evidence and not tried again', async () => {
  const accountKey = newPage();
  await connectPage(accountKey);
  const adapter = api.deps.registry.messenger;
  api.deps.registry.messenger = { ...adapter, parse: () => ({ kind: 'malformed', message: 'odd' }) };
  expect((await deliverToMeta(api, page([accountKey, pageMessage(accountKey, 'm', 'x')]))).status).toBe(200);
  api.deps.registry.messenger = adapter;
  await tidyUnrouted(api.deps);
  expect(await texts(accountKey)).toEqual(['unrouted']);
});

test('a thousand messages at once are a thousand messages, in order', async () => {
  const accountKey = newPage();
  await connectPage(accountKey);
  const all = Array.from({ length: 1_000 }, (_, n) => pageMessage(accountKey, `m${n}`, `text ${n}`));
  expect((await deliverToMeta(api, page([accountKey, ...all]))).status).toBe(200);
  expect(await texts(accountKey)).toEqual(all.map((_, n) => `text ${n}`));
});

test('Meta’s largest deliveries are taken: three megabytes', async () => {
  const accountKey = newPage();
  await connectPage(accountKey);
  const pad = 'x'.repeat(3 * 1024 * 1024);
  expect(
    (await deliverToMeta(api, { ...(page([accountKey, pageMessage(accountKey, 'm', 'x')]) as object), pad }))
      .status,
  ).toBe(200);
  expect(await texts(accountKey)).toEqual(['x']);
  const tooLarge = await deliverToMeta(api, { pad: 'x'.repeat(5 * 1024 * 1024) });
  expect(tooLarge.status).toBe(413);
});

test('a body that is no webhook at all is refused', async () => {
  expect((await deliverToMeta(api, '[]')).status).toBe(400);
  expect((await deliverToMeta(api, 'x')).status).toBe(400);
});
