import { afterAll, afterEach, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { performHttpStep, type HttpStepEffect } from '#channels/http-step.ts';
import { serveHttp, type LocalServer, type Received } from './local-server.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
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
const perform = (effect: Partial<HttpStepEffect>, signal = AbortSignal.timeout(5_000)) =>
  performHttpStep(
    http,
    { method: 'GET', url: '', headers: {}, body: null, timeoutMs: 2_000, ...effect },
    signal,
  );
const kindOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (reason: unknown) => (reason instanceof ChannelError ? reason.kind : reason),
  );

test.each([
  ['JSON', 'application/json; charset=utf-8', '{"a":[1]}', { a: [1] }],
  ['a JSON dialect', 'application/problem+json', 'null', null],
  ['JSON that is none', 'application/json', '{oops', '{oops'],
  ['text that looks like JSON', 'text/plain', '{"a":1}', '{"a":1}'],
  ['nothing', 'text/plain', '', ''],
])('%s', async (_, type, content, body) => {
  const url = await serve(
    (__, response) => void response.writeHead(418, { 'content-type': type, 'x-a': 'b' }).end(content),
  );
  expect(await perform({ url })).toMatchObject({ status: 418, headers: { 'x-a': 'b' }, body });
});

test('sends method, headers and body, but never the framing a flow names', async () => {
  const received: Received[] = [];
  const url = await serve((request, response) => {
    received.push(request);
    response.end('{}');
  });
  const headers = {
    'X-Key': 'k',
    HOST: 'evil.example',
    'content-length': '1',
    'Transfer-Encoding': 'chunked',
  };
  await perform({ url: `${url}/a?b=c`, method: 'post', headers, body: '{"x":1}' });
  await perform({ url, method: 'GET', body: 'ignored' });
  expect(received[0]).toMatchObject({
    method: 'POST',
    path: '/a?b=c',
    headers: {
      'x-key': 'k',
      host: new URL(url).host,
      'content-type': 'application/json',
      'content-length': '7',
    },
    body: Buffer.from('{"x":1}'),
  });
  expect(received[1]?.body).toHaveLength(0);
});

test('64 KiB and no more', async () => {
  const url = await serve(({ path }, response) => void response.end(Buffer.alloc(Number(path.slice(1)))));
  expect((await perform({ url: `${url}/65536` })).body).toHaveLength(65_536);
  expect(await kindOf(perform({ url: `${url}/65537` }))).toBe('no_answer');
});

test('its own time and the activity’s both end it', async () => {
  const url = await serve(() => {});
  expect(await kindOf(perform({ url, timeoutMs: 100 }))).toBe('no_answer');
  expect(await kindOf(perform({ url }, AbortSignal.timeout(100)))).toBe('no_answer');
});

test.each([
  ['a private address', { url: 'http://192.168.0.1/' }, 'permanent'],
  ['a metadata service', { url: 'http://169.254.169.254/' }, 'permanent'],
  ['a method of its own', { url: 'http://example.com/', method: 'CONNECT' }, 'permanent'],
  ['no URL', { url: 'example' }, 'permanent'],
  ['an unknown host', { url: 'http://no-such-host.invalid/' }, 'not_sent'],
])('%s', async (_, effect, kind) => {
  expect(await kindOf(perform(effect))).toBe(kind);
});
