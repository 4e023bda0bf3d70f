/** What the API tells of a mailbox and its kept mails, and to whom. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorkspace, poolOf } from '#db/client.ts';
import { keepMail } from '#db/kept-mails.ts';
import { seal } from '#db/keyring.ts';
import { claimMailboxes, markDirty, releaseMailbox, setMailbox } from '#db/mailboxes.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createMailboxes } from '../../api/email/mailboxes.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

let api: TestApi;
const id = uuidV7();
const plain = uuidV7();
beforeAll(async () => {
  api = await createTestApi();
  const pool = poolOf(api.database.engine);
  const workspaceId = api.workspace.id;
  for (const inbox of [id, plain])
    await pool.query(
      `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'email', 'i', $3, 'sealed', 'active')`,
      [inbox, workspaceId, inbox],
    );
  await inWorkspace(api.database.app, workspaceId, (tx) =>
    setMailbox(tx, { id, workspaceId }, { kind: 'imap' }),
  );
  const [lease] = await claimMailboxes(pool, uuidV7(), { kinds: ['imap'], limit: 1, leaseMs: 60_000 });
  if (!lease) throw new Error('Nothing was due.');
  const mail = {
    place: 'INBOX/1/2',
    raw: Buffer.from('Subject: x\r\n\r\ny'),
    envelope: null,
    receivedAtMs: 1_700_000_000_000,
  };
  await keepMail(pool, lease, { ...mail, reason: 'The disk is full.', tries: 5 }, { lastUid: 2 });
  await releaseMailbox(pool, lease, {
    inMs: 60_000,
    failures: 3,
    error: { kind: 'transient', message: 'It is away.' },
  });
});
afterAll(() => api.close());

interface Mailbox {
  kept: { id: string }[];
}
const read = async (inbox: string, key?: string) => {
  const response = await api.request(`/api/inboxes/${inbox}/mailbox`, key === undefined ? {} : { key });
  return { status: response.status, body: (await response.json()) as Mailbox };
};

test('how its looks go and what is kept; an inbox without one has none; other workspaces see nothing', async () => {
  const { status, body } = await read(id);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    kind: 'imap',
    held: false,
    failures: 3,
    lastError: { kind: 'transient', message: 'It is away.' },
    lastOkAt: null,
    kept: [
      {
        place: 'INBOX/1/2',
        sizeBytes: 15,
        reason: 'The disk is full.',
        tries: 5,
        receivedAt: '2023-11-14T22:13:20.000Z',
      },
    ],
  });
  expect(JSON.stringify(body)).not.toContain('Subject');
  expect((await read(plain)).status).toBe(404);
  expect((await read(id, api.other.keys.admin)).status).toBe(404);
});

test('a kept mail is tried again when an admin asks, and only theirs', async () => {
  const [kept] = (await read(id)).body.kept;
  const retry = (inbox: string, key: string) =>
    api.request(`/api/inboxes/${inbox}/kept-mails/${kept?.id}/retry`, { method: 'POST', key, body: {} });
  expect((await retry(id, api.other.keys.admin)).status).toBe(404);
  expect((await retry(plain, api.workspace.keys.admin)).status).toBe(404);
  const due = () =>
    poolOf(api.database.engine)
      .query<{ due: boolean }>('select next_try_at <= clock_timestamp() as due from kept_mails')
      .then(({ rows }) => rows[0]?.due);
  expect(await due()).toBe(false);
  expect((await retry(id, api.workspace.keys.admin)).status).toBe(202);
  expect(await due()).toBe(true);
});

test('news that comes while a mailbox is being looked at has it looked at again at once', async () => {
  const pool = poolOf(api.database.engine);
  const workspaceId = api.workspace.id;
  const inboxId = uuidV7();
  const sealed = seal(
    api.deps.keyring,
    Buffer.from(JSON.stringify({ kind: 'microsoft' })),
    `inbox/${inboxId}`,
  );
  await pool.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'email', 'i', $3, $4, 'active')`,
    [inboxId, workspaceId, inboxId, sealed],
  );
  await inWorkspace(api.database.app, workspaceId, (tx) =>
    setMailbox(tx, { id: inboxId, workspaceId }, { kind: 'microsoft' }),
  );
  const isHeard = async (): Promise<boolean> => {
    const { rows } = await pool.query<{ heard: boolean }>(
      'select dirty_at is null as heard from mailboxes where inbox_id = $1',
      [inboxId],
    );
    return rows[0]?.heard ?? false;
  };
  let looks = 0;
  const look = async (): Promise<{ againInMs: number }> => {
    looks += 1;
    // It has asked its provider already when the news comes.
    if (looks === 1) {
      await markDirty(pool, [inboxId]);
      await eventually('the supervisor to hear of it', isHeard);
    }
    return { againInMs: 300_000 };
  };
  const { inboxes, media, log } = api.deps;
  const receiver = { receive: () => Promise.reject(new Error('No mail comes in this test.')) };
  const supervisor = createMailboxes({
    pool,
    inboxes,
    media,
    log,
    receiver,
    kinds: { microsoft: { look } },
    capacity: 5,
    beatMs: 100,
  });
  try {
    await eventually('the second look', () => looks === 2, { forMs: 10_000 });
  } finally {
    await supervisor.stop();
  }
});
