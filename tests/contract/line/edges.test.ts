/** What the double never says: LINE still converting, a key that is no UUID, links that lead on. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';
import { adapter, messageOf, options, startBench, type Bench } from './bench.ts';

let bench: Bench;
let server: LocalServer;
let answers: Record<string, { status: number; body: string; headers?: Record<string, string> }>;
let asked: { path: string; authorization: string | undefined }[];
beforeEach(async () => {
  [answers, asked] = [{}, []];
  bench = await startBench();
  server = await serveHttp(({ path, headers }, response) => {
    asked.push({ path, authorization: headers.authorization });
    const { status, body, headers: more = {} } = answers[path] ?? { status: 404, body: '{}' };
    response.writeHead(status, more).end(body);
  });
});
afterEach(async () => {
  await bench.close();
  await server.close();
});

async function fetched(source: Record<string, string | boolean>): Promise<unknown> {
  const inbox = { ...bench.inbox, urls: { api: server.url, data: server.url, stickers: server.url } };
  const signal = AbortSignal.timeout(2_000);
  try {
    const media = await adapter.fetchMedia?.(inbox, source, { signal, maxBytes: 100 });
    return Buffer.from(media?.bytes ?? []).toString();
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return error.kind;
  }
}

test('what LINE is still converting is fetched later, what it can’t convert never', async () => {
  const transcoding = '/v2/bot/message/7/content/transcoding';
  const source = { messageId: '7', transcoded: true };
  answers['/v2/bot/message/7/content'] = { status: 200, body: 'film' };
  answers[transcoding] = { status: 200, body: '{"status":"processing"}' };
  expect(await fetched(source)).toBe('retry_after');
  answers[transcoding] = { status: 200, body: '{"status":"failed"}' };
  expect(await fetched(source)).toBe('permanent');
  answers[transcoding] = { status: 200, body: '{"status":"succeeded"}' };
  expect(await fetched(source)).toBe('film');
  answers['/v2/bot/message/7/content'] = { status: 202, body: '' };
  expect(await fetched(source)).toBe('retry_after');
  expect(await fetched({ messageId: '8' })).toBe('permanent');
});

test('no redirect is followed, and the token goes to LINE alone', async () => {
  answers['/v2/bot/message/7/content'] = {
    status: 302,
    body: '',
    headers: { location: `${server.url}/else` },
  };
  answers['/stickershop/v1/sticker/1/android/sticker.png'] = answers['/v2/bot/message/7/content'];
  expect(await fetched({ messageId: '7' })).toBe('retry_after');
  expect(await fetched({ stickerId: '1' })).toBe('permanent');
  expect(asked.map(({ authorization }) => authorization)).toEqual([
    `Bearer ${bench.inbox.credentials.channelAccessToken}`,
    undefined,
  ]);
});

test('a key that is no UUID is the same retry key on every try', async () => {
  const phone = await bench.phone();
  phone.addFault({ kind: 'no_answer', times: 1 });
  const hi = messageOf({ kind: 'text', text: 'Hi' });
  const once = adapter.send(bench.inbox, hi, options({ key: 'outbox-7', signal: AbortSignal.timeout(200) }));
  await expect(once).rejects.toMatchObject({ kind: 'no_answer', repeatable: true });
  const again = await adapter.send(bench.inbox, { ...hi, attempt: 2 }, options({ key: 'outbox-7' }));
  await adapter.send(bench.inbox, hi, options({ key: 'outbox-8' }));
  expect(phone.ledger()).toHaveLength(2);
  expect(again.providerMessageId).toBe(phone.ledger()[0]?.providerMessageId);
});
