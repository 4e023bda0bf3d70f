/** The away message with everything real: once, durable, and it wakes nobody. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { tellAway } from '../../api/live-chat/away.ts';
import { visitorKeys } from '../../api/live-chat/visitors.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ sweepEveryMs: 300 });
});
afterAll(() => stack.close());

const closed = {
  enabled: true,
  timeZone: 'UTC',
  weekly: { sun: [], mon: [], tue: [], wed: [], thu: [], fri: [], sat: [] },
};
async function inbox(hours: object): Promise<string> {
  const id = uuidV7();
  const credentials = seal(stack.runtime.deps.keyring, Buffer.from('{"allowedOrigins":[]}'), `inbox/${id}`);
  await stack.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, settings, state) values ($1, $2, 'live_chat', 'Web', $3, $4, $5, 'active')`,
    [id, stack.workspaceId, id, credentials, JSON.stringify({ hours })],
  );
  return id;
}
async function say(inboxId: string, visitorId: string, text: string): Promise<void> {
  const token = issueVisitorToken(visitorKeys(stack.runtime.deps.keyring), {
    inboxId,
    visitorId,
    personId: null,
    expiresAtMs: Date.now() + 60_000,
  });
  const response = await stack.app.request(`/live-chat/${inboxId}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ clientMessageId: crypto.randomUUID(), text }),
  });
  expect(response.status).toBe(202);
}
const thread = (inboxId: string) =>
  stack.query<{ text: string; author_kind: string; status: string }>(
    'select text, author_kind, status from messages where inbox_id = $1 order by seq',
    [inboxId],
  );
const away = async (inboxId: string): Promise<number> =>
  (await thread(inboxId)).filter(({ text }) => text === 'We are asleep.').length;

describe('the away message', () => {
  it('comes once for several messages and several processes, and leaves the conversation as it is', async () => {
    const inboxId = await inbox({ ...closed, awayMessage: { en: 'We are asleep.', de: 'Wir schlafen.' } });
    const visitorId = crypto.randomUUID();
    await say(inboxId, visitorId, 'one');
    await stack.until('the away message', async () => (await away(inboxId)) > 0);
    await say(inboxId, visitorId, 'two');
    await stack.quiet();
    await Promise.all([1, 2, 3, 4].map(() => tellAway(stack.runtime.deps)));
    expect(await away(inboxId)).toBe(1);
    expect((await thread(inboxId)).find(({ text }) => text === 'We are asleep.')).toMatchObject({
      author_kind: 'system',
      status: 'sent',
    });
    const [conversation] = await stack.query<{
      owner: string;
      run_id: string | null;
      automation_epoch: number;
    }>('select owner, run_id, automation_epoch from conversations where inbox_id = $1', [inboxId]);
    expect(conversation).toMatchObject({ owner: 'none', run_id: null, automation_epoch: 0 });
  });

  it('leaves a conversation that a person has taken over theirs, and says it once', async () => {
    const inboxId = await inbox({ ...closed, awayMessage: 'We are asleep.' });
    const visitorId = crypto.randomUUID();
    await say(inboxId, visitorId, 'one');
    await stack.until('stored', async () => (await thread(inboxId)).length > 0);
    await stack.query(`update conversations set owner = 'human', automation_epoch = 3 where inbox_id = $1`, [
      inboxId,
    ]);
    await stack.until('the away message', async () => (await away(inboxId)) === 1);
    await say(inboxId, visitorId, 'two');
    await stack.quiet();
    await tellAway(stack.runtime.deps);
    expect(await away(inboxId)).toBe(1);
    const [conversation] = await stack.query<{ owner: string; automation_epoch: number }>(
      'select owner, automation_epoch from conversations where inbox_id = $1',
      [inboxId],
    );
    expect(conversation).toEqual({ owner: 'human', automation_epoch: 3 });
  });

  it('doesn’t come while somebody is there, without words, or without hours', async () => {
    const always = [{ from: '00:00', to: '24:00' }];
    const weekly = {
      sun: always,
      mon: always,
      tue: always,
      wed: always,
      thu: always,
      fri: always,
      sat: always,
    };
    const ids = [
      await inbox({ ...closed, weekly, awayMessage: 'We are asleep.' }),
      await inbox({ ...closed, enabled: false, awayMessage: 'We are asleep.' }),
      await inbox({ ...closed, awayMessage: '' }),
    ];
    for (const id of ids) await say(id, crypto.randomUUID(), 'hello');
    await stack.quiet();
    await tellAway(stack.runtime.deps);
    for (const id of ids) expect(await thread(id)).toHaveLength(1);
  });
});
