/** Links out of webhooks lead to Twilio or nowhere. */
import { afterAll, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { createHttpClient, type HttpClient } from '#channels/http.ts';
import { createSmsAdapter } from '#channels/sms/adapter.ts';
import { smsDefinition } from '#channels/sms/definition.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { smsCase } from './case.ts';

const calls: { url: string; authorization: string | undefined }[] = [];
const real = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
/** Notes what is asked for; answers of hosts that are none here come from `answers`. */
const answers = new Map<string, { status: number; headers: Record<string, string>; body: Uint8Array }>();
const http: HttpClient = {
  ...real,
  async request(request) {
    calls.push({ url: request.url, authorization: request.headers?.['authorization'] });
    return answers.get(request.url) ?? (await real.request(request));
  },
};
const adapter = createSmsAdapter({ http });
const inbox = {
  ...smsCase.inbox,
  credentials: smsDefinition.credentials.parse(smsCase.inbox.credentials),
  urls: { api: 'https://api.twilio.com' },
};
const signal = (): AbortSignal => AbortSignal.timeout(2_000);
afterAll(() => real.close());

async function refusal(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

test.each([
  'https://evil.example/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1',
  'https://api.twilio.com.evil.example/x',
  'https://evil-api.twilio.com/x',
  'http://api.twilio.com/x',
  'https://api.twilio.com:8443/x',
  'https://user:pass@api.twilio.com/x',
  'https://media.twiliocdn.com/x',
  'file:///etc/passwd',
  '/relative',
])('no media from %s', async (url) => {
  const fetching = adapter.fetchMedia?.(inbox, { url }, { signal: signal(), maxBytes: 1_000 });
  calls.length = 0;
  expect(await refusal(fetching ?? Promise.resolve())).toMatchObject({ kind: 'permanent' });
  expect(calls).toEqual([]);
});

test('a redirect leads to Twilio’s stores only', async () => {
  const leads: LocalServer = await serveHttp((_, response) => {
    response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end();
  });
  const there = { ...inbox, urls: { api: leads.url } };
  const fetching = adapter.fetchMedia?.(there, { url: `${leads.url}/x` }, { signal: signal(), maxBytes: 9 });
  expect((await refusal(fetching ?? Promise.resolve())).message).toMatch(/169\.254.*not Twilio/);
  await leads.close();
});

const twilioUrl = 'https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME3';
const leadTo = (location: string) => ({ status: 302, headers: { location }, body: new Uint8Array() });

test.each([
  'https://eviltwiliocdn.com/x',
  'https://twiliocdn.com.evil.example/x',
  'https://s3-external-1.amazonaws.com.evil.example/x',
  'https://my-bucket.s3.amazonaws.com/x',
  'http://media.twiliocdn.com/x',
  'https://media.twiliocdn.com:8443/x',
])('no redirect to %s', async (location) => {
  answers.set(twilioUrl, leadTo(location));
  calls.length = 0;
  const fetching = adapter.fetchMedia?.(inbox, { url: twilioUrl }, { signal: signal(), maxBytes: 9 });
  expect((await refusal(fetching ?? Promise.resolve())).message).toMatch(/not Twilio/);
  expect(calls).toHaveLength(1);
});

test('a redirect in circles ends, and our key went out once', async () => {
  answers.set(twilioUrl, leadTo(twilioUrl));
  calls.length = 0;
  const fetching = adapter.fetchMedia?.(inbox, { url: twilioUrl }, { signal: signal(), maxBytes: 9 });
  expect(await refusal(fetching ?? Promise.resolve())).toMatchObject({
    kind: 'permanent',
    message: /circles/,
  });
  expect(calls.map(({ authorization }) => authorization !== undefined)).toEqual([true, false, false, false]);
});

test.each([
  'https://mms.twiliocdn.com/AC1/abc',
  'https://media.twiliocdn.com/AC1/abc',
  'https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/abc',
])('from Twilio by our key, then from %s without it', async (store) => {
  calls.length = 0;
  const url = 'https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1';
  answers.set(url, { status: 307, headers: { location: store }, body: new Uint8Array() });
  answers.set(store, { status: 200, headers: { 'content-type': 'image/gif' }, body: Buffer.from('GIF') });
  const media = await adapter.fetchMedia?.(inbox, { url }, { signal: signal(), maxBytes: 9 });
  expect(media?.mimeType).toBe('image/gif');
  expect(calls.map(({ authorization }) => authorization?.slice(0, 5))).toEqual(['Basic', undefined]);
});

test('a file that isn’t there yet is asked for again; refused credentials are said', async () => {
  const url = 'https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME2';
  const fetching = () =>
    refusal(adapter.fetchMedia?.(inbox, { url }, { signal: signal(), maxBytes: 9 }) ?? Promise.resolve());
  answers.set(url, { status: 404, headers: {}, body: new Uint8Array() });
  expect((await fetching()).kind).toBe('retry_after');
  answers.set(url, {
    status: 401,
    headers: {},
    body: Buffer.from('{"code":20003,"message":"Authenticate"}'),
  });
  expect(await fetching()).toMatchObject({ kind: 'reauthorize', message: 'Twilio: Authenticate' });
});
