/** I10: no secret in any answer or log line, whatever is asked. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveHttp, type LocalServer } from '../contract/local-server.ts';
import { appsOf } from '../../api/provider-apps.ts';
import { createTestApi, TEST_PASSWORD, type TestApi } from '../support/api.ts';
import { fillWorkspace, type WorkspaceRows } from '../support/workspace-rows.ts';

let api: TestApi;
let rows: WorkspaceRows;
let secrets: string[];
let rude: LocalServer;
const providers = [
  'TELEGRAM_API_URL',
  'META_GRAPH_URL',
  'META_OAUTH_URL',
  'INSTAGRAM_GRAPH_URL',
  'LINE_API_URL',
  'TWILIO_API_URL',
  'TIKTOK_API_URL',
];
beforeAll(async () => {
  rude = await startRudeProvider();
  api = await createTestApi(
    {},
    {
      TELORING_EMBEDDED: 'postgres,temporal',
      TELORING_SANDBOX: '1',
      ...Object.fromEntries(providers.map((name) => [name, rude.url])),
      META_APP_ID: 'app',
      META_APP_SECRET: 'meta-app-secret-value',
      META_VERIFY_TOKEN: 'meta-verify-token-value',
      INSTAGRAM_APP_ID: 'instagram-app',
      INSTAGRAM_APP_SECRET: 'instagram-app-secret-value',
      TIKTOK_APP_ID: 'tiktok-app',
      TIKTOK_APP_SECRET: 'tiktok-app-secret-value',
      MICROSOFT_CLIENT_ID: 'microsoft-app',
      MICROSOFT_CLIENT_SECRET: 'microsoft-app-secret-value',
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
    ...appSecrets(false),
    ...appSecrets(true),
    'metrics-token-value',
    'configured-api-key-value',
    'configured-admin-password',
    'smtp-password-value',
  ];
});
afterAll(async () => {
  await api.close();
  await rude.close();
});

/** Refuses every call in every provider's shape, and repeats all it was given: addresses, headers, body. */
async function startRudeProvider(): Promise<LocalServer> {
  return await serveHttp(({ method, path, headers, body }, response) => {
    const { authorization = '' } = headers;
    const who = authorization.startsWith('Basic ')
      ? Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
      : JSON.stringify(headers);
    const message = `Malformed: ${method} ${path} ${who} ${body.toString()}`;
    const error = { message, type: 'OAuthException', code: 100 };
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: false, description: message, message, code: 40_002, error }));
  });
}
const appSecrets = (sandbox: boolean): string[] =>
  Object.values(appsOf(api.deps, sandbox)).flatMap(({ secret, verifyToken }) =>
    verifyToken === undefined ? [secret] : [secret, verifyToken],
  );

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
  // Opened for its adapter, an inbox carries its own secrets and those of the real apps; the sandbox's are for sandbox inboxes.
  expect(leaks(JSON.stringify(opened))).toEqual([rows.secrets[1], rows.secrets[2], ...appSecrets(false)]);
  expect(appSecrets(false)).toHaveLength(6);
  expect(appSecrets(true)).toHaveLength(5);
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

const token = 'own-access-token-of-an-inbox';
test.for([
  ['telegram', { botToken: `987654321:${token}` }],
  ['line', { channelSecret: 'a1b2c3d4e5f6a7b8', channelAccessToken: token }],
  ['sms', { accountSid: 'ACa', authToken: token, phoneNumber: '+15551234567' }],
  ['whatsapp', { wabaId: '10001', phoneNumberId: '20002', accessToken: token }],
  ['messenger', { pageId: '30003', pageAccessToken: token }],
  ['facebook_page', { pageId: '30003', pageAccessToken: token }],
  ['instagram_dm', { instagramUserId: '40004', accessToken: token, login: 'instagram' }],
  ['instagram_posts', { instagramUserId: '40004', accessToken: token, login: 'facebook' }],
  ['tiktok', { businessId: '5', accessToken: token, refreshToken: `${token}-to-refresh` }],
] as const)(
  'a connection that %s refuses repeats no credentials, though the provider does',
  async ([type, credentials]) => {
    const response = await api.request('/api/inboxes', { body: { type, name: 'Refused', credentials } });
    const said = await read(response);
    expect([response.status, said]).toEqual([422, expect.stringContaining('Malformed')]);
    expect(leaks(said)).toEqual([]);
    expect(said).not.toContain(token);
    expect(said).not.toContain('a1b2c3d4e5f6a7b8');
    expect(api.logLines.join('\n')).not.toContain(token);
  },
);

test('no log line holds one', () => {
  expect(api.logLines.length).toBeGreaterThan(0);
  expect(leaks(api.logLines.join('\n'))).toEqual([]);
});
