/** What the world sends: bad requests are refused with a clear error and store nothing; any text is stored and answered. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { uuidV7 } from '#domain/ids.ts';
import { sign, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  const echo: FlowDefinition = {
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: [stack.inboxId], match: { kind: 'any' } }],
    entry: 'reply',
    steps: {
      reply: { kind: 'send', params: { text: '{{message.text}}' }, exits: { next: null, failed: null } },
    },
  };
  await stack.publish(echo);
});
afterAll(async () => {
  await stack?.close();
});

interface Refusal {
  status: number;
  body: { error?: { code: string; message: string; requestId: string } };
}
async function post(raw: string, headers: Record<string, string>, inboxId = stack.inboxId): Promise<Refusal> {
  const response = await stack.app.request(`/webhooks/api/${inboxId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw,
  });
  return { status: response.status, body: (await response.json()) as Refusal['body'] };
}
const signed = (raw: string, seconds?: number) => ({
  'x-teloring-signature': sign(stack.secret, raw, seconds),
});
const stored = async (): Promise<number> =>
  Number((await stack.query<{ n: string }>('select count(*) as n from inbound_events'))[0]?.n);
const message = (text: unknown = 'hi') => JSON.stringify({ id: uuidV7(), from: { id: 'contact' }, text });

test.each<[string, () => Promise<Refusal>, number]>([
  ['no signature', () => post(message(), {}), 401],
  [
    'a wrong signature',
    () =>
      post(message(), { 'x-teloring-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` }),
    401,
  ],
  ['a signature that is no signature', () => post(message(), { 'x-teloring-signature': 'nonsense' }), 401],
  ['a body changed after signing', () => post(message('changed'), signed(message())), 401],
  [
    'a stale timestamp',
    () => {
      const raw = message();
      return post(raw, signed(raw, Math.floor(Date.now() / 1000) - 301));
    },
    401,
  ],
  ['malformed JSON', () => post('{"id":', signed('{"id":')), 400],
  ['JSON that is no message', () => post('[]', signed('[]')), 400],
  [
    'neither text nor attachment',
    () => {
      const raw = JSON.stringify({ id: 'x', from: { id: 'contact' } });
      return post(raw, signed(raw));
    },
    400,
  ],
  [
    'more than 4 MiB',
    () => {
      const raw = message('x'.repeat(4 * 1024 * 1024));
      return post(raw, signed(raw));
    },
    413,
  ],
  ['an unknown inbox', () => post(message(), signed(message()), uuidV7()), 404],
  ['an inbox id that is none', () => post(message(), signed(message()), 'nope'), 404],
])('%s is refused, and nothing is stored', async (_, request, status) => {
  const before = await stored();
  const answer = await request();
  expect(answer.status).toBe(status);
  expect(answer.body.error).toMatchObject({
    code: expect.any(String),
    message: expect.any(String),
    requestId: expect.any(String),
  });
  expect(await stored()).toBe(before);
});

test('a channel without webhooks has none', async () => {
  const response = await stack.app.request(`/webhooks/live_chat/${stack.inboxId}`, {
    method: 'POST',
    body: '{}',
  });
  expect(response.status).toBe(404);
});

test('unknown fields are ignored', async () => {
  const raw = JSON.stringify({
    id: uuidV7(),
    from: { id: 'extra', shoeSize: 44 },
    text: 'hi',
    mood: ['good'],
  });
  expect((await post(raw, signed(raw))).status).toBe(202);
  await stack.quiet();
});

test.each<[string, string, string]>([
  ['NUL bytes', 'a\u0000b', 'a\uFFFDb'],
  ['lone surrogates', 'a\uD800b', 'a\uFFFDb'],
  ['right to left', 'مرحبا \u202Eשלום', 'مرحبا \u202Eשלום'],
  ['emoji sequences', '👩‍👩‍👧‍👦🏳️‍🌈', '👩‍👩‍👧‍👦🏳️‍🌈'],
  ['whitespace', '   ', '   '],
  ['100 kB', 'é'.repeat(50_000), 'é'.repeat(50_000)],
  ['what looks like a template', '{{contact.name}} {{', '{{contact.name}} {{'],
  [
    'what looks like SQL and JSON',
    `'; drop table messages; -- {"a":1}\\`,
    `'; drop table messages; -- {"a":1}\\`,
  ],
])('%s: stored and answered', async (name, text, expected) => {
  const before = stack.receiver.deliveries.length;
  const eventId = await stack.say(`text ${name}`, text);
  await stack.quiet();
  const rows = await stack.query<{ text: string }>('select text from messages where event_id = $1', [
    eventId,
  ]);
  expect(rows).toEqual([{ text: expected }]);
  // An empty-looking message is answered too, unless the answer itself would be empty.
  if (expected.trim() !== '') {
    await stack.receiver.waitFor(before + 1);
    expect(stack.receiver.deliveries[before]?.body.message.text).toBe(expected);
  }
});
