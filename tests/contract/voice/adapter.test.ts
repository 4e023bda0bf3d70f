/** Connecting, probing and disconnecting against the double of Twilio, over HTTP; recordings; what isn't Twilio's. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ChannelError, type AdapterInbox } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createTwilioSandbox } from '#channels/sms/sandbox.ts';
import { createVoiceAdapter } from '#channels/voice/adapter.ts';
import { voiceDefinition, type VoiceCredentials } from '#channels/voice/definition.ts';
import { alone } from '../../support/connect-context.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { voiceCase } from './case.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const adapter = createVoiceAdapter({ http });
const publicUrl = 'https://teloring.example';
const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());
const signal = (): AbortSignal => AbortSignal.timeout(5_000);

interface Bench {
  inbox: AdapterInbox<VoiceCredentials>;
  webhookUrl: string;
  facts(): Promise<Record<string, unknown>>;
  /** Calls of Twilio's API by hand. */
  post(path: string, form: Record<string, string>): Promise<void>;
}
async function bench(change: Partial<VoiceCredentials> = {}): Promise<Bench> {
  const sandbox = createTwilioSandbox({
    deliver: async () => ({ status: 200, body: '<Response/>' }),
    publicUrl,
    sandboxUrl: `${publicUrl}/sandbox`,
    apps: {},
    inboxes: async () => [],
  });
  const server = await serveHttp(async ({ method, path, headers, body }, response) => {
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const request = new Request(`http://sandbox${path}`, {
      method,
      headers: given,
      ...(method === 'POST' ? { body: new Uint8Array(body) } : {}),
    });
    const answer = await sandbox.handle(request, path);
    response
      .writeHead(answer.status, Object.fromEntries(answer.headers))
      .end(Buffer.from(await answer.arrayBuffer()));
  });
  servers.push(server);
  const { webhookUrl: _none, ...credentials } = voiceDefinition.credentials.parse(
    voiceCase.inbox.credentials,
  );
  const inbox: AdapterInbox<VoiceCredentials> = {
    ...voiceCase.inbox,
    credentials: { ...credentials, ...change },
    urls: { api: server.url },
  };
  const { accountSid = '', authToken = '' } = inbox.credentials;
  return {
    inbox,
    webhookUrl: `${publicUrl}/webhooks/twilio/${inbox.id}`,
    facts: async () => (await sandbox.phone(inbox)).facts(),
    async post(path, form) {
      const answer = await fetch(`${server.url}/2010-04-01/Accounts/${accountSid}${path}`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
        body: new URLSearchParams(form),
      });
      expect(answer.status).toBe(200);
    },
  };
}
const connect = async ({ inbox, webhookUrl }: Bench): Promise<AdapterInbox<VoiceCredentials>> => {
  const connected = await adapter.connect(inbox, webhookUrl, signal(), alone);
  return { ...inbox, credentials: connected.credentials, accountKey: connected.accountKey };
};

describe('connecting', () => {
  test('points the number at us and makes one application, however often', async () => {
    const b = await bench();
    const first = await connect(b);
    const again = await connect({ ...b, inbox: first });
    expect(again.credentials.applicationSid).toBe(first.credentials.applicationSid);
    expect(again.credentials).toMatchObject({ phoneNumber: '+15005550006', webhookUrl: b.webhookUrl });
    expect(await b.facts()).toMatchObject({
      voiceUrl: `${b.webhookUrl}/voice#rc=3&rp=all`,
      statusCallback: `${b.webhookUrl}/status#rc=3&rp=all`,
      applications: [{ sid: first.credentials.applicationSid, voiceUrl: `${b.webhookUrl}/app#rc=3&rp=all` }],
    });
  });

  test('disconnecting takes back what is ours, twice without harm', async () => {
    const b = await bench();
    const inbox = await connect(b);
    await adapter.disconnect(inbox, signal(), alone);
    await adapter.disconnect(inbox, signal(), alone);
    expect(await b.facts()).toMatchObject({ voiceUrl: '', statusCallback: '', applications: [] });
  });

  test('disconnecting leaves what somebody else has put there', async () => {
    const b = await bench();
    const inbox = await connect(b);
    await b.post(`/IncomingPhoneNumbers/${inbox.credentials.numberSid ?? ''}.json`, {
      VoiceUrl: `${publicUrl}/other`,
    });
    await adapter.disconnect(inbox, signal(), alone);
    expect(await b.facts()).toMatchObject({ voiceUrl: `${publicUrl}/other`, statusCallback: '' });
  });

  test('a number that isn’t the account’s is refused', async () => {
    const b = await bench({ phoneNumber: '+15005550001' });
    await expect(connect(b)).rejects.toThrow(/no number \+15005550001/);
  });

  test('wrong credentials are said to be that', async () => {
    const b = await bench();
    await connect(b);
    const wrong = { ...b.inbox, credentials: { ...b.inbox.credentials, authToken: 'another' } };
    const error: unknown = await adapter
      .connect(wrong, b.webhookUrl, signal(), alone)
      .catch((e: unknown) => e);
    expect(error instanceof ChannelError && error.kind).toBe('reauthorize');
  });

  test('an exchange of one’s own is taken at its word', async () => {
    const inbox = {
      ...voiceCase.inbox,
      credentials: voiceDefinition.credentials.parse({
        provider: 'sip',
        wsUrl: 'wss://pbx.example/ws',
        domain: 'pbx.example',
        username: 'desk',
        password: 'secret-of-it',
      }),
    };
    const connected = await adapter.connect(inbox, `${publicUrl}/x`, signal(), alone);
    expect(connected).toMatchObject({ accountKey: 'sip:desk@pbx.example' });
    expect(await adapter.probe(inbox, `${publicUrl}/x`, signal())).toMatchObject({
      inbound: { state: 'unknown' },
    });
    await adapter.disconnect(inbox, signal(), alone);
  });
});

describe('probing', () => {
  const states = async (b: Bench, inbox: AdapterInbox<VoiceCredentials>): Promise<[string, string]> => {
    const { inbound, outbound } = await adapter.probe(inbox, b.webhookUrl, signal());
    return [inbound.state, outbound.state];
  };
  test('sees what is right, and each thing that isn’t', async () => {
    const b = await bench();
    const inbox = await connect(b);
    expect(await states(b, inbox)).toEqual(['ok', 'ok']);
    const number = `/IncomingPhoneNumbers/${inbox.credentials.numberSid ?? ''}.json`;
    await b.post(number, { StatusCallback: '' });
    expect(await states(b, inbox)).toEqual(['degraded', 'ok']);
    await b.post(number, { VoiceUrl: `${publicUrl}/other` });
    expect(await states(b, inbox)).toEqual(['failing', 'ok']);
    await b.post(number, { VoiceApplicationSid: 'AP1', VoiceUrl: `${b.webhookUrl}/voice#rc=3&rp=all` });
    expect(await states(b, inbox)).toEqual(['failing', 'ok']);
    await b.post(`/Applications/${inbox.credentials.applicationSid ?? ''}.json`, {
      VoiceUrl: `${publicUrl}/other`,
    });
    expect(await states(b, inbox)).toEqual(['failing', 'failing']);
  });
  test('an application that is gone', async () => {
    const b = await bench();
    const inbox = await connect(b);
    const gone = { ...inbox, credentials: { ...inbox.credentials, applicationSid: 'APgone' } };
    expect(await states(b, gone)).toEqual(['ok', 'failing']);
  });
});

test('what is needed depends on the provider', () => {
  const missing = (given: object): string[] => {
    const read = voiceDefinition.credentials.safeParse(given);
    return read.success ? [] : read.error.issues.map(({ path }) => String(path[0])).toSorted();
  };
  expect(missing({})).toEqual(['provider']);
  const twilio = ['accountSid', 'apiKeySecret', 'apiKeySid', 'authToken', 'phoneNumber'];
  expect(missing({ provider: 'twilio' })).toEqual(twilio);
  expect(missing({ provider: 'sip' })).toEqual(['domain', 'password', 'username', 'wsUrl']);
});

test('recordings are fetched from Twilio and from nowhere else', async () => {
  const { inbox } = await bench();
  const fetching = adapter.fetchMedia?.(
    inbox,
    { url: 'https://evil.example/RE1.mp3', mimeType: 'audio/mpeg' },
    { signal: signal(), maxBytes: 1000 },
  );
  await expect(fetching).rejects.toThrow(/not Twilio’s/);
});
