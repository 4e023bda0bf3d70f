import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFirstAdmin } from '../../api/auth/first-admin.ts';
import { createTestApi, TEST_PASSWORD, testEmail, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

const signInAs = (email: string, password: string, headers: Record<string, string> = {}, from?: string) =>
  api.request('/api/auth/sign-in/email', { as: 'nobody', body: { email, password }, headers, from });

const guess = (email: string, password: string, from: string) => signInAs(email, password, {}, from);

describe('sign-in', () => {
  test('a member signs in, is known, and signs out', async () => {
    const cookie = await api.signIn('builder');
    const me = await (await api.request('/api/me', { cookie })).json();
    expect(me).toMatchObject({
      user: { id: api.workspace.users.builder, email: testEmail('builder', 'first') },
      apiKey: null,
      role: 'builder',
      workspace: { id: api.workspace.id, slug: 'first' },
      workspaces: [{ slug: 'first', role: 'builder' }],
    });
    expect(me.permissions).toContain('flows:write');
    expect(me.permissions).not.toContain('inboxes:write');

    const out = await api.request('/api/auth/sign-out', { method: 'POST', cookie, body: {} });
    expect(out.status).toBe(200);
    expect((await api.request('/api/me', { cookie })).status).toBe(401);
  });

  test('the cookie is out of reach of scripts and other sites', async () => {
    const response = await signInAs(testEmail('agent', 'first'), TEST_PASSWORD);
    const cookie = response.headers.getSetCookie().find((one) => one.includes('session_token')) ?? '';
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    expect(cookie).not.toMatch(/Secure/i);
  });

  test('the cookie is secure where the public URL is https', async () => {
    const https = await createTestApi({}, { PUBLIC_URL: 'https://chat.example' });
    try {
      const response = await https.request('/api/auth/sign-in/email', {
        as: 'nobody',
        body: { email: testEmail('agent', 'first'), password: TEST_PASSWORD },
      });
      expect(response.headers.getSetCookie().join()).toMatch(/__Secure-teloring.*Secure/i);
      expect(response.headers.get('strict-transport-security')).toBeTruthy();
    } finally {
      await https.close();
    }
  });

  test('a wrong password and an unknown address are answered alike', async () => {
    const wrong = await signInAs(testEmail('operator', 'first'), 'not the password');
    const unknown = await signInAs('nobody@nowhere.test', 'not the password');
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(await wrong.json()).toEqual(await unknown.json());
  });

  test('the eleventh try for one account from one address is refused, with the right password too', async () => {
    const email = testEmail('operator', 'second');
    for (let index = 0; index < 10; index++)
      expect((await guess(email, 'guess', '203.0.113.7')).status).toBe(401);
    const refused = await guess(email, TEST_PASSWORD, '203.0.113.7');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('900');
    // An account that doesn't exist is refused in the same way.
    for (let index = 0; index < 10; index++)
      expect((await guess('ghost@x.test', 'guess', '203.0.113.7')).status).toBe(401);
    expect((await guess('ghost@x.test', 'guess', '203.0.113.7')).status).toBe(429);
    // The owner, elsewhere, still comes in.
    expect((await guess(email, TEST_PASSWORD, '203.0.113.8')).status).toBe(200);
  });

  test('guesses made at once are counted one by one', async () => {
    const email = testEmail('builder', 'second');
    const answers = await Promise.all(
      Array.from({ length: 15 }, () => signInAs(email, 'guess', {}, '203.0.113.9')),
    );
    expect(answers.filter((answer) => answer.status === 401).length).toBe(10);
    expect(answers.filter((answer) => answer.status === 429).length).toBe(5);
  });

  test('one address may not try many accounts', async () => {
    const answers = [];
    for (let index = 0; index < 61; index++) {
      answers.push((await signInAs(`person${index}@x.test`, 'guess', {}, '203.0.113.10')).status);
    }
    expect(new Set(answers.slice(0, 60))).toEqual(new Set([401]));
    expect(answers[60]).toBe(429);
  });

  test('nobody signs up by themselves', async () => {
    const response = await api.request('/api/auth/sign-up/email', {
      as: 'nobody',
      body: { email: 'new@nowhere.test', password: TEST_PASSWORD, name: 'New' },
    });
    expect(response.status).toBe(400);
    const users = await api.deps.engineDb
      .selectFrom('users')
      .select('id')
      .where('email', '=', 'new@nowhere.test')
      .execute();
    expect(users).toEqual([]);
  });

  test("the library's own ways around our roles are closed", async () => {
    const cookie = await api.signIn('agent');
    for (const path of [
      'organization/create',
      'organization/invite-member',
      'organization/update-member-role',
      'delete-user',
    ]) {
      const response = await api.request(`/api/auth/${path}`, { method: 'POST', cookie, body: {} });
      expect([path, response.status]).toEqual([path, 404]);
    }
  });
});

const rename = (headers: Record<string, string>, cookie: string) =>
  api.request('/api/labels', { cookie, body: { name: `l${Math.random()}` }, headers });

describe('CSRF', () => {
  test('a changing request from another site is refused, from ours or from a program taken', async () => {
    const cookie = await api.signIn('agent');
    expect((await rename({ origin: 'https://evil.example' }, cookie)).status).toBe(403);
    expect((await rename({ origin: 'null' }, cookie)).status).toBe(403);
    expect((await rename({ 'sec-fetch-site': 'cross-site' }, cookie)).status).toBe(403);
    expect((await rename({ origin: 'http://127.0.0.1:4100' }, cookie)).status).toBe(201);
    expect((await rename({ origin: 'http://localhost:4100' }, cookie)).status).toBe(201);
    expect((await rename({}, cookie)).status).toBe(201);
  });

  test('signing somebody in from another site is refused', async () => {
    const response = await signInAs(testEmail('agent', 'first'), TEST_PASSWORD, {
      origin: 'https://evil.example',
    });
    expect(response.status).toBe(403);
  });
});

describe('who may be in which workspace', () => {
  test('removing a member ends their access at once', async () => {
    const workspace = await api.createWorkspace('leaving');
    const cookie = await api.signIn('agent', workspace);
    const admin = workspace.keys.admin;
    const members = await (await api.request('/api/members', { key: admin })).json();
    const agent = members.items.find((member: { role: string }) => member.role === 'agent');
    expect((await api.request('/api/me', { cookie })).status).toBe(200);
    expect((await api.request(`/api/members/${agent.id}`, { method: 'DELETE', key: admin })).status).toBe(
      204,
    );
    const after = await api.request('/api/me', { cookie });
    expect([after.status, (await after.json()).error.code]).toEqual([403, 'no_workspace']);
  });

  test('a role change counts from the next request on; the last admin stays one', async () => {
    const workspace = await api.createWorkspace('changing');
    const key = workspace.keys.admin;
    const { items } = await (await api.request('/api/members', { key })).json();
    const of = (role: string): { id: string } =>
      items.find((member: { role: string }) => member.role === role);
    const cookie = await api.signIn('agent', workspace);
    expect((await api.request('/api/audit', { cookie })).status).toBe(403);
    const last = await api.request(`/api/members/${of('admin').id}`, {
      method: 'PATCH',
      key,
      body: { role: 'agent' },
    });
    expect([last.status, (await last.json()).error.code]).toEqual([409, 'last_admin']);
    expect((await api.request(`/api/members/${of('admin').id}`, { method: 'DELETE', key })).status).toBe(409);
    expect(
      (await api.request(`/api/members/${of('agent').id}`, { method: 'PATCH', key, body: { role: 'admin' } }))
        .status,
    ).toBe(200);
    expect((await api.request('/api/audit', { cookie })).status).toBe(200);
    expect(
      (await api.request(`/api/members/${of('admin').id}`, { method: 'PATCH', key, body: { role: 'agent' } }))
        .status,
    ).toBe(200);
  });

  test('of two who demote each other at once one stays admin', async () => {
    const workspace = await api.createWorkspace('two-admins');
    const key = workspace.keys.admin;
    const { items } = await (await api.request('/api/members', { key })).json();
    const ids = items
      .filter((member: { role: string }) => member.role === 'admin' || member.role === 'agent')
      .map((member: { id: string }) => member.id);
    for (const id of ids)
      await api.request(`/api/members/${id}`, { method: 'PATCH', key, body: { role: 'admin' } });
    const answers = await Promise.all(
      ids.map((id: string) =>
        api.request(`/api/members/${id}`, { method: 'PATCH', key, body: { role: 'agent' } }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 409]);
  });
});

test('the first admin is made once', async () => {
  const input = {
    email: 'First@Admin.test',
    password: TEST_PASSWORD,
    name: 'First',
    workspaceName: 'Acme',
    slug: 'acme',
  };
  const first = await createFirstAdmin(api.deps, input);
  const again = await createFirstAdmin(api.deps, { ...input, password: 'another password' });
  expect(first.created).toBe(true);
  expect(again).toEqual({ ...first, created: false });
  expect((await signInAs('first@admin.test', TEST_PASSWORD)).status).toBe(200);
  expect((await signInAs('first@admin.test', 'another password')).status).toBe(401);
});
