/** SMS through the product: connected by the API, written to by the double, signed for the address that PUBLIC_URL gives. */
import { serve, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { twilioSignature } from '#channels/sms/signature.ts';
import { closedPort } from '../contract/local-server.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let server: ServerType;
let inboxId: string;
const credentials = {
  accountSid: 'AC00000000000000000000000000000042',
  authToken: 'the token of the sandbox',
  phoneNumber: '+1 500 555 0006',
};

beforeAll(async () => {
  const port = await closedPort();
  api = await createTestApi(
    {},
    { TELORING_SANDBOX: '1', TELORING_EMBEDDED: 'postgres,temporal', PORT: String(port) },
  );
  server = serve({ fetch: api.app.fetch, port, hostname: '127.0.0.1' });
  const answer = await api.request('/api/inboxes', {
    body: { type: 'sms', name: 'Texts', sandbox: true, credentials },
  });
  expect(answer.status).toBe(201);
  inboxId = ((await answer.json()) as { id: string }).id;
});
afterAll(async () => {
  server.close();
  await api.close();
});

test('a customer’s text reaches ingress by a signed webhook', async () => {
  const written = await api.request(`/sandbox/api/${inboxId}/messages`, {
    body: { chatId: '+15551234567', personName: 'Ann', text: 'Hello + 1 = 2 😊' },
  });
  expect(written.status).toBe(201);
  const { messageId } = (await written.json()) as { messageId: string };
  await vi.waitFor(async () => {
    const rows = await api.database.engine
      .selectFrom('inbound_events')
      .select('payload')
      .where('inbox_id', '=', inboxId)
      .execute();
    expect(rows).toMatchObject([{ payload: { kind: 'message', providerMessageId: messageId } }]);
  });
});

test('what is taken is answered with empty TwiML; what is forged is not taken', async () => {
  const path = `/webhooks/twilio/${inboxId}/sms`;
  const fields = { MessageSid: 'SM1', From: '+15551234567', Body: 'Hi' };
  const url = `${api.deps.config.publicUrl}${path}`;
  const post = (signature: string): Promise<Response> | Response =>
    api.app.request(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': signature,
      },
      body: new URLSearchParams(fields).toString(),
    });
  const taken = await post(twilioSignature(credentials.authToken, url, Object.entries(fields)));
  expect([taken.status, await taken.text()]).toEqual([200, '<Response/>']);
  expect(taken.headers.get('content-type')).toMatch(/^text\/xml/);
  const forged = await post(twilioSignature('another token', url, Object.entries(fields)));
  expect(forged.status).toBe(401);
});
