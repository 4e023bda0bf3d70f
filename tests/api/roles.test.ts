/** Route × role, for every route that is mounted: one that isn't in this table fails the test. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROLES, type Role } from '#domain/roles.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

const everyone = 'admin builder operator agent';

/** Who may ask. `open`: anybody; what such a route checks itself (a signature, a link's token) is tested with it. */
const TABLE: Readonly<Record<string, string>> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'open',
  'GET /api/openapi.json': 'open',
  'GET /api/docs': 'open',
  'GET /api/docs/start.js': 'open',
  'GET /api/docs/:file': 'open',
  'POST /api/auth/sign-in/email': 'open',
  'POST /api/auth/sign-up/email': 'open',
  'GET /api/auth/get-session': 'open',
  'POST /api/auth/sign-out': 'open',
  'POST /api/auth/change-password': 'open',
  'POST /api/auth/request-password-reset': 'open',
  'GET /api/auth/reset-password/:token': 'open',
  'POST /api/auth/reset-password': 'open',
  'POST /api/auth/update-user': 'open',
  'GET /api/auth/list-sessions': 'open',
  'POST /api/auth/revoke-session': 'open',
  'POST /api/auth/revoke-other-sessions': 'open',
  'GET /api/auth/organization/list': 'open',
  'POST /api/auth/organization/set-active': 'open',
  'POST /api/invitations/lookup': 'open',
  'POST /api/invitations/accept': 'open',
  'POST /webhooks/email/:inboxId': 'open',
  'GET /webhooks/:app': 'open',
  'POST /webhooks/:app': 'open',
  'GET /webhooks/:segment/:inboxId': 'open',
  'POST /webhooks/:segment/:inboxId': 'open',
  'GET /webhooks/:segment/:inboxId/:path': 'open',
  'POST /webhooks/:segment/:inboxId/:path': 'open',
  'GET /widget.js': 'open',
  'GET /demo': 'open',
  'GET /live-chat/assets/:file': 'open',
  'GET /live-chat/:inboxId/config': 'open',
  'GET /live-chat/:inboxId/frame': 'open',
  'POST /live-chat/:inboxId/session': 'open',
  'GET /live-chat/:inboxId/messages': 'open',
  'POST /live-chat/:inboxId/messages': 'open',
  'POST /live-chat/:inboxId/media': 'open',
  'GET /live-chat/:inboxId/stream': 'open',
  'GET /media/:id': 'open',
  'GET /*': 'open',

  'GET /api/me': everyone,
  'GET /api/members': everyone,
  'PATCH /api/members/:id': 'admin',
  'DELETE /api/members/:id': 'admin',
  'GET /api/invitations': 'admin',
  'POST /api/invitations': 'admin',
  'DELETE /api/invitations/:id': 'admin',
  'GET /api/teams': everyone,
  'POST /api/teams': 'admin',
  'PATCH /api/teams/:id': 'admin',
  'DELETE /api/teams/:id': 'admin',
  'GET /api/labels': everyone,
  'POST /api/labels': 'admin agent',
  'PATCH /api/labels/:name': 'admin',
  'DELETE /api/labels/:name': 'admin',
  'GET /api/api-keys': 'admin',
  'POST /api/api-keys': 'admin',
  'DELETE /api/api-keys/:id': 'admin',
  'GET /api/audit': 'admin',
  'POST /api/temporal/codec/decode': 'admin operator',

  'GET /api/inboxes': everyone,
  'POST /api/inboxes': 'admin',
  'GET /api/inboxes/:id': everyone,
  'PATCH /api/inboxes/:id': 'admin',
  'DELETE /api/inboxes/:id': 'admin',
  'GET /api/inboxes/:id/diagnostics': everyone,
  'POST /api/inboxes/:id/probe': 'admin',
  'POST /api/inboxes/:id/test': 'admin',
  'GET /api/conversations': everyone,
  'POST /api/conversations': 'admin agent',
  'GET /api/conversations/:id': everyone,
  'GET /api/messages/:id/email/images/:n': everyone,
  'GET /api/conversations/:id/email-reply': everyone,
  'GET /api/inboxes/:id/email-reply': everyone,
  'PATCH /api/conversations/:id': 'admin agent',
  'POST /api/conversations/:id/read': everyone,
  'GET /api/conversations/:id/activities': everyone,
  'GET /api/conversations/:id/messages': everyone,
  'POST /api/conversations/:id/messages': 'admin agent',
  'POST /api/conversations/:id/typing': 'admin agent',
  'POST /api/messages/:id/actions': 'admin agent',
  'POST /api/messages/:id/cancel': 'admin agent',
  'GET /api/customers': everyone,
  'POST /api/customers': 'admin agent',
  'GET /api/customers/:id': everyone,
  'PATCH /api/customers/:id': 'admin agent',
  'DELETE /api/customers/:id': 'admin agent',
  'POST /api/media': 'admin builder agent',
  'GET /api/flows': everyone,
  'POST /api/flows': 'admin builder',
  'GET /api/flows/:id': everyone,
  'PATCH /api/flows/:id': 'admin builder',
  'DELETE /api/flows/:id': 'admin builder',
  'PUT /api/flows/:id/draft': 'admin builder',
  'POST /api/flows/:id/publish': 'admin builder',
  'POST /api/flows/:id/rollback': 'admin builder',
  'POST /api/flows/:id/simulate': 'admin builder',
  'POST /api/flows/:id/replay': 'admin builder',
  'GET /api/flows/:id/versions': everyone,
  'GET /api/flows/:id/versions/:versionNo': everyone,
  'GET /api/runs': everyone,
  'GET /api/runs/:id': everyone,
  'GET /api/runs/:id/steps': everyone,
  'GET /api/runs/:id/history': everyone,
  'POST /api/runs/:id/cancel': 'admin operator',
  'POST /api/runs/:id/terminate': 'admin operator',
  'POST /api/runs/:id/retry': 'admin operator',
  'POST /api/runs/:id/skip': 'admin operator',
  'POST /api/runs/:id/resume': 'admin operator',
  'GET /api/messages/:id/trace': everyone,
  'GET /api/messages/:id/email': everyone,
  'GET /api/messages/:id/email/original': everyone,
  'GET /api/events': everyone,

  'GET /sandbox/api/:inboxId/phone': 'admin',
  'GET /sandbox/api/:inboxId/sent': 'admin',
  'POST /sandbox/api/:inboxId/messages': 'admin',
  'POST /sandbox/api/:inboxId/acts': 'admin',
  'POST /sandbox/api/:inboxId/faults': 'admin',
  'POST /sandbox/api/:inboxId/faults/clear': 'admin',
  'POST /sandbox/api/:inboxId/delivery': 'admin',
  'POST /sandbox/api/:inboxId/release': 'admin',
};

/** Registered for every method: middleware, and the ends of paths. */
const ANY_METHOD = new Set([
  '/*',
  '/api/*',
  '/api/auth/*',
  '/api/temporal/codec/*',
  '/api/invitations/lookup',
  '/api/invitations/accept',
  '/webhooks/*',
  '/webhooks/email/*',
  '/sandbox/api/*',
  // The doubles of the providers' own APIs: their callers have the provider's tokens.
  '/sandbox/telegram/*',
  '/sandbox/meta/*',
  '/sandbox/line/*',
  '/sandbox/tiktok/*',
  '/sandbox/twilio/*',
]);

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({}, { TELORING_EMBEDDED: 'postgres,temporal', TELORING_SANDBOX: '1' });
});
afterAll(() => api.close());

const mounted = (): string[] => [
  ...new Set(
    api.app.routes.filter((route) => route.method !== 'ALL').map((route) => `${route.method} ${route.path}`),
  ),
];

test('every mounted route is in the table, and every one in the table is mounted', () => {
  expect(mounted().sort()).toEqual(Object.keys(TABLE).sort());
  const anyMethod = new Set(
    api.app.routes.filter((route) => route.method === 'ALL').map((route) => route.path),
  );
  expect([...anyMethod].filter((path) => !ANY_METHOD.has(path))).toEqual([]);
});

test('every route below /api is either open by intent or asks who you are', async () => {
  const guarded = Object.entries(TABLE).filter(([, roles]) => roles !== 'open');
  expect(guarded.length).toBeGreaterThan(20);
  for (const [route] of guarded) {
    const response = await ask(route, 'nobody');
    expect([route, response]).toEqual([route, { status: 401, code: 'unauthenticated' }]);
  }
});

test.each(ROLES)('%s may do what the table says, and nothing else', async (role) => {
  const refused: string[] = [];
  const expected: string[] = [];
  for (const [route, roles] of Object.entries(TABLE)) {
    if (roles === 'open') continue;
    if (!roles.split(' ').includes(role)) expected.push(route);
    const { status, code } = await ask(route, role);
    expect([route, status === 401 || status >= 500]).toEqual([route, false]);
    if (status === 403 && code === 'forbidden') refused.push(route);
  }
  expect(refused.sort()).toEqual(expected.sort());
});

/** Ids that don't exist and an empty body: whoever is let in gets a 2xx, 404 or 422. */
async function ask(
  route: string,
  as: Role | 'nobody',
): Promise<{ status: number; code: string | undefined }> {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replaceAll(/:(\w+)/g, () => uuidV7());
  const response = await api.request(path, { method, as, ...(method !== 'GET' && { body: {} }) });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel();
    return { status: response.status, code: undefined };
  }
  const text = await response.text();
  const code = /^\{"error":\{"code":"(\w+)"/.exec(text)?.[1];
  return { status: response.status, code };
}
