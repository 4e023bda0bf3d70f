/** The edges every route shares: errors, sizes, headers, health, documents, the UI's files. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { msToTs } from '@temporalio/common/lib/time.js';
import { NativeConnection } from '@temporalio/worker';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { QUEUES } from '#workflows/contract.ts';
import { ApiError } from '../../api/middleware/errors.ts';
import { createRouter } from '../../api/openapi.ts';
import { uiRoutes } from '../../api/ui.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi({
    extraRoutes: [
      () => {
        const app = createRouter();
        app.get('/api/test/breaks', () => {
          throw new Error('connection to postgres://user:hunter2@db failed');
        });
        app.get('/api/test/refuses', () => {
          throw new ApiError(409, 'taken', 'Taken.', { by: 'me' });
        });
        return app;
      },
    ],
  });
});
afterAll(() => api.close());

async function failure(response: Promise<Response>): Promise<[number, string]> {
  const answer = await response;
  const { error } = await answer.json();
  expect(error.requestId).toBe(answer.headers.get('x-request-id'));
  expect(error.message).toBeTruthy();
  return [answer.status, error.code];
}

describe('errors', () => {
  test('have one shape', async () => {
    expect(await failure(api.request('/api/nothing'))).toEqual([404, 'not_found']);
    expect(await failure(api.request('/api/me', { as: 'nobody' }))).toEqual([401, 'unauthenticated']);
    expect(await failure(api.request('/api/api-keys', { as: 'agent' }))).toEqual([403, 'forbidden']);
    expect(await failure(api.request('/api/test/refuses'))).toEqual([409, 'taken']);
    expect(await failure(api.request('/api/members?limit=1000'))).toEqual([400, 'invalid']);
    expect(await failure(api.request('/api/members?cursor=x'))).toEqual([400, 'invalid']);
    expect(await failure(api.request('/api/members/not-an-id', { method: 'DELETE' }))).toEqual([
      404,
      'not_found',
    ]);
    expect(await failure(api.request('/api/teams', { body: '{"name": ' }))).toEqual([400, 'malformed']);
    expect(
      await failure(api.request('/api/teams', { body: 'name=x', headers: { 'content-type': 'text/plain' } })),
    ).toEqual([415, 'unsupported_media_type']);
  });
  test('an unknown path without a key says nothing about what exists', async () => {
    expect(await failure(api.request('/api/nothing', { as: 'nobody' }))).toEqual([401, 'unauthenticated']);
  });
  test('name what is wrong with a body', async () => {
    const response = await api.request('/api/api-keys', { body: { name: '', role: 'owner' } });
    expect(response.status).toBe(422);
    const { error } = await response.json();
    expect(error.details.map((detail: { path: string }) => detail.path).sort()).toEqual(['name', 'role']);
  });
  test('unknown fields are ignored', async () => {
    expect((await api.request('/api/teams', { body: { name: 'Extra', whatever: 1 } })).status).toBe(201);
  });
  test('of our own keep their words for the log', async () => {
    const response = await api.request('/api/test/breaks');
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toMatch(/postgres|hunter2/);
    const { requestId } = JSON.parse(text).error;
    const line = api.logLines.find((one) => one.includes(requestId)) ?? '';
    expect(line).toContain('connection to');
    expect(line).not.toContain('hunter2');
  });
  test('text of any kind is stored, never a crash', async () => {
    for (const name of [
      'مرحبا',
      '👩‍👩‍👧',
      'a\u0000b',
      '\uD800',
      '<script>alert(1)</script>',
      "'; drop table users; --",
    ]) {
      const response = await api.request('/api/teams', { body: { name } });
      expect([name, response.status]).toEqual([name, 201]);
      expect((await response.json()).name).toBe(name.toWellFormed().replaceAll('\u0000', '\uFFFD'));
    }
    expect((await api.request('/api/labels/a%00b', { method: 'DELETE' })).status).toBe(400);
  });
});

describe('bodies', () => {
  const big = JSON.stringify({ name: 'x'.repeat(1024 * 1024) });
  test('over 1 MiB are refused, declared or not', async () => {
    expect(
      await failure(
        api.request('/api/teams', { body: big, headers: { 'content-length': String(big.length) } }),
      ),
    ).toEqual([413, 'too_large']);
    expect(await failure(api.request('/api/teams', { body: big }))).toEqual([413, 'too_large']);
  });
  test('that lie about their length are counted while chunked', async () => {
    const headers = { 'content-length': '10', 'transfer-encoding': 'chunked' };
    expect(await failure(api.request('/api/teams', { body: big, headers }))).toEqual([413, 'too_large']);
  });
});

describe('headers', () => {
  test('answers of the API can be neither framed, sniffed nor kept', async () => {
    const { headers } = await api.request('/api/me');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('open routes', () => {
  test('/healthz', async () => {
    expect((await api.request('/healthz', { as: 'nobody' })).status).toBe(200);
  });

  test('/metrics is for this machine or the token', async () => {
    const withToken = await createTestApi({}, { TELORING_METRICS_TOKEN: 'metrics-token' });
    try {
      const ask = (from: string, headers: Record<string, string> = {}) =>
        withToken.request('/metrics', { as: 'nobody', from, headers });
      const local = await ask('127.0.0.1');
      expect([local.status, (await local.text()).includes('teloring_http_seconds')]).toEqual([200, true]);
      expect((await ask('::ffff:127.0.0.1')).status).toBe(200);
      expect((await ask('203.0.113.1')).status).toBe(401);
      expect((await ask('127.0.0.1', { 'x-forwarded-for': '203.0.113.1' })).status).toBe(401);
      expect((await ask('203.0.113.1', { authorization: 'Bearer wrong' })).status).toBe(401);
      expect((await ask('203.0.113.1', { authorization: 'Bearer metrics-token' })).status).toBe(200);
    } finally {
      await withToken.close();
    }
  });

  test('/readyz wants Postgres, Temporal and a poller on every queue', async () => {
    const { temporalAddress } = inject('services');
    const namespace = `ready-${Date.now()}`;
    const poller = await NativeConnection.connect({ address: temporalAddress });
    await poller.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    const ready = await createTestApi({}, { TEMPORAL_NAMESPACE: namespace });
    const look = async (): Promise<{ status: number; checks: Record<string, string> }> => {
      const response = await ready.request('/readyz', { as: 'nobody' });
      return { status: response.status, checks: (await response.json()).checks };
    };
    const until = async (status: number): Promise<Record<string, string>> => {
      for (const endMs = Date.now() + 30_000; ;) {
        const answer = await look();
        if (answer.status === status && Date.now() < endMs) return answer.checks;
        if (Date.now() > endMs) throw new Error(`Never ${status}: ${JSON.stringify(answer)}`);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    };
    try {
      const missing = await until(503);
      expect(missing).toMatchObject({ postgres: 'ok', temporal: 'ok' });
      expect(Object.keys(missing)).toEqual(
        expect.arrayContaining(Object.values(QUEUES).map((queue) => `worker:${queue}`)),
      );
      const polls = Object.values(QUEUES).map((name) =>
        poller.workflowService
          .pollWorkflowTaskQueue({ namespace, taskQueue: { name }, identity: 'test' })
          .catch(() => undefined),
      );
      expect(Object.values(await until(200)).every((check) => check === 'ok')).toBe(true);
      await ready.deps.engineDb.destroy();
      expect((await until(503))['postgres']).toBe('not reachable');
      await poller.close();
      await Promise.all(polls);
    } finally {
      await ready.close();
    }
  });

  test('the API describes itself, and the page for it comes from here', async () => {
    const document = await (await api.request('/api/openapi.json', { as: 'nobody' })).json();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/me', '/api/api-keys/{id}', '/api/audit']),
    );
    const page = await api.request('/api/docs', { as: 'nobody' });
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe-eval');
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(files.length).toBeGreaterThan(3);
    expect(html).not.toMatch(/<script(?![^>]*src=)/);
    for (const file of files) {
      expect(file.startsWith('/api/docs/')).toBe(true);
      expect([file, (await api.request(file, { as: 'nobody' })).status]).toEqual([file, 200]);
    }
    expect((await api.request('/api/docs/package.json', { as: 'nobody' })).status).toBe(404);
    expect((await api.request('/api/docs/..%2fpackage.json', { as: 'nobody' })).status).toBe(404);
  });
});

describe("the UI's files", () => {
  let ui: Hono;
  beforeAll(async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'teloring-ui-'));
    await mkdir(path.join(root, 'assets'));
    await writeFile(
      path.join(root, 'index.html'),
      '<!doctype html><script>let theme</script><script src="/assets/a-1.js"></script>',
    );
    await writeFile(path.join(root, 'assets/a-1.js'), 'export {}');
    await writeFile(path.join(root, 'favicon.svg'), '<svg/>');
    ui = new Hono().route('/', uiRoutes(root));
  });
  test('every path of the router gets the page, its own scripts only', async () => {
    for (const page of ['/', '/w/acme/conversations/1', '/invite']) {
      const response = await ui.request(page);
      expect([page, response.status]).toEqual([page, 200]);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/script-src 'self' 'sha256-[^']+';/);
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
  });
  test('hashed files are kept for ever, others for minutes', async () => {
    expect((await ui.request('/assets/a-1.js')).headers.get('cache-control')).toContain('immutable');
    expect((await ui.request('/favicon.svg')).headers.get('cache-control')).toBe('public, max-age=300');
  });
  test.each([
    '/assets/gone.js',
    '/api/x',
    '/webhooks/x',
    '/media/x',
    '/sandbox/x',
    '/widget.js',
    '/..%2f..%2fpackage.json',
  ])('%s is not the page', async (page) => {
    expect((await ui.request(page)).status).toBe(404);
  });
  test('nothing is written through it', async () => {
    expect((await ui.request('/', { method: 'POST' })).status).toBe(404);
  });
});
