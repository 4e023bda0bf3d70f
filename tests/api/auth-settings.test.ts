/** Teams, labels, the audit log and the codec endpoint. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { audit } from '#db/audit.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({
    decodePayloads: async (payloads) => {
      if (payloads.some((payload) => payload.data === 'YmFk')) throw new Error('wrong key');
      return payloads.map((payload) => ({ ...payload, data: 'b3Blbg==' }));
    },
  });
});
afterAll(() => api.close());

describe('teams', () => {
  test('are made, changed and dissolved', async () => {
    const { agent, builder } = api.workspace.users;
    const made = await api.request('/api/teams', { body: { name: 'Sales', memberIds: [agent] } });
    expect(made.status).toBe(201);
    const { id } = await made.json();
    expect((await api.request('/api/teams', { body: { name: 'Sales' } })).status).toBe(409);
    const changed = await api.request(`/api/teams/${id}`, {
      method: 'PATCH',
      body: { name: 'Sales EU', memberIds: [builder, agent] },
    });
    expect((await changed.json()).memberIds.sort()).toEqual([agent, builder].sort());
    expect(await (await api.request('/api/teams', { as: 'agent' })).json()).toMatchObject({
      items: [{ id, name: 'Sales EU' }],
    });
    expect((await api.request(`/api/teams/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await api.request(`/api/teams/${id}`, { method: 'DELETE' })).status).toBe(404);
  });
  test('hold members of their workspace only', async () => {
    const refused = await api.request('/api/teams', {
      body: { name: 'Spies', memberIds: [api.other.users.agent] },
    });
    expect(refused.status).toBe(422);
    expect(await (await api.request('/api/teams')).text()).not.toContain('Spies');
  });
  test('lose who leaves the workspace', async () => {
    const workspace = await api.createWorkspace('team-leaver');
    const key = workspace.keys.admin;
    const { id } = await (
      await api.request('/api/teams', { key, body: { name: 'All', memberIds: [workspace.users.agent] } })
    ).json();
    const { items } = await (await api.request('/api/members', { key })).json();
    const member = items.find((one: { userId: string }) => one.userId === workspace.users.agent);
    await api.request(`/api/members/${member.id}`, { method: 'DELETE', key });
    expect(await (await api.request('/api/teams', { key })).json()).toMatchObject({
      items: [{ id, memberIds: [] }],
    });
  });
  test("of another workspace don't exist", async () => {
    const { id } = await (
      await api.request('/api/teams', { key: api.other.keys.admin, body: { name: 'Theirs' } })
    ).json();
    expect((await api.request(`/api/teams/${id}`, { method: 'PATCH', body: { name: 'Ours' } })).status).toBe(
      404,
    );
    expect((await api.request(`/api/teams/${id}`, { method: 'DELETE' })).status).toBe(404);
    expect(await (await api.request('/api/teams')).text()).not.toContain('Theirs');
  });
});

test('labels are made, renamed and deleted', async () => {
  expect(
    (await api.request('/api/labels', { as: 'agent', body: { name: 'vip', color: 'red' } })).status,
  ).toBe(201);
  expect((await api.request('/api/labels', { body: { name: 'vip' } })).status).toBe(409);
  expect(
    (
      await api.request('/api/labels/vip', {
        method: 'PATCH',
        body: { name: 'very/important', color: 'blue' },
      })
    ).status,
  ).toBe(204);
  expect(await (await api.request('/api/labels')).json()).toMatchObject({
    items: [{ name: 'very/important', color: 'blue' }],
    nextCursor: null,
  });
  expect((await api.request('/api/labels/very%2Fimportant', { method: 'DELETE' })).status).toBe(204);
  expect((await api.request('/api/labels/very%2Fimportant', { method: 'DELETE' })).status).toBe(404);
});

describe('the audit log', () => {
  test('says who changed what, newest first, page by page', async () => {
    const workspace = await api.createWorkspace('audited');
    const key = workspace.keys.admin;
    for (const name of ['one', 'two', 'three']) await api.request('/api/teams', { key, body: { name } });
    const first = await (await api.request('/api/audit?limit=2', { key })).json();
    expect(first.items.map((entry: { diff: { name: string } }) => entry.diff.name)).toEqual(['three', 'two']);
    expect(first.items[0]).toMatchObject({
      actor: { kind: 'api_key', name: 'admin key' },
      action: 'team.created',
      subject: { kind: 'team' },
      requestId: expect.any(String),
    });
    const second = await (await api.request(`/api/audit?limit=2&cursor=${first.nextCursor}`, { key })).json();
    expect(second.items.map((entry: { diff: { name: string } }) => entry.diff.name)).toEqual(['one']);
    expect(second.nextCursor).toBeNull();
    const filtered = await (
      await api.request(`/api/audit?subjectId=${first.items[0].subject.id}`, { key })
    ).json();
    expect(filtered.items.length).toBe(1);
    expect(await (await api.request('/api/audit')).text()).not.toContain(workspace.id);
  });

  test('holds no secrets, whatever it is given', async () => {
    const actor = { userId: null, apiKeyId: null, name: 'system', workspaceId: api.workspace.id };
    await inWorkspace(api.deps.appDb, api.workspace.id, (tx) =>
      audit(
        tx,
        actor,
        'test.leak',
        { kind: 'test', id: null },
        {
          credentials: { botToken: 'LEAKED' },
          list: [{ accessToken: 'LEAKED', fine: 'kept' }],
          password: null,
        },
      ),
    );
    const [entry] = (await (await api.request('/api/audit?action=test.leak')).json()).items;
    expect(entry.diff).toEqual({
      credentials: '[secret]',
      list: [{ accessToken: '[secret]', fine: 'kept' }],
      password: null,
    });
  });

  test('and the change stand or fall together', async () => {
    const refused = inWorkspace(api.deps.appDb, api.workspace.id, async (tx) => {
      await tx.insertInto('labels').values({ workspace_id: api.workspace.id, name: 'half' }).execute();
      const actor = { userId: null, apiKeyId: null, name: 'x', workspaceId: api.other.id };
      await audit(tx, actor, 'label.created', { kind: 'label', id: 'half' });
    });
    await expect(refused).rejects.toThrow(/row-level security/);
    expect(await (await api.request('/api/labels')).text()).not.toContain('half');
  });
});

const decode = (as: 'admin' | 'operator' | 'builder' | 'agent', data: string) =>
  api.request('/api/temporal/codec/decode', {
    as,
    body: { payloads: [{ metadata: { encoding: 'eA==' }, data }] },
  });

describe('the codec endpoint', () => {
  test('opens payloads for admins and operators, and writes that down', async () => {
    for (const role of ['admin', 'operator'] as const) {
      const response = await decode(role, 'eA==');
      expect(await response.json()).toEqual({
        payloads: [{ metadata: { encoding: 'eA==' }, data: 'b3Blbg==' }],
      });
    }
    for (const role of ['builder', 'agent'] as const) expect((await decode(role, 'eA==')).status).toBe(403);
    const { items } = await (await api.request('/api/audit?action=temporal.decoded')).json();
    expect(items.length).toBe(2);
  });
  test("may be asked by Temporal's own UI with the session's cookie, by no other site", async () => {
    const withUi = await createTestApi({}, { TEMPORAL_UI_URL: 'http://127.0.0.1:8233' });
    try {
      const cookie = await withUi.signIn('operator');
      const ask = (origin: string, method = 'POST') =>
        withUi.request('/api/temporal/codec/decode', {
          method,
          cookie,
          headers: { origin, 'access-control-request-method': 'POST' },
          ...(method === 'POST' && { body: { payloads: [] } }),
        });
      const allowed = await ask('http://127.0.0.1:8233');
      expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
        200,
        'http://127.0.0.1:8233',
      ]);
      expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
      const preflight = await ask('http://127.0.0.1:8233', 'OPTIONS');
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
        204,
        'http://127.0.0.1:8233',
      ]);
      const refused = await ask('http://evil.example');
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      expect(
        (await ask('http://evil.example', 'OPTIONS')).headers.get('access-control-allow-origin'),
      ).toBeNull();
      const elsewhere = await withUi.request('/api/labels', {
        cookie,
        headers: { origin: 'http://127.0.0.1:8233' },
        body: { name: 'x' },
      });
      expect(elsewhere.status).toBe(403);
    } finally {
      await withUi.close();
    }
  });
  test("says that payloads don't open, without a word of them", async () => {
    const response = await decode('admin', 'YmFk');
    expect([response.status, (await response.json()).error.code]).toEqual([422, 'undecodable']);
  });
});
