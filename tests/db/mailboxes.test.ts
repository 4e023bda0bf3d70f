/** Mailboxes' leases on real rows: who gets what, what a holder without a lease can still do (nothing), and what an inbox's change does. */
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inWorkspace, poolOf } from '#db/client.ts';
import { deleteInbox, findInbox, updateInbox } from '#db/inboxes.ts';
import {
  claimKeptMail,
  keepMail,
  keptMailFailed,
  keptMailTaken,
  listKeptMails,
  retryKeptMail,
} from '#db/kept-mails.ts';
import {
  claimMailboxes,
  findMailbox,
  markDirty,
  pulse,
  recordInboundHealth,
  releaseMailbox,
  retire,
  saveCursor,
  saveSuccess,
  saveTrying,
  setMailbox,
} from '#db/mailboxes.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: pg.Pool;
const workspaceId = uuidV7();
const [one, other] = [uuidV7(), uuidV7()];
const kinds = ['imap', 'microsoft'] as const;
const claim = (holder: string, limit = 10, leaseMs = 60_000) =>
  claimMailboxes(pool, holder, { kinds, limit, leaseMs });

beforeAll(async () => {
  database = await createTestDatabase();
  pool = poolOf(database.engine);
  await pool.query(`insert into workspaces (id, name, slug) values ($1, 'w', 'w')`, [workspaceId]);
});
afterAll(() => database.drop());
beforeEach(() => pool.query('delete from inboxes').then(() => pool.query('delete from mailbox_holders')));

async function mailbox(cursor = {}, kind: 'imap' | 'microsoft' = 'imap'): Promise<string> {
  const id = uuidV7();
  await pool.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'email', 'i', $3, 'sealed', 'active')`,
    [id, workspaceId, id],
  );
  await inWorkspace(database.app, workspaceId, (tx) => setMailbox(tx, { id, workspaceId }, { kind, cursor }));
  return id;
}
async function taken(holder = one) {
  const [lease] = await claim(holder);
  if (!lease) throw new Error('Nothing was due.');
  return lease;
}

test('each due mailbox is one process’s, also when many take at once', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => mailbox({ lastUid: 7 })));
  const takings = await Promise.all(Array.from({ length: 8 }, (_, n) => claim(n % 2 ? one : other, 5)));
  const all = takings.flat().map(({ inboxId }) => inboxId);
  expect(all.toSorted()).toEqual(ids.toSorted());
  expect(takings.flat()[0]).toMatchObject({
    cursor: { lastUid: 7 },
    trying: null,
    failures: 0,
    kind: 'imap',
  });
  expect(await claim(other)).toEqual([]);
});

test('a dead process’s mailbox is taken over when its lease ends, and nothing it still writes counts', async () => {
  const id = await mailbox({ lastUid: 1 });
  const [dead] = await claim(one, 1, 50);
  if (!dead) throw new Error('Nothing was due.');
  await new Promise((resolve) => setTimeout(resolve, 80));
  const heir = await taken(other);
  expect(heir.inboxId).toBe(id);
  expect(await saveCursor(pool, dead, { lastUid: 99 })).toBe(false);
  expect(await saveTrying(pool, dead, { place: '1/2', tries: 1 })).toBe(false);
  expect(await saveSuccess(pool, dead, {})).toBe(false);
  expect(await releaseMailbox(pool, dead, { inMs: 0, failures: 3 })).toBe(false);
  const mail = {
    place: '1/2',
    raw: Buffer.from('x'),
    envelope: null,
    receivedAtMs: 0,
    reason: 'r',
    tries: 5,
  };
  expect(await keepMail(pool, dead, mail, { lastUid: 99 })).toBe(false);
  expect(await saveCursor(pool, heir, { lastUid: 2 })).toBe(true);
  const row = await inWorkspace(database.app, workspaceId, (tx) => findMailbox(tx, id));
  expect(row).toMatchObject({ cursor: { lastUid: 2 }, failures: 0, held: true });
  expect(await inWorkspace(database.app, workspaceId, (tx) => listKeptMails(tx, id, 10))).toEqual([]);
});

test('a lease taken again by the same process is another lease', async () => {
  await mailbox();
  const first = await taken();
  await releaseMailbox(pool, first, { inMs: 0, failures: 0 });
  const second = await taken();
  expect(await saveCursor(pool, first, { lastUid: 1 })).toBe(false);
  expect(await saveCursor(pool, second, { lastUid: 2 })).toBe(true);
});

test('a pulse prolongs what is ours, tells of news once, and counts processes and mailboxes', async () => {
  const id = await mailbox();
  await mailbox();
  const [lease] = await claim(one, 1, 80);
  await pulse(pool, other, 60_000);
  await markDirty(pool, [lease?.inboxId ?? '']);
  const first = await pulse(pool, one, 60_000);
  expect(first).toEqual({
    held: [{ inboxId: id, token: lease?.token, dirty: true }],
    holders: 2,
    mailboxes: 2,
    waiting: 1,
  });
  expect((await pulse(pool, one, 60_000)).held).toEqual([{ inboxId: id, token: lease?.token, dirty: false }]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await claim(other)).map(({ inboxId }) => inboxId)).not.toContain(id);
  await retire(pool, one);
  expect((await claim(other)).map(({ inboxId }) => inboxId)).toContain(id);
  expect((await pulse(pool, other, 60_000)).holders).toBe(1);
});

test('one that isn’t due is looked at when there is news, but not before its wait after a failure', async () => {
  const id = await mailbox();
  await releaseMailbox(pool, await taken(), { inMs: 60_000, failures: 0 });
  expect(await claim(one)).toEqual([]);
  await markDirty(pool, [id]);
  await releaseMailbox(pool, await taken(), {
    inMs: 60_000,
    failures: 2,
    error: { kind: 'transient', message: 'm' },
  });
  await markDirty(pool, [id]);
  expect(await claim(one)).toEqual([]);
  const row = await inWorkspace(database.app, workspaceId, (tx) => findMailbox(tx, id));
  expect(row).toMatchObject({ failures: 2, lastError: { kind: 'transient', message: 'm' }, held: false });
});

test('changed credentials or settings end the lease and are tried at once; a Microsoft mailbox renews its own undisturbed', async () => {
  const id = await mailbox({ lastUid: 5 });
  for (const change of [{ sealedCredentials: Buffer.from('new') }, { settings: { folder: 'Support' } }]) {
    const lease = await taken();
    await releaseMailbox(pool, lease, { inMs: 3_600_000, failures: 4 });
    await inWorkspace(database.app, workspaceId, (tx) => updateInbox(tx, workspaceId, id, change));
    const held = await taken();
    expect(held).toMatchObject({ cursor: { lastUid: 5 }, failures: 0 });
    await inWorkspace(database.app, workspaceId, (tx) =>
      updateInbox(tx, workspaceId, id, { ...change, name: 'again' }),
    );
    // The same value is no change.
    expect(await saveCursor(pool, held, { lastUid: 5 })).toBe(true);
    await inWorkspace(database.app, workspaceId, (tx) =>
      updateInbox(tx, workspaceId, id, { sealedCredentials: Buffer.from(uuidV7()) }),
    );
    expect(await saveCursor(pool, held, { lastUid: 6 })).toBe(false);
  }
  await pool.query('delete from inboxes');
  const microsoft = await mailbox({}, 'microsoft');
  const lease = await taken();
  await inWorkspace(database.app, workspaceId, (tx) =>
    updateInbox(tx, workspaceId, microsoft, { sealedCredentials: Buffer.from('token') }),
  );
  expect(await saveCursor(pool, lease, { delta: 1 })).toBe(true);
});

test('a deleted inbox’s mailbox is nobody’s', async () => {
  const id = await mailbox();
  const lease = await taken();
  await inWorkspace(database.app, workspaceId, (tx) => deleteInbox(tx, workspaceId, id));
  expect(await saveCursor(pool, lease, { lastUid: 1 })).toBe(false);
  await markDirty(pool, [id]);
  expect(await claim(other)).toEqual([]);
  expect((await pulse(pool, other, 1_000)).mailboxes).toBe(0);
});

test('connecting again keeps the cursor; as another kind it begins where that one says; as none the mailbox goes', async () => {
  const id = await mailbox({ lastUid: 5 });
  const set = (mailbox: Parameters<typeof setMailbox>[2]) =>
    inWorkspace(database.app, workspaceId, (tx) => setMailbox(tx, { id, workspaceId }, mailbox));
  await set({ kind: 'imap', cursor: { lastUid: 1 } });
  expect((await taken()).cursor).toEqual({ lastUid: 5 });
  await set({ kind: 'microsoft', cursor: { delta: 'd' } });
  expect(await taken()).toMatchObject({ kind: 'microsoft', cursor: { delta: 'd' } });
  await set(null);
  expect(await claim(one)).toEqual([]);
});

test('receiving’s health is told once, moves the inbox’s state, and leaves sending’s alone', async () => {
  const id = await mailbox();
  const inbox = () => inWorkspace(database.app, workspaceId, (tx) => findInbox(tx, id));
  const bad = { state: 'failing', reason: 'Login refused' } as const;
  expect(await recordInboundHealth(pool, id, bad)).toBe(true);
  expect(await recordInboundHealth(pool, id, bad)).toBe(false);
  expect(await inbox()).toMatchObject({ state: 'needs_attention', inbound_health: bad });
  const since = (await inbox())?.inbound_health as { since: string };
  await recordInboundHealth(pool, id, { state: 'failing', reason: 'Still' });
  expect((await inbox())?.inbound_health).toMatchObject({ reason: 'Still', since: since.since });
  await pool.query(
    `update inboxes set outbound_health = '{"state": "degraded", "reason": "slow"}' where id = $1`,
    [id],
  );
  expect(await recordInboundHealth(pool, id, { state: 'ok' })).toBe(true);
  expect(await inbox()).toMatchObject({
    state: 'degraded',
    outbound_health: { state: 'degraded', reason: 'slow' },
  });
  await pool.query(`update inboxes set outbound_health = '{"state": "ok"}' where id = $1`, [id]);
  await recordInboundHealth(pool, id, bad);
  await recordInboundHealth(pool, id, { state: 'ok' });
  // No message has made the way both ways yet.
  expect((await inbox())?.state).toBe('onboarding');
});

test('a kept mail lies there whole, is tried again later and at once when asked, and is let go once taken', async () => {
  const id = await mailbox({ lastUid: 1 });
  const lease = await taken();
  const raw = Buffer.from('Subject: poison\r\n\r\nx');
  const mail = {
    place: '1/2',
    raw,
    envelope: { from: 'a', to: ['b'] },
    receivedAtMs: 1_700_000_000_000,
    reason: 'broke',
    tries: 5,
  };
  await saveTrying(pool, lease, { place: '1/2', tries: 5 });
  expect(await keepMail(pool, lease, mail, { lastUid: 2 })).toBe(true);
  const list = () => inWorkspace(database.app, workspaceId, (tx) => listKeptMails(tx, id, 10));
  expect(await list()).toMatchObject([{ place: '1/2', sizeBytes: raw.length, reason: 'broke', tries: 5 }]);
  await releaseMailbox(pool, lease, { inMs: 0, failures: 0 });
  expect(await taken()).toMatchObject({ cursor: { lastUid: 2 }, trying: null });
  expect(await claimKeptMail(pool)).toBeNull();
  const [kept] = await list();
  const retry = (inboxId: string) =>
    inWorkspace(database.app, workspaceId, (tx) => retryKeptMail(tx, inboxId, kept?.id ?? ''));
  expect(await retry(uuidV7())).toBe(false);
  expect(await retry(id)).toBe(true);
  const due = await claimKeptMail(pool);
  expect(due).toMatchObject({
    inboxId: id,
    receivedAtMs: mail.receivedAtMs,
    tries: 6,
    envelope: mail.envelope,
  });
  expect(due?.raw.equals(raw)).toBe(true);
  expect(await claimKeptMail(pool)).toBeNull();
  await keptMailFailed(pool, due?.id ?? '', 'again');
  expect(await list()).toMatchObject([{ reason: 'again', tries: 6 }]);
  await keptMailTaken(pool, due?.id ?? '');
  expect(await list()).toEqual([]);
  expect(await retry(id)).toBe(false);
});
