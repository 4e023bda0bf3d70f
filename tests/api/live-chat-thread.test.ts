import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poolOf } from '#db/client.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import {
  as,
  createLiveChat,
  forge,
  type LiveChat,
  type ThreadPage,
  type Visitor,
} from '../support/live-chat.ts';

let api: TestApi;
let chat: LiveChat;

beforeAll(async () => {
  api = await createTestApi();
  chat = await createLiveChat(api);
});
afterAll(() => api.close());

describe('the thread going down', () => {
  it('holds the named fields only: no note, no author id, no flow, nothing unsent', async () => {
    const visitor = await chat.visitor();
    const { add } = await chat.createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'hello' });
    await add({ direction: 'out', status: 'sent', text: 'bot says', author: 'bot' });
    await add({ direction: 'internal', status: 'sent', text: 'PRIVATE NOTE' });
    await add({ direction: 'out', status: 'sent', text: 'agent says' });
    await add({ direction: 'out', status: 'failed', text: 'FAILED DRAFT' });
    const { items } = await chat.thread(visitor);
    expect(items.map((item) => item.parts[0]?.text)).toEqual(['hello', 'bot says', 'agent says']);
    const allowed = new Set([
      'id',
      'conversationId',
      'seq',
      'from',
      'name',
      'clientMessageId',
      'parts',
      'createdAt',
    ]);
    for (const item of items) expect(Object.keys(item).filter((key) => !allowed.has(key))).toEqual([]);
    const down = (await readStream(visitor, '', messages(3))).text + JSON.stringify(items);
    for (const secret of [
      'PRIVATE',
      'FAILED',
      'Secret flow name',
      'internal-routing',
      api.workspace.users.agent,
      api.workspace.id,
    ]) {
      expect(down).not.toContain(secret);
    }
    expect(down).toContain('"name":"Ada"');
  });

  it('is empty for another visitor, also with this one’s places', async () => {
    const [owner, thief] = [await chat.visitor(), await chat.visitor()];
    const { add, conversationId } = await chat.createThread(owner);
    await add({ direction: 'in', status: 'received', text: 'mine' });
    await chat.createThread(thief);
    for (const query of ['', `?after=${conversationId}:0`, `?before=${conversationId}:99`, '?after=0']) {
      expect((await chat.thread(thief, query)).items, query).toEqual([]);
    }
  });

  it('catches up from a place, over conversations, in pages, both ways', async () => {
    const visitor = await chat.visitor();
    const first = await chat.createThread(visitor, 'resolved');
    for (let n = 1; n <= 40; n++) await first.add({ direction: 'in', status: 'received', text: `a${n}` });
    const second = await chat.createThread(visitor);
    for (let n = 1; n <= 40; n++) await second.add({ direction: 'in', status: 'received', text: `b${n}` });
    const all = [
      ...Array.from({ length: 40 }, (_, n) => `a${n + 1}`),
      ...Array.from({ length: 40 }, (_, n) => `b${n + 1}`),
    ];
    const end = await chat.thread(visitor);
    expect(texts(end)).toEqual(all.slice(30));
    expect(end.more).toBe(true);
    const oldest = end.items[0];
    const earlier = await chat.thread(visitor, `?before=${oldest?.conversationId}:${oldest?.seq}`);
    expect(texts(earlier)).toEqual(all.slice(0, 30));
    expect(earlier.more).toBe(false);

    const forward: (string | undefined)[] = [];
    for (let place: string | null = `${first.conversationId}:10`; place;) {
      const page: ThreadPage = await chat.thread(visitor, `?after=${place}`);
      forward.push(...texts(page));
      ({ place } = page);
    }
    expect(forward).toEqual(all.slice(10));
    expect(texts(await chat.thread(visitor, '?after=38'))).toEqual(['b39', 'b40']);
    const malformed = await api.request(`/live-chat/${chat.inboxId}/messages?after=x'`, {
      as: 'nobody',
      headers: as(visitor.token),
    });
    expect(malformed.status).toBe(400);
  });

  it('never passes a message that is still being sent: what overtook it is asked for again', async () => {
    const visitor = await chat.visitor();
    const { add, settle, conversationId } = await chat.createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'one' });
    const slow = await add({ direction: 'out', status: 'planned', text: 'slow answer' });
    await add({ direction: 'in', status: 'received', text: 'three' });
    const page = await chat.thread(visitor);
    expect(page.items.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(page.place).toBe(`${conversationId}:1`);
    await settle(slow);
    const next = await chat.thread(visitor, `?after=${page.place}`);
    expect(next.items.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(next.place).toBe(`${conversationId}:3`);
  });
});

describe('the stream', () => {
  it('goes on from a place, then tells what happens, each message once', async () => {
    const visitor = await chat.visitor();
    const { add, settle, conversationId } = await chat.createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'one' });
    await add({ direction: 'in', status: 'received', text: 'two' });
    const reading = readStream(visitor, `?after=${conversationId}:1`, messages(3), async (shown) => {
      const planned = await add({ direction: 'out', status: 'planned', text: 'three' });
      await add({ direction: 'internal', status: 'sent', text: 'PRIVATE NOTE' });
      await add({ direction: 'in', status: 'received', text: 'five' });
      await shown(5);
      await settle(planned);
    });
    const { told, text } = await reading;
    expect(seqsOf(told, 'message')).toEqual([2, 5, 3]);
    expect(text).not.toContain('PRIVATE');
    expect(told.at(-1)?.data).toBe(`${conversationId}:5`);
  });

  it('tells of a file that arrives after its message was passed by, and never passes it as complete', async () => {
    const visitor = await chat.visitor();
    const { add, addFile, conversationId } = await chat.createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'one' });
    const picture = await add({ direction: 'in', status: 'received', text: '' });
    const file = await addFile(picture);
    await add({ direction: 'out', status: 'sent', text: 'three' });
    const page = await chat.thread(visitor);
    expect(page.items.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(page.place).toBe(`${conversationId}:1`);
    const { told } = await readStream(visitor, `?after=${page.place}`, messages(3), async (shown) => {
      await shown(3);
      await file.arrives();
    });
    const pictures = told.filter(({ event, seq }) => event === 'message' && seq === 2);
    expect(pictures).toHaveLength(2);
    expect(pictures[0]?.data).toContain('"missing":"pending"');
    expect(pictures[1]?.data).toContain('"url":');
    expect((await chat.thread(visitor)).place).toBe(`${conversationId}:3`);
  });

  it('tells of a change behind the place', async () => {
    const visitor = await chat.visitor();
    const { add, takeBack, conversationId } = await chat.createThread(visitor);
    const first = await add({ direction: 'out', status: 'sent', text: 'wrong' });
    await add({ direction: 'out', status: 'sent', text: 'two' });
    const { told } = await readStream(
      visitor,
      `?after=${conversationId}:2`,
      (all) => all.some(({ data }) => data.includes('"deleted":true')),
      () => takeBack(first),
    );
    expect(told.at(-1)).toMatchObject({ event: 'update', seq: 1 });
    expect(told.at(-1)?.data).not.toContain('wrong');
  });

  it('tells what the reader has, as an update, where the news of it come late', async () => {
    const visitor = await chat.visitor();
    const { add, conversationId } = await chat.createThread(visitor);
    // The feed says nothing of what is younger than a transaction that still runs.
    const older = await poolOf(api.deps.engineDb).connect();
    try {
      await older.query('begin');
      await older.query('select pg_current_xact_id()');
      await add({ direction: 'in', status: 'received', text: 'one' });
      await add({ direction: 'in', status: 'received', text: 'two' });
      const all = (told: readonly Told[]): boolean =>
        new Set(told.filter(({ seq }) => seq > 0).map(({ seq }) => seq)).size === 3;
      const { told } = await readStream(visitor, `?after=${conversationId}:2`, all, async () => {
        await older.query('commit');
        await add({ direction: 'out', status: 'sent', text: 'three' });
      });
      expect(seqsOf(told, 'message')).toEqual([3]);
      expect(seqsOf(told, 'update')).toEqual([1, 2]);
    } finally {
      older.release();
    }
  });

  it('tells news from beyond what it looked at as messages: nobody has them yet', async () => {
    const visitor = await chat.visitor();
    const { add, conversationId } = await chat.createThread(visitor);
    // Being sent, it holds the place back; a look ends a hundred messages further on.
    await add({ direction: 'out', status: 'planned', text: 'slow answer' });
    for (let n = 2; n <= 101; n++) await add({ direction: 'in', status: 'received', text: `m${n}` });
    const { told } = await readStream(visitor, `?after=${conversationId}:0`, messages(101), async (shown) => {
      await shown(101);
      await add({ direction: 'out', status: 'sent', text: 'beyond' });
    });
    expect(told.find(({ seq }) => seq === 102)).toMatchObject({
      event: 'message',
      data: expect.stringContaining('beyond'),
    });
  });

  it('tells news of an older conversation as messages, also those of while nobody listened', async () => {
    const visitor = await chat.visitor();
    const older = await chat.createThread(visitor, 'resolved');
    const first = await older.add({ direction: 'out', status: 'sent', text: 'long ago' });
    const newer = await chat.createThread(visitor, 'resolved');
    await newer.add({ direction: 'in', status: 'received', text: 'thanks' });
    const place = `${newer.conversationId}:1`;
    // An agent opens the older one again.
    await older.add({ direction: 'out', status: 'sent', text: 'while away' });
    // News from before may come late: told of as an update as well.
    const all = (told: readonly Told[]): boolean => told.some(({ data }) => data.includes('"deleted":true'));
    const { told } = await readStream(visitor, `?after=${place}`, all, async (shown) => {
      await shown(2);
      await older.add({ direction: 'out', status: 'sent', text: 'while here' });
      await shown(3);
      await older.takeBack(first);
    });
    expect(seqsOf(told, 'message')).toEqual([2, 3]);
    expect(new Set(seqsOf(told, 'update'))).toEqual(new Set([1]));
    const stranger = await chat.visitor();
    await chat.createThread(stranger);
    const other = await readStream(stranger, `?after=${place}`, (each) => each.at(-1)?.event === 'state');
    expect(other.text).not.toContain('while');
  });

  it('tells a reply that failed and was sent later as a message, also where nobody listened then', async () => {
    const visitor = await chat.visitor();
    const { add, settle, conversationId } = await chat.createThread(visitor);
    const [first, second] = [
      await add({ direction: 'out', status: 'failed', text: 'one' }),
      await add({ direction: 'out', status: 'failed', text: 'two' }),
    ];
    await add({ direction: 'in', status: 'received', text: 'three' });
    const page = await chat.thread(visitor);
    expect(page.place).toBe(`${conversationId}:3`);
    await settle(first);
    const both = (all: readonly Told[]): boolean =>
      all.filter(({ seq }) => seq === 1 || seq === 2).length >= 2;
    const { told } = await readStream(visitor, `?after=${page.place}`, both, () => settle(second));
    expect(seqsOf(told, 'message')).toEqual([1, 2]);
  });

  it('needs the session of this inbox', async () => {
    const visitor = await chat.visitor();
    expect((await chat.stream(forge(visitor.token))).status).toBe(401);
    expect((await chat.stream(visitor.token, '', chat.otherInboxId)).status).toBe(401);
  });
});

interface Told {
  event: string;
  seq: number;
  data: string;
}

/** Reads until it has been told enough; `meanwhile` begins when the stream is up and can wait for what it tells. */
async function readStream(
  visitor: Visitor,
  query: string,
  enough: (told: readonly Told[]) => boolean,
  meanwhile?: (shown: (seq: number) => Promise<void>) => Promise<unknown>,
) {
  const response = await chat.stream(visitor.token, query);
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('no body');
  let text = '';
  let acting: Promise<unknown> | undefined;
  const deadline = setTimeout(() => void reader.cancel(), 10_000);
  const told = (): Told[] =>
    [...text.matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm)].map(([, event = '', data = '']) => ({
      event,
      data,
      seq: Number(/"seq":(\d+)/.exec(data)?.[1] ?? 0),
    }));
  const shown = async (seq: number): Promise<void> => {
    await expect.poll(() => told().some((each) => each.seq === seq), { timeout: 10_000 }).toBe(true);
  };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    if (text.includes('event: ping')) acting ??= meanwhile?.(shown);
    if (enough(told())) break;
  }
  clearTimeout(deadline);
  await acting;
  await reader.cancel();
  return { told: told(), text };
}

const seqsOf = (told: readonly Told[], event: string): number[] =>
  told.filter((each) => each.event === event).map(({ seq }) => seq);
/** So many messages, and the place after the last of them. */
const messages =
  (count: number) =>
  (told: readonly Told[]): boolean =>
    seqsOf(told, 'message').length >= count && told.at(-1)?.event === 'place';

const texts = (page: ThreadPage): (string | undefined)[] => page.items.map((item) => item.parts[0]?.text);
