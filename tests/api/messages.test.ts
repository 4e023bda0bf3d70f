import { afterAll, beforeAll, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi, type TestRequest } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { createApiInbox, receive, type ApiInbox } from '../support/inboxes.ts';

interface Conversation {
  id: string;
  status: string;
  owner: string;
  assigneeId: string | null;
  labels: string[];
  priority: string;
  customerId: string | null;
  lastSeq: number;
  unreadCount: number;
  snoozedUntil: string | null;
  window: object;
  contact: { externalId: string; name: string | null };
  lastMessage?: { text: string };
}
interface Message {
  id: string;
  seq: number;
  text: string;
  direction: string;
  status: string;
  parts: { kind: string; text?: string }[];
  author: { kind: string; name?: string; id?: string };
  providerMessageId: string | null;
}

let api: TestApi;
let json: Ask;
let inbox: ApiInbox;
let counter = 0;
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api);
  inbox = await createApiInbox(api);
});
afterAll(() => api.close());

async function start(text = 'Hello', from = { id: `contact-${++counter}`, name: `Contact ${counter}` }) {
  return receive(api, inbox, { id: `m-${++counter}`, from, text });
}
const patch = (id: string, body: object, as: TestRequest['as'] = 'agent') =>
  json<Conversation & { error?: { code: string } }>(`/api/conversations/${id}`, {
    method: 'PATCH',
    as,
    body,
  });

test('a reply: 201, then 200 with the same message; the engine is asked to send it', async () => {
  const { conversationId } = await start();
  const send = () =>
    json<Message>(`/api/conversations/${conversationId}/messages`, {
      as: 'agent',
      body: { clientMessageId: 'c-1', text: 'Hello back' },
    });
  const first = await send();
  expect(first.status).toBe(201);
  expect(first.body).toMatchObject({
    seq: 2,
    direction: 'out',
    text: 'Hello back',
    status: 'planned',
    parts: [{ kind: 'text', text: 'Hello back' }],
    author: { kind: 'agent', name: 'agent key' },
    providerMessageId: null,
  });
  const again = await send();
  expect([again.status, again.body.id]).toEqual([200, first.body.id]);
  const started = api.engineCalls.filter((call) => call.call === 'startOutbound').map((call) => call.input);
  // The repeat asks too: the first request may have died before it could.
  expect(started).toEqual([first.body.id, first.body.id]);
  expect((await json<Conversation>(`/api/conversations/${conversationId}`)).body).toMatchObject({
    owner: 'human',
    lastSeq: 2,
  });
});

test('two requests at once with one clientMessageId make one message', async () => {
  const { conversationId } = await start();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      json<Message>(`/api/conversations/${conversationId}/messages`, {
        body: { clientMessageId: 'same', text: 'x' },
      }),
    ),
  );
  expect(answers.map((answer) => answer.status).toSorted((one, other) => one - other)).toEqual([
    200, 200, 200, 200, 201,
  ]);
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
});

test('a private note stays inside and takes nobody over', async () => {
  const { conversationId } = await start();
  const before = api.engineCalls.length;
  const note = await json<Message>(`/api/conversations/${conversationId}/messages`, {
    body: { clientMessageId: 'n', text: 'careful', private: true },
  });
  expect(note.body).toMatchObject({ direction: 'internal', status: 'sent' });
  expect(api.engineCalls.slice(before).filter((call) => call.call === 'startOutbound')).toEqual([]);
  expect((await json<Conversation>(`/api/conversations/${conversationId}`)).body.owner).toBe('none');
});

test.each([
  ['neither', {}],
  ['both', { text: 'a', parts: [{ kind: 'text', text: 'a' }] }],
  ['an empty text', { text: '' }],
  ['no parts', { parts: [] }],
  ['a part nobody knows', { parts: [{ kind: 'hologram' }] }],
  ['a file that was not uploaded', { parts: [{ kind: 'image', mediaId: uuidV7() }] }],
  ['a file by a bad id', { parts: [{ kind: 'image', mediaId: 'x' }] }],
  [
    'nesting without end',
    `{"clientMessageId":"b","parts":[{"kind":"template","name":"t","params":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`,
  ],
])('%s is 422 and stores nothing', async (_, body) => {
  const { conversationId } = await start();
  const refused = await json(`/api/conversations/${conversationId}/messages`, {
    body: typeof body === 'string' ? body : { clientMessageId: 'b', ...body },
  });
  expect(refused.status).toBe(422);
  expect((await json<Conversation>(`/api/conversations/${conversationId}`)).body.lastSeq).toBe(1);
});

test.each([
  ['NUL', 'a\u0000b', 'a\uFFFDb'],
  ['a lone surrogate', 'a\uD800b', 'a\uFFFDb'],
  ['right to left', '‏שלום עולם مرحبا', '‏שלום עולם مرحبا'],
  ['100 kB', 'ä😀'.repeat(20_000), 'ä😀'.repeat(20_000)],
])('%s is stored and comes back', async (_, text, stored) => {
  const { conversationId } = await start(text);
  const sent = await json<Message>(`/api/conversations/${conversationId}/messages`, {
    body: { clientMessageId: 't', text },
  });
  expect([sent.status, sent.body.text === stored]).toEqual([201, true]);
  const { body } = await json<{ items: Message[] }>(`/api/conversations/${conversationId}/messages`);
  expect(body.items.map((message) => message.text === stored)).toEqual([true, true]);
  const list = await json<{ items: Conversation[] }>(`/api/conversations?inboxId=${inbox.id}&limit=1`);
  expect(list.body.items[0]?.lastMessage?.text.length).toBeLessThanOrEqual(400);
});

test('messages: ascending, older pages by cursor and before, newer by after, activities on request', async () => {
  const { conversationId } = await start('1', { id: 'long', name: 'L' });
  for (let index = 2; index <= 12; index++)
    await receive(api, inbox, { id: `l-${index}`, from: { id: 'long' }, text: String(index) });
  await patch(conversationId, { labels: ['busy'] });
  const get = (query: string) =>
    json<{ items: Message[]; nextCursor: string | null; activities?: { kind: string; afterSeq: number }[] }>(
      `/api/conversations/${conversationId}/messages?${query}`,
    );
  const seqs = (answer: Awaited<ReturnType<typeof get>>) => answer.body.items.map((message) => message.seq);
  const newest = await get('limit=5&include=activities');
  expect(seqs(newest)).toEqual([8, 9, 10, 11, 12]);
  expect(newest.body.activities).toMatchObject([{ kind: 'labelled', afterSeq: 12 }]);
  const older = await get(`limit=5&cursor=${newest.body.nextCursor}`);
  expect(seqs(older)).toEqual([3, 4, 5, 6, 7]);
  const oldest = await get(`limit=5&cursor=${older.body.nextCursor}`);
  expect([seqs(oldest), oldest.body.nextCursor]).toEqual([[1, 2], null]);
  expect(seqs(await get('before=4'))).toEqual([1, 2, 3]);
  const newer = await get('after=2&limit=4');
  expect(seqs(newer)).toEqual([3, 4, 5, 6]);
  expect(seqs(await get(`limit=100&cursor=${newer.body.nextCursor}`))).toEqual([7, 8, 9, 10, 11, 12]);
  expect((await json(`/api/conversations/${uuidV7()}/messages`)).status).toBe(404);
});
