/** I10: no secret in any answer or log line, whatever is asked. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApi, TEST_PASSWORD, type TestApi } from '../support/api.ts';
import { fillWorkspace, type WorkspaceRows } from '../support/workspace-rows.ts';

let api: TestApi;
let rows: WorkspaceRows;
let secrets: string[];
beforeAll(async () => {
  api = await createTestApi(
    {},
    {
      TELORING_EMBEDDED: 'postgres,temporal',
      TELORING_SANDBOX: '1',
      TELEGRAM_API_URL: 'http://127.0.0.1:9',
      META_APP_ID: 'app',
      META_APP_SECRET: 'meta-app-secret-value',
      TELORING_METRICS_TOKEN: 'metrics-token-value',
      TELORING_API_KEY: 'configured-api-key-value-0123456789abcdef',
      TELORING_ADMIN_PASSWORD: 'configured-admin-password',
      SMTP_URL: 'smtp://user:smtp-password-value@127.0.0.1:9',
      MAIL_FROM: 'a@b.test',
    },
  );
  rows = await fillWorkspace(
    api.deps.engineDb,
    api.deps.keyring,
    api.workspace.id,
    'mark',
    api.workspace.users.admin,
  );
  const hashes = await api.deps.engineDb.selectFrom('accounts').select('password').execute();
  secrets = [
    ...rows.secrets,
    ...Object.values(api.workspace.keys),
    ...hashes.map((row) => row.password ?? 'none'),
    api.deps.config.secretKey,
    TEST_PASSWORD,
    'meta-app-secret-value',
    'metrics-token-value',
    'configured-api-key-value',
    'configured-admin-password',
    'smtp-password-value',
  ];
});
afterAll(() => api.close());

const routesOf = (...methods: string[]): { method: string; path: string }[] => {
  const all = api.app.routes.filter(
    (route) => methods.includes(route.method) && !route.path.startsWith('/api/auth/'),
  );
  return [...new Map(all.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
};
/** Every path a pattern can mean here: all ids we know, and a bad one. */
const pathsOf = (pattern: string): string[] =>
  pattern.includes(':')
    ? [...Object.values(rows.ids), 'x'].map((id) => pattern.replaceAll(/:\w+/g, id))
    : [pattern];

function leaks(text: string): string[] {
  return secrets.filter((secret) => text.includes(secret));
}
async function read(response: Response): Promise<string> {
  const headers = JSON.stringify([...response.headers]);
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return headers + (await response.text());
  const reader = response.body?.getReader();
  const stop = setTimeout(() => void reader?.cancel(), 300);
  let text = headers;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    text += Buffer.from(part.value).toString();
  clearTimeout(stop);
  return text;
}

test('the test would see a leak', async () => {
  expect(leaks(`x ${rows.secrets[1]} y`)).toEqual([rows.secrets[1]]);
  const opened = await api.deps.inboxes.byId(rows.ids['telegram'] ?? '');
  expect(leaks(JSON.stringify(opened))).toEqual([rows.secrets[1], rows.secrets[2]]);
});

test('no GET answers one, to an admin or to nobody', async () => {
  let answered = 0;
  for (const { path: pattern } of routesOf('GET')) {
    for (const path of pathsOf(pattern)) {
      for (const as of ['admin', 'nobody'] as const) {
        const response = await api.request(path, { as });
        if (response.ok) answered += 1;
        expect([path, leaks(await read(response))]).toEqual([path, []]);
      }
    }
  }
  expect(answered).toBeGreaterThan(20);
}, 120_000);

test('no other request answers one, whether it works or fails', async () => {
  const bodies = [
    {},
    { name: 'n', text: 't', clientMessageId: 'c', enabled: true, status: 'open' },
    'not json',
  ];
  for (const { method, path: pattern } of routesOf('POST', 'PUT', 'PATCH')) {
    for (const path of pathsOf(pattern)) {
      for (const body of bodies) {
        const response = await api.request(path, { method, body });
        expect([method, path, leaks(await read(response))]).toEqual([method, path, []]);
      }
    }
  }
}, 240_000);

test('a connection that fails repeats no credentials', async () => {
  const response = await api.request('/api/inboxes', {
    body: {
      type: 'telegram',
      name: 'Unreachable',
      credentials: { botToken: `987654321:${rows.secrets[1]}` },
    },
  });
  expect(response.status).toBe(422);
  expect(leaks(await read(response))).toEqual([]);
});

test('no log line holds one', () => {
  expect(api.logLines.length).toBeGreaterThan(0);
  expect(leaks(api.logLines.join('\n'))).toEqual([]);
});
