/** What the form starts with for a sandbox is taken by each channel's double, and says whose account it is. */
import { serve, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { closedPort } from '../contract/local-server.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let server: ServerType;
beforeAll(async () => {
  const port = await closedPort();
  api = await createTestApi(
    {},
    { TELORING_SANDBOX: '1', TELORING_EMBEDDED: 'postgres,temporal', PORT: String(port) },
  );
  server = serve({ fetch: api.app.fetch, port, hostname: '127.0.0.1' });
});
afterAll(async () => {
  server.close();
  await api.close();
});

test.each(Object.values(definitions).filter(({ hasSandbox }) => hasSandbox))(
  'the made-up credentials of $type connect at its double, once each',
  async ({ type, sandboxCredentials }) => {
    const connect = (digits: string) =>
      api.request('/api/inboxes', {
        body: { type, name: `${type} ${digits}`, sandbox: true, credentials: sandboxCredentials?.(digits) },
      });
    const first = await connect('123456789012');
    expect(await first.json()).toMatchObject({ type, sandbox: true, account: { label: expect.any(String) } });
    expect(first.status).toBe(201);
    expect((await connect('123456780034')).status).toBe(201);
    expect((await connect('123456789012')).status).toBe(409);
  },
);
