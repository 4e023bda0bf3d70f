/** The same app behind a real socket, as browsers and curl reach it. */
import { request as httpRequest } from 'node:http';
import { serve, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApi, TEST_PASSWORD, testEmail, type TestApi } from '../support/api.ts';

let api: TestApi;
let server: ServerType;
let url: string;
beforeAll(async () => {
  api = await createTestApi();
  url = await new Promise<string>((resolve) => {
    server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' }, (info) =>
      resolve(`http://127.0.0.1:${info.port}`),
    );
  });
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await api.close();
});

const authorization = (): string => `Bearer ${api.workspace.keys.admin}`;

/** Sends a body in chunks, without a length. */
function chunked(path: string, chunks: string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: authorization() };
    const request = httpRequest(`${url}${path}`, { method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (part) => (text += String(part)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

test('a password sign-in by a program without an origin, and by a page of ours', async () => {
  const body = JSON.stringify({ email: testEmail('admin', 'first'), password: TEST_PASSWORD });
  const origins: Record<string, string>[] = [{}, { origin: 'http://127.0.0.1:4100' }];
  for (const origin of origins) {
    const headers: Record<string, string> = { 'content-type': 'application/json', ...origin };
    const response = await fetch(`${url}/api/auth/sign-in/email`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    const cookie = response.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ');
    const me = await fetch(`${url}/api/me`, { headers: { cookie } });
    expect(me.status).toBe(200);
    const change = await fetch(`${url}/api/auth/change-password`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify({ currentPassword: 'wrong wrong', newPassword: 'another password' }),
    });
    expect(change.status).toBe(400);
    const out = await fetch(`${url}/api/auth/sign-out`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: '{}',
    });
    expect(out.status).toBe(200);
    expect((await fetch(`${url}/api/me`, { headers: { cookie } })).status).toBe(401);
  }
});

test('chunked bodies are read, and counted', async () => {
  const fine = await chunked('/api/teams', ['{"name":', '"In pieces"}']);
  expect([fine.status, JSON.parse(fine.text).name]).toEqual([201, 'In pieces']);
  const cleaned = await chunked('/api/teams', ['{"name":"a\\u00', '00b"}']);
  expect([cleaned.status, JSON.parse(cleaned.text).name]).toEqual([201, 'a\uFFFDb']);
  const big = await chunked('/api/teams', ['{"name":"', 'x'.repeat(1024 * 1024), '"}']);
  expect([big.status, JSON.parse(big.text).error.code]).toEqual([413, 'too_large']);
});

test('an announced giant is refused without being read', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': 10_000_000_000,
      authorization: authorization(),
    };
    const request = httpRequest(`${url}/api/teams`, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    request.on('error', reject);
    request.flushHeaders();
  });
  expect(status).toBe(413);
});

test('metrics answer this machine', async () => {
  const response = await fetch(`${url}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/plain'),
  ]);
});
