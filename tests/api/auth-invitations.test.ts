import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMailer } from '../../api/auth/mailer.ts';
import { createTestApi, TEST_PASSWORD, testEmail, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

interface Invited {
  id: string;
  link: string;
  sent: boolean;
}
async function invite(
  email: string,
  role = 'agent',
  key = api.workspace.keys.admin,
): Promise<Invited & { token: string }> {
  const response = await api.request('/api/invitations', { key, body: { email, role } });
  expect(response.status).toBe(201);
  const invited = (await response.json()) as Invited;
  return { ...invited, token: new URL(invited.link).hash.slice(1) };
}
const accept = (body: object, cookie?: string) =>
  api.request('/api/invitations/accept', { as: 'nobody', body, ...(cookie !== undefined && { cookie }) });
const lookup = (token: string) => api.request('/api/invitations/lookup', { as: 'nobody', body: { token } });

test('a new person joins by the link, is signed in, and the link is used up', async () => {
  const { token, sent } = await invite('Nora@New.test', 'builder');
  expect(sent).toBe(false);
  expect(await (await lookup(token)).json()).toMatchObject({
    workspaceName: 'Workspace first',
    email: 'nora@new.test',
    role: 'builder',
    hasAccount: false,
  });
  expect((await accept({ token, password: TEST_PASSWORD })).status).toBe(422);
  expect((await accept({ token, name: 'Nora', password: 'short' })).status).toBe(422);
  const joined = await accept({ token, name: 'Nora', password: TEST_PASSWORD });
  expect(joined.status).toBe(200);
  const cookie = joined.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  expect(await (await api.request('/api/me', { cookie })).json()).toMatchObject({
    user: { name: 'Nora', email: 'nora@new.test' },
    role: 'builder',
    workspace: { slug: 'first' },
  });
  expect((await lookup(token)).status).toBe(404);
  expect((await accept({ token, name: 'Nora', password: TEST_PASSWORD })).status).toBe(404);
});

test('of two who use one link at once, one joins', async () => {
  const { token } = await invite('twice@new.test');
  const answers = await Promise.all(
    [1, 2].map(() => accept({ token, name: 'Twice', password: TEST_PASSWORD })),
  );
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 404]);
  const members = await api.deps.engineDb
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .where('users.email', '=', 'twice@new.test')
    .select('members.id')
    .execute();
  expect(members.length).toBe(1);
});

test('somebody with an account proves it by password, or by being signed in', async () => {
  const email = testEmail('agent', 'second');
  const first = await invite(email, 'operator');
  expect(await (await lookup(first.token)).json()).toMatchObject({ hasAccount: true });
  expect((await accept({ token: first.token, password: 'not their password' })).status).toBe(401);
  expect((await lookup(first.token)).status).toBe(200);
  const cookie = await api.signIn('agent', api.other);
  expect((await accept({ token: first.token }, cookie)).status).toBe(200);
  // The session goes on in the workspace just joined, and can go back.
  const me = await (await api.request('/api/me', { cookie })).json();
  expect(me).toMatchObject({ role: 'operator', workspace: { slug: 'first' } });
  expect(me.workspaces.map((one: { slug: string }) => one.slug)).toEqual(['second', 'first']);
  const back = await api.request('/api/auth/organization/set-active', {
    cookie,
    body: { organizationId: api.other.id },
  });
  expect(back.status).toBe(200);
  expect(await (await api.request('/api/me', { cookie })).json()).toMatchObject({
    role: 'agent',
    workspace: { slug: 'second' },
  });
});

test('a session can only go to a workspace of its person', async () => {
  const cookie = await api.signIn('admin');
  const refused = await api.request('/api/auth/organization/set-active', {
    cookie,
    body: { organizationId: api.other.id },
  });
  expect(refused.status).toBe(403);
  expect(await (await api.request('/api/me', { cookie })).json()).toMatchObject({
    workspace: { slug: 'first' },
  });
});

test("being signed in as somebody else doesn't use up their link", async () => {
  const { token } = await invite('other@new.test');
  const cookie = await api.signIn('agent');
  expect((await accept({ token }, cookie)).status).toBe(422);
  expect((await lookup(token)).status).toBe(200);
});

test('a link taken back, replaced or expired opens nothing', async () => {
  const revoked = await invite('gone@new.test');
  expect((await api.request(`/api/invitations/${revoked.id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await api.request(`/api/invitations/${revoked.id}`, { method: 'DELETE' })).status).toBe(404);
  expect((await accept({ token: revoked.token, name: 'Gone', password: TEST_PASSWORD })).status).toBe(404);

  const older = await invite('again@new.test');
  const newer = await invite('again@new.test');
  expect((await lookup(older.token)).status).toBe(404);
  expect((await lookup(newer.token)).status).toBe(200);
  await api.deps.engineDb
    .updateTable('invitations')
    .set({ expires_at: new Date(0) })
    .where('id', '=', newer.id)
    .execute();
  expect((await accept({ token: newer.token, name: 'Late', password: TEST_PASSWORD })).status).toBe(404);
  const listed = await (await api.request('/api/invitations')).json();
  expect(listed.items.find((one: { id: string }) => one.id === newer.id).status).toBe('expired');
  expect(JSON.stringify(listed)).not.toContain(newer.token);
});

test('members are not invited again; other workspaces may invite them', async () => {
  const email = testEmail('builder', 'first');
  const again = await api.request('/api/invitations', { body: { email, role: 'agent' } });
  expect([again.status, (await again.json()).error.code]).toEqual([409, 'already_member']);
  await invite(email, 'agent', api.other.keys.admin);
  // And neither sees the other's invitations.
  const ours = await (await api.request('/api/invitations')).json();
  expect(JSON.stringify(ours)).not.toContain(email);
});

test('no link is kept or logged in readable form', async () => {
  const { token } = await invite('quiet@new.test');
  await accept({ token, name: 'Quiet', password: TEST_PASSWORD });
  expect(api.logLines.join('\n')).not.toContain(token);
  const audit = await (await api.request('/api/audit?limit=100')).text();
  expect(audit).toContain('invitation.accepted');
  expect(audit).not.toContain(token);
});

test('where there is a mail server the link goes by mail only; where it fails the admin gets the link', async () => {
  const mailServer = createMailServer();
  const port = await mailServer.listen();
  const mailer = createMailer({
    smtpUrl: `smtp://127.0.0.1:${port}`,
    mailFrom: 'Teloring <hello@teloring.test>',
  });
  const mailing = await createTestApi({ mailer });
  try {
    const sent = await (
      await mailing.request('/api/invitations', { body: { email: 'a@mail.test', role: 'agent' } })
    ).json();
    expect(sent).toMatchObject({ sent: true, link: null });
    expect(mailServer.mails[0]).toMatch(/To: a@mail\.test/);
    expect(mailServer.mails[0]).toContain('/invite#');
    await mailServer.close();
    const unsent = await (
      await mailing.request('/api/invitations', { body: { email: 'b@mail.test', role: 'agent' } })
    ).json();
    expect(unsent.sent).toBe(false);
    expect(unsent.link).toContain('/invite#');
  } finally {
    await mailServer.close();
    await mailing.close();
  }
});

/** Just enough SMTP to take a mail. */
function createMailServer() {
  const mails: string[] = [];
  const server = createServer((socket) => {
    let data: string[] | null = null;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 test');
    let rest = '';
    socket.on('data', (chunk) => {
      rest += chunk.toString();
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data !== null) {
          if (line !== '.') data.push(line);
          else {
            mails.push(data.join('\n').replaceAll('=\n', '').replaceAll('=3D', '='));
            data = null;
            say('250 taken');
          }
        } else if (line === 'DATA') {
          data = [];
          say('354 go on');
        } else if (line === 'QUIT') {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
    socket.on('error', () => undefined);
  });
  return {
    mails,
    listen: () =>
      new Promise<number>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
      ),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
