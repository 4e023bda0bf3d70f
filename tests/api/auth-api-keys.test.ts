import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { upsertConfiguredKey } from '#db/api-keys.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

test('a key is shown once, works with its role, and stops at once when revoked', async () => {
  const created = await api.request('/api/api-keys', { body: { name: 'CI', role: 'operator' } });
  expect(created.status).toBe(201);
  const { id, key, prefix } = await created.json();
  expect(key.startsWith(prefix)).toBe(true);
  expect(await (await api.request('/api/me', { key })).json()).toMatchObject({
    user: null,
    apiKey: { id, name: 'CI' },
    role: 'operator',
    workspace: { slug: 'first' },
  });
  const list = await (await api.request('/api/api-keys')).text();
  expect(list).toContain(prefix);
  expect(list).not.toContain(key);
  expect(JSON.parse(list).items[0]).toMatchObject({ id, lastUsedAt: expect.any(String) });

  expect((await api.request(`/api/api-keys/${id}`, { method: 'DELETE', key })).status).toBe(403);
  expect((await api.request(`/api/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await api.request('/api/me', { key })).status).toBe(401);
  expect((await api.request(`/api/api-keys/${id}`, { method: 'DELETE' })).status).toBe(404);
  expect(await (await api.request('/api/api-keys')).text()).not.toContain(id);
});

test('the database holds no key', async () => {
  const { key } = await (
    await api.request('/api/api-keys', { body: { name: 'hidden', role: 'agent' } })
  ).json();
  const rows = await api.deps.engineDb.selectFrom('api_keys').selectAll().execute();
  const audits = await api.deps.engineDb.selectFrom('audit_log').selectAll().execute();
  expect(JSON.stringify([rows, audits])).not.toContain(key.slice(8));
  expect(api.logLines.join('\n')).not.toContain(key);
});

test('an expired key is refused', async () => {
  const { id, key } = await (
    await api.request('/api/api-keys', { body: { name: 'short', role: 'agent', expiresInDays: 1 } })
  ).json();
  expect((await api.request('/api/me', { key })).status).toBe(200);
  await api.deps.engineDb
    .updateTable('api_keys')
    .set({ expires_at: new Date(Date.now() - 1) })
    .where('id', '=', id)
    .execute();
  expect((await api.request('/api/me', { key })).status).toBe(401);
});

test('wrong keys are answered 401, then 429; a right one always passes', async () => {
  const statuses = [];
  for (let index = 0; index < 32; index++) {
    statuses.push((await api.request('/api/me', { key: `tlr_${index}`, from: '203.0.113.20' })).status);
  }
  expect(statuses.slice(0, 30).every((status) => status === 401)).toBe(true);
  expect(statuses.at(-1)).toBe(429);
  expect((await api.request('/api/me', { from: '203.0.113.20' })).status).toBe(200);
});

test.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'tlr_x'])('%s is no key', async (authorization) => {
  const response = await api.request('/api/me', { as: 'nobody', headers: { authorization } });
  expect(response.status).toBe(401);
});

test("the deployment's key is an admin key of the first workspace; the next one replaces it", async () => {
  const [one, two] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
  expect(await upsertConfiguredKey(api.deps.engineDb, one)).toBe(true);
  expect(await upsertConfiguredKey(api.deps.engineDb, one)).toBe(true);
  expect(await (await api.request('/api/me', { key: one })).json()).toMatchObject({
    role: 'admin',
    workspace: { slug: 'first' },
  });
  await upsertConfiguredKey(api.deps.engineDb, two);
  expect((await api.request('/api/me', { key: one })).status).toBe(401);
  expect((await api.request('/api/me', { key: two })).status).toBe(200);
  // Back to the first, although it was revoked meanwhile.
  await Promise.all([1, 2, 3].map(() => upsertConfiguredKey(api.deps.engineDb, one)));
  expect((await api.request('/api/me', { key: one })).status).toBe(200);
  expect((await api.request('/api/me', { key: two })).status).toBe(401);
});
