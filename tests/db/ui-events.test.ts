/** The feed under concurrent commits: nothing is lost, nothing comes twice, whatever order transactions end in. */
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { emit, feedCursorAt, feedEnd, readEvents, type FeedCursor } from '#db/ui-events.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
/** Events show once every older transaction of the server has ended, also other databases'. */
const horizon = { timeout: 30_000 };
const workspaceId = uuidV7();
beforeAll(async () => {
  database = await createTestDatabase();
  await database.engine.insertInto('workspaces').values({ id: workspaceId, name: 'w', slug: 'w' }).execute();
});
afterAll(() => database.drop());

/** An open transaction that has emitted; ends when told. */
async function open(
  label: string,
): Promise<{ more(label: string): Promise<void>; commit(): Promise<void>; rollback(): Promise<void> }> {
  const client = new Client({ connectionString: database.url, options: '-c role=teloring_engine' });
  await client.connect();
  const more = async (text: string): Promise<void> => {
    await client.query('insert into ui_events (workspace_id, name, data) values ($1, $2, $3)', [
      workspaceId,
      'message.created',
      JSON.stringify({ messageId: text }),
    ]);
  };
  await client.query('begin');
  await more(label);
  const end = async (how: string): Promise<void> => {
    await client.query(how);
    await client.end();
  };
  return { more, commit: () => end('commit'), rollback: () => end('rollback') };
}
const labels = async (after: FeedCursor): Promise<unknown[]> =>
  (await readEvents(database.engine, workspaceId, after, 1000)).map((event) => event.data['messageId']);

test('an event of a transaction that began earlier and commits later is not jumped over', async () => {
  const start = await feedEnd(database.engine);
  const slow = await open('slow-1');
  const quick = await open('quick-1');
  await quick.commit();
  // `quick` has the higher position and is committed, but while `slow` runs a reader that took it would pass over `slow`.
  expect(await labels(start)).toEqual([]);
  expect(await feedEnd(database.engine)).toEqual(start);
  await slow.more('slow-2');
  await slow.commit();
  await expect.poll(() => labels(start), horizon).toEqual(['slow-1', 'slow-2', 'quick-1']);
});

test('a rollback leaves no event and blocks nobody', async () => {
  const start = await feedEnd(database.engine);
  const gone = await open('gone');
  const kept = await open('kept');
  await kept.commit();
  await gone.rollback();
  await expect.poll(() => labels(start), horizon).toEqual(['kept']);
});

test('a reader who goes on from place to place sees each event once, in one order, while many commit at random', async () => {
  const start = await feedEnd(database.engine);
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let round = 0; round < 15; round++) {
      const transaction = await open(`${writer}/${round}/a`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
      await transaction.more(`${writer}/${round}/b`);
      await transaction.commit();
    }
  });
  const writing = Promise.all(writers);
  const seen: unknown[] = [];
  let at = start;
  // The horizon is the whole server's: another database's transaction may hold the last events back for a while.
  for (const until = Date.now() + 40_000; seen.length < 180 && Date.now() < until;) {
    const events = await readEvents(database.engine, workspaceId, at, 7);
    seen.push(...events.map((event) => event.data['messageId']));
    at = events.at(-1) ?? at;
  }
  await writing;
  expect(seen.length).toBe(180);
  expect(new Set(seen).size).toBe(180);
  expect(seen).toEqual(await labels(start));
});

test('a place is found again by its position; a forgotten one is null', async () => {
  await inWorkspace(database.app, workspaceId, (tx) =>
    emit(tx, workspaceId, 'flow.updated', { flowId: 'f' }),
  );
  const end = await feedEnd(database.engine);
  expect(await feedCursorAt(database.engine, end.position)).toEqual(end);
  expect(await feedCursorAt(database.engine, 0)).toEqual({ xid: '0', position: 0 });
  expect(await feedCursorAt(database.engine, 999_999)).toBeNull();
});

test('as the API a workspace sees only its own events', async () => {
  const other = uuidV7();
  await database.engine.insertInto('workspaces').values({ id: other, name: 'o', slug: 'o' }).execute();
  await inWorkspace(database.app, other, (tx) => emit(tx, other, 'flow.updated', { flowId: 'theirs' }));
  const beginning = { xid: '0', position: 0 };
  await expect.poll(() => readEvents(database.engine, other, beginning, 10), horizon).toHaveLength(1);
  const seen = await inWorkspace(database.app, workspaceId, (tx) => readEvents(tx, null, beginning, 1000));
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((event) => event.workspaceId !== workspaceId)).toEqual([]);
  await expect(
    inWorkspace(database.app, workspaceId, (tx) => emit(tx, other, 'flow.updated', {})),
  ).rejects.toThrow(/row-level security/);
});
