/** Numbers that belong to a messaging service: who takes what comes in. */
import { afterAll, afterEach, expect, test } from 'vitest';
import { createHttpClient } from '#channels/http.ts';
import { smsDefinition } from '#channels/sms/definition.ts';
import { serviceWarnings } from '#channels/sms/messaging-service.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { smsCase } from './case.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(() => http.close());

async function warningsWith(answers: Record<string, [status: number, body: unknown]>): Promise<string[]> {
  server = await serveHttp(({ path }, response) => {
    const [status, body] = answers[path.replace(/\?.*/, '')] ?? [404, { code: 20404, message: 'Not found' }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const credentials = smsDefinition.credentials.parse(smsCase.inbox.credentials);
  const inbox = { ...smsCase.inbox, credentials, urls: { api: server.url } };
  return await serviceWarnings(http, inbox, 'PN1', AbortSignal.timeout(2_000));
}
const services = (defers: boolean) => ({
  services: [
    { sid: 'MG1', friendly_name: 'Other', use_inbound_webhook_on_number: false },
    { sid: 'MG2', friendly_name: 'Marketing', use_inbound_webhook_on_number: defers },
  ],
});

test('a service that takes the number’s messages is named; one that defers is not', async () => {
  const holds = { '/v1/Services/MG2/PhoneNumbers/PN1': [200, { sid: 'PN1' }] as [number, unknown] };
  const [warning, ...others] = await warningsWith({ '/v1/Services': [200, services(false)], ...holds });
  expect(warning).toMatch(/Marketing.*Defer to sender/);
  expect(others).toEqual([]);
  await server?.close();
  expect(await warningsWith({ '/v1/Services': [200, services(true)], ...holds })).toEqual([]);
});

test('no services, no such API, and one that may not be asked', async () => {
  expect(await warningsWith({ '/v1/Services': [200, { services: [] }] })).toEqual([]);
  await server?.close();
  expect(await warningsWith({})).toEqual([]);
  await server?.close();
  const forbidden = await warningsWith({ '/v1/Services': [403, { code: 20403, message: 'Forbidden' }] });
  expect(forbidden).toEqual([expect.stringMatching(/could not be checked \(Twilio: Forbidden\)/)]);
});
