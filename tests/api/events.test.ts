/** Server-sent events: named, in order, nothing lost and nothing twice across reconnects, nobody hears another workspace. */
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestApi, type TestApi, type TestRequest } from '../support/api.ts';
import { createApiInbox, receive, type ApiInbox } from '../support/inboxes.ts';

interface Heard {
  event: string;
  id: string;
  data: Record<string, unknown>;
}
interface Listener {
  heard: Heard[];
  /** Position of the last event, as a browser remembers it. */
  lastId(): string;
  until(what: string, check: () => boolean): Promise<void>;
  close(): Promise<void>;
}

let api: TestApi;
let inbox: ApiInbox;
const open = new Set<Listener>();
beforeAll(async () => {
  api = await createTestApi();
  inbox = await createApiInbox(api);
});
afterEach(async () => {
  for (const listener of open) await listener.close();
});
afterAll(() => api.close());

async function listen(options: TestRequest = {}, lastEventId?: string): Promise<Listener> {
  const response = await api.request('/api/events', {
    ...options,
    ...(lastEventId !== undefined && { headers: { 'last-event-id': lastEventId } }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('No body.');
  const heard: Heard[] = [];
  let closed = false;
  const reading = (async () => {
    let buffer = '';
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true as const }));
      if (done || closed) return;
      buffer += value;
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) {
        if (block.startsWith(':')) continue;
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        heard.push({
          event: field('event'),
          id: field('id'),
          data: JSON.parse(field('data')) as Heard['data'],
        });
      }
    }
  })();
  const listener: Listener = {
    heard,
    lastId: () => heard.at(-1)?.id ?? '',
    async until(what, check) {
      for (const end = Date.now() + 30_000; !check();) {
        if (Date.now() > end) throw new Error(`Not heard: ${what}. Heard ${JSON.stringify(heard.slice(-5))}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async close() {
      closed = true;
      open.delete(listener);
      await reader.cancel();
      await reading;
    },
  };
  open.add(listener);
  await listener.until('the greeting', () => heard.length > 0);
  return listener;
}
const messages = (listener: Listener): unknown[] =>
  listener.heard.filter((one) => one.event === 'message.created').map((one) => one.data['messageId']);

test('a message is heard by its workspace, named, with ids only', async () => {
  const [ours, theirs] = [await listen(), await listen({ key: api.other.keys.admin })];
  expect(ours.heard[0]?.event).toBe('ready');
  const { messageId, conversationId } = await receive(api, inbox, { id: 'e-1', text: 'a secret text' });
  await ours.until('the message', () => messages(ours).includes(messageId));
  const event = ours.heard.find((one) => one.data['messageId'] === messageId);
  expect(event).toMatchObject({
    event: 'message.created',
    data: { conversationId, seq: 1, inboxId: inbox.id },
  });
  expect(Number(event?.id)).toBeGreaterThan(0);
  expect(JSON.stringify(ours.heard)).not.toContain('secret text');
  const own = await createApiInboxElsewhere();
  await theirs.until('their own', () => theirs.heard.some((one) => one.data['inboxId'] === own));
  expect(theirs.heard.filter((one) => one.data['conversationId'] === conversationId)).toEqual([]);
  expect(ours.heard.filter((one) => one.data['inboxId'] === own)).toEqual([]);
});

async function createApiInboxElsewhere(): Promise<string> {
  const response = await api.request('/api/inboxes', {
    key: api.other.keys.admin,
    body: { type: 'api', name: 'Theirs', credentials: { callbackUrl: 'http://127.0.0.1:9/x' } },
  });
  return ((await response.json()) as { inbox: { id: string } }).inbox.id;
}

test('what happened while nobody listened is told on return, once', async () => {
  const first = await listen();
  const one = await receive(api, inbox, { id: 'r-1', text: '1' });
  await first.until('the first', () => messages(first).includes(one.messageId));
  const lastId = first.lastId();
  await first.close();
  const missed: string[] = [];
  for (let index = 2; index <= 5; index++)
    missed.push((await receive(api, inbox, { id: `r-${index}`, text: String(index) })).messageId);
  const second = await listen({}, lastId);
  await second.until('all missed', () => messages(second).length >= 4);
  const live = await receive(api, inbox, { id: 'r-6', text: '6' });
  await second.until('the live one', () => messages(second).includes(live.messageId));
  expect(messages(second)).toEqual([...missed, live.messageId]);
});

const connected = async (): Promise<Client> => {
  const client = new Client({
    connectionString: api.database.url,
    options: '-c role=teloring_engine',
  });
  await client.connect();
  return client;
};
const write = (to: Client, label: string) =>
  to.query(`insert into ui_events (workspace_id, name, data) values ($1, 'run.updated', $2)`, [
    api.workspace.id,
    JSON.stringify({ runId: label }),
  ]);
const runs = (listener: Listener): unknown[] =>
  listener.heard.filter((one) => one.event === 'run.updated').map((one) => one.data['runId']);

test('no loss and no double across reconnects while transactions commit out of order', async () => {
  const [slow, quick] = [await connected(), await connected()];
  const first = await listen();
  await slow.query('begin');
  await write(slow, 'slow-1');
  for (const label of ['quick-1', 'quick-2']) await write(quick, label);
  // The browser loses its connection now, between positions that are committed and one below them that isn't.
  const lastId = first.lastId();
  const early = runs(first);
  await first.close();
  const second = await listen({}, lastId);
  await write(slow, 'slow-2');
  await slow.query('commit');
  await second.until('all four', () => runs(second).length + early.length >= 4);
  // Once more, from the middle of what was heard.
  const middle = second.heard.find((one) => one.data['runId'] === 'slow-2')?.id;
  const third = await listen({}, middle);
  await write(quick, 'last');
  await Promise.all(
    [second, third].map((listener) => listener.until('the last', () => runs(listener).includes('last'))),
  );
  expect([...early, ...runs(second)]).toEqual(['slow-1', 'slow-2', 'quick-1', 'quick-2', 'last']);
  expect(runs(third)).toEqual(['quick-1', 'quick-2', 'last']);
  await Promise.all([slow.end(), quick.end()]);
});

test('many listeners with reconnects at random hear the same, each once, in one order', async () => {
  const start = await listen();
  const from = start.lastId();
  await start.close();
  const total = 40;
  const ids: string[] = [];
  const writing = (async () => {
    for (let index = 0; index < total; index++)
      ids.push((await receive(api, inbox, { id: `many-${index}`, text: 'x' })).messageId);
  })();
  const listeners = Array.from({ length: 3 }, async () => {
    const all: unknown[] = [];
    for (let at = from; all.length < total;) {
      const listener = await listen({}, at);
      const wanted = Math.min(total, all.length + 1 + Math.floor(Math.random() * 15));
      await listener.until(`${wanted} messages`, () => all.length + messages(listener).length >= wanted);
      // As a browser: what has arrived counts, and its id is where it goes on.
      all.push(...messages(listener));
      at = listener.lastId();
      await listener.close();
    }
    return all;
  });
  const heard = await Promise.all(listeners);
  await writing;
  for (const all of heard) expect(all).toEqual(ids);
});

test('a place that is no longer known is told, so that the screen loads afresh', async () => {
  for (const unknown of ['999999999', 'nonsense', '-1']) {
    const listener = await listen({}, unknown);
    expect([unknown, listener.heard[0]?.event]).toEqual([unknown, 'resync']);
    await listener.close();
  }
});

test('after the last listener has gone and come back, the feed goes on', async () => {
  const first = await listen();
  await first.close();
  await new Promise((resolve) => setTimeout(resolve, 400));
  const second = await listen();
  const { messageId } = await receive(api, inbox, { id: 'again', text: 'x' });
  await second.until('the message', () => messages(second).includes(messageId));
});

test('an event of this process is heard well before the next tick', async () => {
  const listener = await listen();
  const { conversationId } = await receive(api, inbox, { id: 'poked', text: 'x' });
  const response = await api.request(`/api/conversations/${conversationId}/messages`, {
    body: { clientMessageId: 'poke', text: 'hello' },
  });
  const { id } = (await response.json()) as { id: string };
  await listener.until('the reply', () => messages(listener).includes(id));
});

test('without a key 401', async () => {
  expect((await api.request('/api/events', { as: 'nobody' })).status).toBe(401);
});
