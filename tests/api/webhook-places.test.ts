/** Where an inbox's own webhooks come in: by its definition's segment and paths, and nowhere else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawRequest } from '#channels/contract.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { connectAccount } from '../support/meta.ts';

let api: TestApi;
let inboxId: string;
const seen: Pick<RawRequest, 'method' | 'url'>[] = [];
beforeAll(async () => {
  api = await createTestApi({}, { PUBLIC_URL: 'https://public.example/base' });
  inboxId = await connectAccount(api, {
    type: 'sms',
    accountKey: '+15550001',
    credentials: { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a'.repeat(32), phoneNumber: '+15550001' },
  });
  api.deps.registry.sms = {
    ...api.deps.registry.sms,
    verify(_, { method, url }) {
      seen.push({ method, url });
      return method === 'GET'
        ? { kind: 'respond', status: 200, body: 'hello' }
        : { kind: 'reject', status: 403, code: 'no', message: 'No.' };
    },
  };
});
afterAll(() => api.close());

test.each(['', '/sms', '/status'])('“%s” is a place of its', async (path) => {
  seen.length = 0;
  const answer = await api.request(`/webhooks/twilio/${inboxId}${path}?a=%20b`, {
    as: 'nobody',
    body: 'x=1',
  });
  expect(answer.status).toBe(403);
  expect(seen).toEqual([
    { method: 'POST', url: `https://public.example/base/webhooks/twilio/${inboxId}${path}?a=%20b` },
  ]);
});

test('a handshake by GET is answered as the adapter says', async () => {
  const answer = await api.request(`/webhooks/twilio/${inboxId}/sms`, { as: 'nobody' });
  expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
});

test('everywhere else there is no such inbox, and its adapter isn’t asked', async () => {
  seen.length = 0;
  for (const path of [
    `/webhooks/twilio/${inboxId}/voice`,
    `/webhooks/twilio/${inboxId}/sms/more`,
    `/webhooks/sms/${inboxId}`,
    `/webhooks/sms/${inboxId}/sms`,
    `/webhooks/telegram/${inboxId}`,
    '/webhooks/twilio/0199a1b2-0000-7000-8000-000000000001/sms',
    '/webhooks/twilio/nonsense/sms',
    '/webhooks/twilio',
  ]) {
    for (const method of ['GET', 'POST'])
      expect([
        path,
        (await api.request(path, { as: 'nobody', method, ...(method === 'POST' ? { body: 'x=1' } : {}) }))
          .status,
      ]).toEqual([path, 404]);
  }
  expect(seen).toEqual([]);
});

test('its webhook address is below its segment', async () => {
  const { webhookUrl } = (await (await api.request(`/api/inboxes/${inboxId}/diagnostics`)).json()) as {
    webhookUrl: string;
  };
  expect(webhookUrl).toBe(`https://public.example/base/webhooks/twilio/${inboxId}`);
});
