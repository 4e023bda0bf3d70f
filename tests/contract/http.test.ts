import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { isPublicAddress, type GuardOptions } from '#channels/address-guard.ts';
import { HttpError, toChannelError } from '#channels/http-error.ts';
import { createHttpClient, type HttpClient } from '#channels/http.ts';
import { closedPort, serveHttp, serveTcp } from './local-server.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

function clientWith(options: Partial<GuardOptions> = {}): HttpClient {
  const client = createHttpClient({
    allowPrivateHosts: ['127.0.0.1', 'localhost'],
    deniedPorts: [],
    ...options,
  });
  cleanups.push(() => client.close());
  return client;
}
async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = await serveHttp((_, response, incoming) => handle(incoming, response));
  cleanups.push(() => server.close());
  return server.url;
}
const within = (ms: number): AbortSignal => AbortSignal.timeout(ms);
async function failure(promise: Promise<unknown>): Promise<HttpError> {
  const error = await promise.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof HttpError)) throw error;
  return error;
}

describe('what is refused before anything leaves', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://１２７.０.０.１/',
    'http://0/',
    'http://10.0.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://100.100.100.200/',
    'http://169.254.169.254/latest/meta-data/',
    'http://168.63.129.16/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
  ])('%s', async (url) => {
    const client = clientWith({ allowPrivateHosts: [] });
    const error = await failure(client.request({ method: 'GET', url, signal: within(2_000) }));
    expect(error.kind).toBe('blocked');
    expect((await failure(client.check(url))).kind).toBe('blocked');
  });

  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'http://user:secret@example.com/',
    'nonsense',
    'http://',
  ])('%s', async (url) => {
    const error = await failure(clientWith().request({ method: 'GET', url, signal: within(2_000) }));
    expect(error.kind).toBe('blocked');
    expect(error.message).not.toContain('secret');
    expect(toChannelError(error).kind).toBe('permanent');
  });

  test('a name that resolves to a private address, also among public ones', async () => {
    const url = await serve((_, response) => response.end('reached'));
    const port = new URL(url).port;
    for (const addresses of [['127.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::ffff:127.0.0.1']]) {
      const client = clientWith({
        resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      });
      const request = { method: 'GET', url: `http://rebind.example:${port}/`, signal: within(2_000) };
      expect((await failure(client.request(request))).kind).toBe('blocked');
    }
  });

  test('a port of our own, on hosts that are allowed otherwise', async () => {
    const url = await serve((_, response) => response.end('reached'));
    const deniedPorts = [Number(new URL(url).port)];
    const request = { method: 'GET', url, signal: within(2_000) };
    expect((await failure(clientWith({ deniedPorts }).request(request))).kind).toBe('blocked');
    const named = { ...request, url: url.replace('127.0.0.1', 'localhost') };
    expect((await failure(clientWith({ deniedPorts }).request(named))).kind).toBe('blocked');
    const trusted = await clientWith({ deniedPorts, allowPrivateHosts: [] }).request({
      ...request,
      trusted: true,
    });
    expect(trusted.status).toBe(200);
    expect((await clientWith().request(request)).status).toBe(200);
  });

  test('a trusted connection is never lent to a customer’s URL', async () => {
    const url = await serve((_, response) => response.end('ok'));
    const client = clientWith({ allowPrivateHosts: [] });
    await client.request({ method: 'GET', url, signal: within(2_000), trusted: true });
    expect((await failure(client.request({ method: 'GET', url, signal: within(2_000) }))).kind).toBe(
      'blocked',
    );
    // By name too, which is checked as a connection is opened: one that is open already isn't.
    const named = { method: 'GET', url: url.replace('127.0.0.1', 'localhost') };
    const trusted = await client.request({ ...named, signal: within(2_000), trusted: true });
    expect(trusted.status).toBe(200);
    expect((await failure(client.request({ ...named, signal: within(2_000) }))).kind).toBe('blocked');
  });
});

test('the connection goes to the address that was checked, however often the name changes', async () => {
  const url = await serve((request, response) => response.end(request.headers.host));
  let lookups = 0;
  const client = clientWith({
    allowPrivateHosts: ['allowed.example'],
    resolve: async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '203.0.113.9', family: 4 }],
  });
  const target = `http://allowed.example:${new URL(url).port}/`;
  const answer = await client.request({ method: 'GET', url: target, signal: within(2_000) });
  expect(new TextDecoder().decode(answer.body)).toBe(new URL(target).host);
  expect(lookups).toBe(1);
});

test('a CIDR range and a name with a trailing dot are allowed as written', async () => {
  const url = await serve((_, response) => response.end('ok'));
  const { port } = new URL(url);
  const ranged = clientWith({ allowPrivateHosts: ['127.0.0.0/8'] });
  expect((await ranged.request({ method: 'GET', url, signal: within(2_000) })).status).toBe(200);
  const byName = { method: 'GET', url: `http://localhost.:${port}/`, signal: within(2_000) };
  expect((await failure(ranged.request(byName))).kind).toBe('blocked');
  expect((await clientWith().request(byName)).status).toBe(200);
});

test('a redirect is handed back, not followed', async () => {
  let reached = 0;
  const inner = await serve((_, response) => {
    reached += 1;
    response.end('secret');
  });
  const outer = await serve((_, response) => response.writeHead(302, { location: inner }).end());
  const answer = await clientWith().request({ method: 'GET', url: outer, signal: within(2_000) });
  expect([answer.status, answer.headers['location'], reached]).toEqual([302, inner, 0]);
});

describe('what provably was not sent', () => {
  test('an unknown name', async () => {
    const client = clientWith({ resolve: async () => await Promise.reject(new Error('ENOTFOUND')) });
    const error = await failure(
      client.request({ method: 'POST', url: 'http://gone.example/', signal: within(2_000) }),
    );
    expect([error.kind, toChannelError(error).kind]).toEqual(['not_sent', 'not_sent']);
  });

  test('a refused connection', async () => {
    const port = await closedPort();
    const error = await failure(
      clientWith().request({
        method: 'POST',
        url: `http://127.0.0.1:${port}/`,
        body: 'x',
        signal: within(2_000),
      }),
    );
    expect([error.kind, error.message]).toEqual(['not_sent', 'The connection was refused.']);
  });

  test('a TLS failure, and no byte of the body with it', async () => {
    const seen: Buffer[] = [];
    const server = await serveTcp((socket) => {
      socket
        .on('error', () => {})
        .on('data', (bytes) => {
          seen.push(bytes);
          socket.end('this is not TLS\r\n');
        });
    });
    cleanups.push(() => server.close());
    const { port } = server;
    const request = {
      method: 'POST',
      url: `https://127.0.0.1:${port}/`,
      body: 'the body',
      signal: within(2_000),
    };
    expect((await failure(clientWith().request(request))).kind).toBe('not_sent');
    expect(Buffer.concat(seen).toString('latin1')).not.toContain('the body');
  });

  test('time over while the name is resolved; nothing is sent later either', async () => {
    const requests: string[] = [];
    const url = await serve((request, response) => {
      requests.push(request.url ?? '');
      response.end();
    });
    const { promise, resolve } = Promise.withResolvers<{ address: string; family: number }[]>();
    const client = clientWith({ allowPrivateHosts: ['slow.example'], resolve: () => promise });
    const target = `http://slow.example:${new URL(url).port}/`;
    const error = await failure(
      client.request({ method: 'POST', url: target, body: 'x', signal: within(50) }),
    );
    expect(error.kind).toBe('not_sent');
    resolve([{ address: '127.0.0.1', family: 4 }]);
    const next = await client.request({ method: 'GET', url: `${target}next`, signal: within(2_000) });
    expect([next.status, requests]).toEqual([200, ['/next']]);
  });

  test('an abort before the call', async () => {
    const error = await failure(
      clientWith().request({ method: 'POST', url: 'http://127.0.0.1:1/', signal: AbortSignal.abort() }),
    );
    expect(error.kind).toBe('not_sent');
  });
});

describe('what may have arrived', () => {
  test('a reset after the request was read', async () => {
    const url = await serve((request) => request.socket.destroy());
    const error = await failure(
      clientWith().request({ method: 'POST', url, body: 'x', signal: within(2_000) }),
    );
    expect([error.kind, toChannelError(error).kind, error.status]).toEqual([
      'no_answer',
      'no_answer',
      undefined,
    ]);
  });

  test('silence', async () => {
    const url = await serve(() => {});
    const error = await failure(
      clientWith().request({ method: 'POST', url, body: 'x', signal: within(100) }),
    );
    expect([error.kind, error.message]).toEqual(['no_answer', 'No answer within the time allowed.']);
  });

  test('a body that trickles: the whole time counts, and the status is kept', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const started = Date.now();
    const error = await failure(
      clientWith().request({ method: 'POST', url, body: 'x', signal: within(200) }),
    );
    expect([error.kind, error.status]).toEqual(['no_answer', 200]);
    expect(Date.now() - started).toBeLessThan(1_000);
  });
});

test.each([
  ['announced', true],
  ['unannounced', false],
])('an oversized body, %s, is cut', async (_, announced) => {
  const url = await serve((__, response) => {
    response.writeHead(200, announced ? { 'content-length': 1_000_000 } : {});
    response.end(Buffer.alloc(1_000_000));
  });
  const error = await failure(
    clientWith().request({ method: 'GET', url, signal: within(2_000), maxBytes: 1000 }),
  );
  expect([error.kind, error.status]).toEqual(['too_large', 200]);
});

test('headers that can’t be written are refused, not thrown about', async () => {
  const headers = { 'x-name': 'a\r\nx-injected: b' };
  const error = await failure(
    clientWith().request({ method: 'GET', url: 'http://127.0.0.1:9/', headers, signal: within(2_000) }),
  );
  expect(error.kind).toBe('blocked');
});

test('public is what the registries call public', () => {
  expect(['1.1.1.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'].every(isPublicAddress)).toBe(true);
  expect(['4000::1', '1::1', 'not an address', ''].some(isPublicAddress)).toBe(false);
});
