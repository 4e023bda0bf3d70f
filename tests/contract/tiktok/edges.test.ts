/** What the double never says: answers of gateways, the day's pace, links beside the API, events that only look like a person's. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChannelError } from '#channels/contract.ts';
import { readDelivery } from '#channels/tiktok/parse.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { adapter, messageTo, options, startBench, type Bench } from './bench.ts';
import { businessId } from './deliveries.ts';

let bench: Bench;
let server: LocalServer;
let answer: { status: number; body: string; headers?: Record<string, string> };
beforeEach(async () => {
  bench = await startBench();
  server = await serveHttp(
    (_, response) => void response.writeHead(answer.status, answer.headers ?? {}).end(answer.body),
  );
});
afterEach(async () => {
  await bench.close();
  await server.close();
});

test.each([
  [502, '<html>Bad gateway</html>', 'no_answer', undefined],
  [200, '<html>Sorry</html>', 'no_answer', undefined],
  [200, '{"code":0,"data":{}}', 'no_answer', undefined],
  [302, '', 'no_answer', undefined],
  [500, '{"code":0,"message":"OK"}', 'no_answer', undefined],
  [429, '', 'retry_after', undefined],
  [401, '', 'reauthorize', undefined],
  [403, '', 'permanent', undefined],
  [200, '{"code":40064,"message":"You are sending too fast"}', 'retry_after', 600_000],
  [200, '{"code":40064,"message":"Blocked by message rules"}', 'window_closed', undefined],
  [200, '{"code":40999,"message":"New"}', 'permanent', undefined],
  [200, '{"code":50002,"message":"Busy"}', 'no_answer', undefined],
])('%i %s is %s', async (status, body, kind, retryAfterMs) => {
  answer = { status, body };
  const hi = messageTo('conv', { kind: 'text', text: 'Hi' });
  const error = await adapter.send({ ...bench.inbox, urls: { api: server.url } }, hi, options()).then(
    () => null,
    (reason: ChannelError) => reason,
  );
  expect([error?.kind, error?.retryAfterMs, error?.repeatable]).toEqual([kind, retryAfterMs, false]);
});

describe('media', () => {
  const fetch = (url: string) =>
    adapter.fetchMedia?.(bench.inbox, { url }, { signal: AbortSignal.timeout(2_000), maxBytes: 100 });

  test('a link of a sticker gets no token, and leads below the API’s own address only', async () => {
    bench.phone.write({
      chatId: '',
      media: { kind: 'sticker', bytes: Buffer.from('x'), mimeType: 'image/webp' },
    });
    await bench.phone.settled();
    const [event] = bench.events;
    const part = event?.kind === 'message' ? event.parts[0] : undefined;
    if (!part || !('source' in part)) throw new Error('no sticker');
    await adapter.fetchMedia?.(bench.inbox, part.source, {
      signal: AbortSignal.timeout(2_000),
      maxBytes: 100,
    });
    expect(bench.calls.at(-1)?.path).toMatch(/sticker/);
    expect(bench.calls.at(-1)?.headers).not.toHaveProperty('x-user');
    expect(bench.calls.at(-1)?.headers).not.toHaveProperty('access-token');
    const calls = bench.calls.length;
    for (const path of [
      '/tiktok/auth/x',
      '/tiktok/apix/x',
      '/tiktok/api/../../metrics',
      '/tiktok/api/%2e%2e/x',
    ])
      await expect(fetch(bench.url + path)).rejects.toMatchObject({ kind: 'permanent' });
    expect(bench.calls).toHaveLength(calls);
  });

  test('no redirect is followed: the token would go along', async () => {
    answer = { status: 302, body: '', headers: { location: 'https://evil.example/' } };
    const inbox = { ...bench.inbox, urls: { api: server.url } };
    const signal = AbortSignal.timeout(2_000);
    const got = adapter.fetchMedia?.(inbox, { url: `${server.url}/x` }, { signal, maxBytes: 100 });
    await expect(got).rejects.toMatchObject({ kind: 'permanent', providerCode: 'http 302' });
  });
});

describe('whose event it is', () => {
  const business = { id: businessId, role: 'business_account' };
  const person = { id: 'person', role: 'personal_account' };
  const read = (event: string, content: Record<string, unknown>): unknown =>
    readDelivery(
      new TextEncoder().encode(
        JSON.stringify({ event, user_openid: businessId, create_time: 1, content: JSON.stringify(content) }),
      ),
    );
  const said = { conversation_id: 'c', message_id: '1', timestamp: 1, type: 'text', text: { body: 'Hi' } };

  test('what the business wrote is an echo, whatever the event is called', () => {
    expect(read('im_receive_msg', { ...said, from_user: business, to_user: person })).toMatchObject([
      { kind: 'echo', parts: [{ text: 'Hi' }] },
    ]);
    expect(read('im_receive_msg', { ...said, from_user: person, to_user: business })).toMatchObject([
      { kind: 'message' },
    ]);
  });

  test('a new kind of event is a person’s only where it is addressed to us', () => {
    expect(read('im_new', { ...said, from_user: person, to_user: business })).toMatchObject([
      { kind: 'message', parts: [{ kind: 'unsupported', what: 'im_new' }] },
    ]);
    expect(read('im_new', { ...said, from_user: business, to_user: person })).toMatchObject([
      { kind: 'account' },
    ]);
    expect(read('im_new', said)).toMatchObject([{ kind: 'account' }]);
  });

  test('our own reading is not the customer’s', () => {
    const seen = { conversation_id: 'c', timestamp: 5, read: { last_read_timestamp: 5 } };
    expect(read('im_mark_read_msg', { ...seen, from_user: business, to_user: person })).toMatchObject([
      { kind: 'account' },
    ]);
    expect(read('im_mark_read_msg', { ...seen, from_user: person, to_user: business })).toMatchObject([
      { kind: 'watermark', untilMs: 5 },
    ]);
  });
});
