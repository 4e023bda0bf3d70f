import { createHmac } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { exactJsonOf } from '#channels/json-body.ts';
import { graphError } from '#channels/meta/errors.ts';
import { instagramFields, pageFields, union } from '#channels/meta/fields.ts';
import { callGraph, fetchGraphMedia, GRAPH_VERSION } from '#channels/meta/graph.ts';
import { signMeta, verifyMetaSignature } from '#channels/meta/signature.ts';
import { serveHttp, type LocalServer, type Received } from '../local-server.ts';
import { bytes, metaApp, metaRequest } from './case-inbox.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());
async function serve(...args: Parameters<typeof serveHttp>): Promise<string> {
  const server = await serveHttp(...args);
  servers.push(server);
  return server.url;
}
async function failure(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

describe('the signature', () => {
  const body = bytes({ object: 'page', entry: [] });

  test('takes any of the apps’ secrets, over the very bytes', () => {
    expect(verifyMetaSignature(['other', metaApp.secret], metaRequest(body)).kind).toBe('ok');
    // Written down, so that signing and checking can't share a mistake.
    const known = createHmac('sha256', metaApp.secret).update(body).digest('hex');
    expect(signMeta(metaApp.secret, body)).toBe(`sha256=${known}`);
    const spaced = new TextEncoder().encode('{"object": "page", "entry": []}');
    const headers = metaRequest(body).headers;
    expect(verifyMetaSignature([metaApp.secret], { ...metaRequest(spaced), headers }).kind).toBe('reject');
  });

  test.each([
    ['no secret', []],
    ['an empty secret', ['']],
    ['another secret', ['other']],
  ])('refuses with %s', (_, secrets) => {
    expect(
      verifyMetaSignature(secrets, metaRequest(body, secrets[0] === '' ? '' : metaApp.secret)),
    ).toMatchObject({
      kind: 'reject',
      code: 'signature_wrong',
    });
  });

  test('refuses a missing header and SHA-1', () => {
    expect(verifyMetaSignature([metaApp.secret], { ...metaRequest(body), headers: {} })).toMatchObject({
      code: 'signature_missing',
    });
    const sha1 = `sha1=${createHmac('sha1', metaApp.secret).update(body).digest('hex')}`;
    const request = { ...metaRequest(body), headers: { 'x-hub-signature-256': sha1 } };
    expect(verifyMetaSignature([metaApp.secret], request).kind).toBe('reject');
  });
});

test('integers beyond 2^53 stay as written; everything else is JSON', () => {
  const text =
    '{"id":17841400000000000123,"n":-9007199254740993,"safe":9007199254740991,"f":1.5,"e":1e30,"s":"x"}';
  expect(exactJsonOf(new TextEncoder().encode(text))).toEqual({
    id: '17841400000000000123',
    n: '-9007199254740993',
    safe: 9007199254740991,
    f: 1.5,
    e: 1e30,
    s: 'x',
  });
  expect(exactJsonOf(new TextEncoder().encode('{"id":'))).toBeUndefined();
});

test('siblings’ fields are joined, each once', () => {
  const both = union(['facebook_page', 'messenger', 'facebook_page', 'whatsapp']);
  expect(both).toEqual([...new Set([...pageFields.messenger, ...pageFields.facebook_page])].sort());
  expect(union(['messenger', 'facebook_page'])).toEqual(both);
  expect(union(['instagram_posts'], instagramFields)).toEqual(['comments', 'live_comments', 'mentions']);
});

describe('a call', () => {
  const get = (base: string) =>
    ({ base, token: 'a-token', method: 'GET', path: '/me', signal: AbortSignal.timeout(2_000) }) as const;

  test('carries version, token, proof and body; ids come back whole', async () => {
    const seen: Received[] = [];
    const base = await serve((request, response) => {
      seen.push(request);
      response.end('{"id":17841400000000000123}');
    });
    const answer = await callGraph(http, {
      ...get(`${base}/sandbox/meta/`),
      app: metaApp,
      query: { fields: 'id,name' },
    });
    expect(answer).toEqual({ id: '17841400000000000123' });
    const proof = createHmac('sha256', metaApp.secret).update('a-token').digest('hex');
    expect(seen[0]?.path).toBe(`/sandbox/meta/${GRAPH_VERSION}/me?fields=id%2Cname&appsecret_proof=${proof}`);
    expect(seen[0]?.headers['authorization']).toBe('Bearer a-token');

    await callGraph(http, { ...get(base), method: 'POST', json: { a: 1 } });
    await callGraph(http, { ...get(base), method: 'POST', form: { a: '1 2' }, unversioned: true });
    const form = new FormData();
    form.set('file', new Blob(['bytes']), 'a.txt');
    await callGraph(http, { ...get(base), method: 'POST', form });
    expect(seen.slice(1).map(({ path }) => path)).toEqual([
      `/${GRAPH_VERSION}/me`,
      '/me',
      `/${GRAPH_VERSION}/me`,
    ]);
    expect(seen[1]?.body.toString()).toBe('{"a":1}');
    expect(seen[2]?.body.toString()).toBe('a=1+2');
    expect(seen[3]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  });

  test('a refusal never repeats the token', async () => {
    const base = await serve((_, response) => {
      const error = { message: 'Malformed access token a-token and EAAGabcdefghijklmnopqrst', code: 190 };
      response.writeHead(400).end(JSON.stringify({ error }));
    });
    const error = await failure(callGraph(http, get(base)));
    expect([error.kind, error.message]).toEqual(['reauthorize', 'Meta: Malformed access token … and …']);
  });

  test.each([
    [200, 'not json', 'no_answer'],
    [200, '{"error":{"code":10,"message":"no"}}', 'reauthorize'],
    [502, '<html>', 'no_answer'],
    [429, '', 'retry_after'],
    [302, '', 'retry_after'],
    [401, '', 'reauthorize'],
    [404, '', 'permanent'],
  ])('status %i with %s is %s', async (status, body, kind) => {
    const base = await serve((_, response) => void response.writeHead(status).end(body));
    expect((await failure(callGraph(http, get(base)))).kind).toBe(kind);
  });
});

describe('the code table', () => {
  test.each([
    [190, 460, 'reauthorize'],
    [190, undefined, 'reauthorize'],
    [102, undefined, 'reauthorize'],
    [10, undefined, 'reauthorize'],
    [200, undefined, 'reauthorize'],
    [230, undefined, 'reauthorize'],
    [10, 2018278, 'window_closed'],
    [10, 2534022, 'window_closed'],
    [10, 1893063, 'retry_after'],
    [551, 1545041, 'contact_unreachable'],
    [100, 2018001, 'contact_unreachable'],
    [100, 2534014, 'contact_unreachable'],
    [200, 2018108, 'contact_unreachable'],
    [100, 33, 'permanent'],
    [100, undefined, 'permanent'],
    [2, undefined, 'retry_after'],
    [1200, undefined, 'retry_after'],
    [4, undefined, 'retry_after'],
    [613, undefined, 'retry_after'],
    [80006, undefined, 'retry_after'],
    [80014, undefined, 'retry_after'],
    [80015, undefined, 'permanent'],
    [368, undefined, 'permanent'],
    [2635, undefined, 'permanent'],
    [10900, undefined, 'permanent'],
  ] as const)('%s/%s is %s', (code, subcode, kind) => {
    const error = graphError({ error: { message: 'words', code, error_subcode: subcode } }, 400, {});
    expect([error.kind, error.message]).toEqual([kind, 'Meta: words']);
    expect(error.providerCode).toBe(subcode === undefined ? `${code}` : `${code}/${subcode}`);
  });

  test('"unknown" is a refusal with a 4xx only; "transient" always is one', () => {
    const body = { error: { message: 'words', code: 1 } };
    expect(graphError(body, 500, {}).kind).toBe('no_answer');
    expect(graphError(body, 400, {}).kind).toBe('retry_after');
    expect(graphError({ error: { ...body.error, is_transient: true } }, 500, {}).kind).toBe('retry_after');
  });

  test('a code that we don’t know is no verdict with a 5xx', () => {
    for (const code of [-1, 99_999]) {
      expect(graphError({ error: { message: 'words', code } }, 500, {}).kind).toBe('no_answer');
      expect(graphError({ error: { message: 'words', code } }, 400, {}).kind).toBe('permanent');
    }
    expect(graphError({ error: { message: 'words', code: 100 } }, 500, {}).kind).toBe('permanent');
  });

  test('the user’s sentence stays beside the developer’s', () => {
    const error = { message: '(#10) no', code: 10, error_subcode: 2018278, error_user_msg: 'Too late.' };
    expect(graphError({ error }, 400, {}).message).toBe('Meta: (#10) no — Too late.');
  });

  test('the longest wait named in the usage header counts', () => {
    const usage = {
      '1': [{ type: 'messenger', estimated_time_to_regain_access: 3 }, { type: 'pages' }],
      '2': [{ estimated_time_to_regain_access: 7 }],
    };
    const body = { error: { message: 'slow', code: 80006 } };
    const headers = { 'x-business-use-case-usage': JSON.stringify(usage) };
    expect(graphError(body, 400, headers).retryAfterMs).toBe(420_000);
    expect(graphError(body, 400, { 'retry-after': '5' }).retryAfterMs).toBe(5_000);
    expect(graphError(body, 400, { 'x-business-use-case-usage': 'odd' }).retryAfterMs).toBeUndefined();
  });

  test('a channel’s own codes come first', () => {
    const error = graphError(
      { error: { code: 131047 } },
      400,
      {},
      { kindOf: (code) => (code === 131047 ? 'window_closed' : undefined) },
    );
    expect(error.kind).toBe('window_closed');
  });
});

describe('media', () => {
  const options = (hosts: string[], maxBytes = 1_000) => ({
    hosts,
    maxBytes,
    signal: AbortSignal.timeout(2_000),
  });

  test('comes from the inbox’s own base with the token, and over redirects to allowed places only', async () => {
    const seen: Received[] = [];
    const base = await serve((request, response) => {
      seen.push(request);
      if (request.path === '/m/moved') response.writeHead(302, { location: '/m/file' }).end();
      else if (request.path === '/m/away')
        response.writeHead(302, { location: 'https://evil.example/x' }).end();
      else if (request.path === '/m/gone') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'image/png; x=1' }).end('png');
    });
    const hosts = [`${base}/m/graph`];
    const file = await fetchGraphMedia(http, `${base}/m/moved`, { ...options(hosts), token: 'tok' });
    expect([Buffer.from(file.bytes).toString(), file.mimeType]).toEqual(['png', 'image/png']);
    expect(seen.map(({ headers }) => headers['authorization'])).toEqual(['Bearer tok', 'Bearer tok']);
    for (const link of [`${base}/m/away`, `${base}/m/gone`, `${base}/elsewhere`, `${base}/m/../elsewhere`])
      expect((await failure(fetchGraphMedia(http, link, options(hosts)))).kind).toBe('permanent');
    expect((await failure(fetchGraphMedia(http, `${base}/m/file`, options(hosts, 2)))).message).toContain(
      'larger',
    );
  });

  test('the token goes to the link’s own host only, however it redirects', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers['authorization']);
      response.writeHead(200, { 'content-type': 'image/png' }).end('png');
    });
    const base = await serve((request, response) => {
      seen.push(request.headers['authorization']);
      response.writeHead(302, { location: `${other}/m/file` }).end();
    });
    const hosts = [`${base}/m/graph`, `${other}/m/graph`];
    await fetchGraphMedia(http, `${base}/m/moved`, { ...options(hosts), token: 'tok' });
    expect(seen).toEqual(['Bearer tok', undefined]);
  });

  test('only the deployment’s own addresses may be private ones', async () => {
    const trusted: (boolean | undefined)[] = [];
    const recording: typeof http = {
      ...http,
      request: async (request) => {
        trusted.push(request.trusted);
        return { status: 200, headers: {}, body: new Uint8Array() };
      },
    };
    const hosts = ['.fbcdn.net', 'https://graph.facebook.com'];
    for (const link of ['https://scontent.fbcdn.net/a', 'https://graph.facebook.com/a'])
      await fetchGraphMedia(recording, link, options(hosts));
    expect(trusted).toEqual([false, true]);
  });

  test.each([
    'http://scontent.fbcdn.net/a',
    'https://fbcdn.net.evil.example/a',
    'https://evilfbcdn.net/a',
    'https://scontent.fbcdn.net:8443/a',
    'https://user@scontent.fbcdn.net/a',
    'file:///etc/passwd',
    'not a url',
  ])('never from %s', async (link) => {
    const error = await failure(fetchGraphMedia(http, link, options(['.fbcdn.net'])));
    expect([error.kind, error.message]).toEqual(['permanent', expect.stringContaining('not Meta’s')]);
  });
});
