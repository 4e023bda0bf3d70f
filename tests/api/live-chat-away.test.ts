/** That nobody waits for the away message behind others, however many they are. How it comes is in tests/workflows/live-chat-away.test.ts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { poolOf } from '#db/client.ts';
import { uuidV7 } from '#domain/ids.ts';
import { tellAway } from '../../api/live-chat/away.ts';
import { createTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

const always = [{ from: '00:00', to: '24:00' }];
const weekly = (spans: typeof always) => ({
  sun: spans,
  mon: spans,
  tue: spans,
  wed: spans,
  thu: spans,
  fri: spans,
  sat: spans,
});

/** An inbox whose visitors have all just written. */
async function inbox(workspaceId: string, spans: typeof always, visitors: number): Promise<string> {
  const id = uuidV7();
  const pool = poolOf(api.deps.engineDb);
  const hours = { enabled: true, timeZone: 'UTC', weekly: weekly(spans), awayMessage: 'We are asleep.' };
  await pool.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, settings) values ($1::uuid, $2, 'live_chat', 'Web', $1::text, '', $3)`,
    [id, workspaceId, JSON.stringify({ hours })],
  );
  await pool.query(
    `with met as (
       insert into contacts (id, workspace_id, inbox_id, external_id)
       select uuidv7(), $2, $1, n::text from generate_series(1, $3::integer) n returning id
     )
     insert into conversations (id, workspace_id, inbox_id, contact_id, reply_address, last_in_seq, last_seq, last_in_at, last_message_at)
     select uuidv7(), $2, $1, id, '{}', 1, 1, now(), now() from met`,
    [id, workspaceId, visitors],
  );
  return id;
}

it('comes to everybody who wrote while it was closed, behind any number who wrote while it was open', async () => {
  await inbox(api.other.id, always, 250);
  const closed = await inbox(api.workspace.id, [], 5);
  expect(await tellAway(api.deps, 2)).toBe(5);
  expect(await tellAway(api.deps, 2)).toBe(0);
  const { rows } = await poolOf(api.deps.engineDb).query<{ inbox_id: string; told: number }>(
    `select inbox_id, count(*)::integer as told from messages where text = 'We are asleep.' group by inbox_id`,
  );
  expect(rows).toEqual([{ inbox_id: closed, told: 5 }]);
});
