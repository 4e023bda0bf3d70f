import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { endSnoozes } from '#db/snooze.ts';
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
const kinds = async (id: string): Promise<string[]> =>
  (await json<{ items: { kind: string }[] }>(`/api/conversations/${id}/activities`)).body.items.map(
    (item) => item.kind,
  );

test('a conversation as the contract shapes it', async () => {
  const from = { id: 'külli:😀', name: 'Külli' };
  const { conversationId } = await start('Hi there', from);
  const { status, body } = await json<Conversation>(`/api/conversations/${conversationId}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: conversationId,
    inboxId: inbox.id,
    contact: { externalId: from.id, name: from.name },
    customerId: null,
    threadKey: '',
    status: 'open',
    assigneeId: null,
    teamId: null,
    labels: [],
    priority: 'none',
    owner: 'none',
    lastSeq: 1,
    window: { open: true },
  });
});

test('unknown ids, bad ids, bad cursors and bad filters are told apart', async () => {
  expect((await api.request(`/api/conversations/${uuidV7()}`)).status).toBe(404);
  expect((await api.request('/api/conversations/not-an-id')).status).toBe(404);
  expect((await api.request('/api/conversations?cursor=nonsense')).status).toBe(400);
  const forged = Buffer.from(JSON.stringify(['2026-01-01"; drop', uuidV7()])).toString('base64url');
  expect((await api.request(`/api/conversations?cursor=${forged}`)).status).toBe(400);
  expect((await api.request('/api/conversations?status=sleepy')).status).toBe(400);
  expect((await api.request('/api/conversations?limit=0')).status).toBe(400);
});

test('paging gives every conversation exactly once, also of one moment and while new ones arrive', async () => {
  const other = await createApiInbox(api, 'Paging');
  const ids: string[] = [];
  for (let index = 0; index < 23; index++) {
    const { conversationId } = await receive(api, other, {
      id: `p-${index}`,
      from: { id: `p-${index}` },
      text: 'x',
    });
    ids.push(conversationId);
  }
  // Half of them at the same instant, with microseconds that a JavaScript date can't hold.
  await api.deps.engineDb
    .updateTable('conversations')
    .set({ last_message_at: '2026-01-02 03:04:05.678901+00' as unknown as Date })
    .where('id', 'in', ids.slice(0, 12))
    .execute();
  const seen: string[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await json<{ items: Conversation[]; nextCursor: string | null }>(
      `/api/conversations?inboxId=${other.id}&limit=5${query}`,
    );
    seen.push(...body.items.map((item) => item.id));
    cursor = body.nextCursor;
    if (++pages === 2) await receive(api, other, { id: 'late', from: { id: 'late' }, text: 'late' });
  }
  expect(pages).toBe(5);
  expect(seen.length).toBe(23);
  expect(new Set(seen)).toEqual(new Set(ids));
});

test('filters and search', async () => {
  const needle = `зелёный ${uuidV7().slice(-6)}`;
  const found = await start(`I want the ${needle} one`);
  await start('something else');
  const by = async (query: string): Promise<string[]> =>
    (await json<{ items: Conversation[] }>(`/api/conversations?${query}&limit=100`)).body.items.map(
      (item) => item.id,
    );
  expect(await by(`q=${encodeURIComponent(needle.toUpperCase().toLowerCase())}`)).toEqual([
    found.conversationId,
  ]);
  // A percent sign is a percent sign, a NUL is no crash.
  expect(await by('q=%25%25%25')).toEqual([]);
  expect(await by(`q=${encodeURIComponent('a\u0000b')}`)).toEqual([]);
  await patch(found.conversationId, {
    labels: ['vip'],
    priority: 'high',
    assigneeId: api.workspace.users.agent,
  });
  expect(await by('label=vip')).toEqual([found.conversationId]);
  expect(await by('priority=high')).toEqual([found.conversationId]);
  expect(await by(`assigneeId=${api.workspace.users.agent}`)).toEqual([found.conversationId]);
  expect(await by('assigneeId=none')).not.toContain(found.conversationId);
  expect((await json('/api/conversations?assigneeId=me')).status).toBe(400);
  const cookie = await api.signIn('agent');
  const mine = await json<{ items: Conversation[] }>('/api/conversations?assigneeId=me', { cookie });
  expect(mine.body.items.map((item) => item.id)).toEqual([found.conversationId]);
  expect(await by('status=resolved')).toEqual([]);
  // The name of a contact is found too, and the list shows the last line.
  const named = await start('x', { id: uuidV7(), name: 'Zaphod Beeblebrox' });
  expect(await by('q=beeble')).toEqual([named.conversationId]);
});

test('unread counts are per member, a reply reads, and the mark never goes back', async () => {
  const { conversationId } = await start('one', { id: 'reader', name: 'R' });
  await receive(api, inbox, { id: 'r-2', from: { id: 'reader' }, text: 'two' });
  const cookie = await api.signIn('agent');
  const unread = async (): Promise<number> =>
    (await json<Conversation>(`/api/conversations/${conversationId}`, { cookie })).body.unreadCount;
  expect(await unread()).toBe(2);
  const read = (seq: number) =>
    api.request(`/api/conversations/${conversationId}/read`, {
      cookie,
      body: { seq },
      headers: { origin: api.deps.config.publicUrl },
    });
  expect((await read(1)).status).toBe(204);
  expect(await unread()).toBe(1);
  await read(2);
  await read(1);
  expect(await unread()).toBe(0);
  // Beyond the end counts as the end: what comes later is unread.
  await read(999);
  await receive(api, inbox, { id: 'r-3', from: { id: 'reader' }, text: 'three' });
  expect(await unread()).toBe(1);
});

test('resolve, reopen, pending, snooze', async () => {
  const { conversationId } = await start();
  expect((await patch(conversationId, { status: 'resolved' })).body.status).toBe('resolved');
  expect((await patch(conversationId, { status: 'open' })).body.status).toBe('open');
  expect((await patch(conversationId, { status: 'pending' })).body.status).toBe('pending');
  expect((await patch(conversationId, { status: 'snoozed' })).status).toBe(422);
  expect(
    (await patch(conversationId, { status: 'snoozed', snoozedUntil: '2020-01-01T00:00:00Z' })).status,
  ).toBe(422);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const snoozed = await patch(conversationId, { status: 'snoozed', snoozedUntil: until });
  expect(snoozed.body).toMatchObject({ status: 'snoozed', snoozedUntil: until });
  expect((await patch(conversationId, { status: 'open' })).body).toMatchObject({
    status: 'open',
    snoozedUntil: null,
  });
  expect(await kinds(conversationId)).toEqual(['resolved', 'reopened', 'set_pending', 'snoozed', 'reopened']);
});

test('a snooze ends by itself, once its time has come', async () => {
  const { conversationId } = await start();
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await patch(conversationId, { status: 'snoozed', snoozedUntil: until });
  const pool = poolOf(api.deps.engineDb);
  expect(await endSnoozes(pool)).toBe(0);
  await pool.query(`update conversations set snoozed_until = now() - interval '1 second' where id = $1`, [
    conversationId,
  ]);
  expect([await endSnoozes(pool), await endSnoozes(pool)]).toEqual([1, 0]);
  const { body } = await json<Conversation>(`/api/conversations/${conversationId}`);
  expect(body).toMatchObject({ status: 'open', snoozedUntil: null });
  expect(await kinds(conversationId)).toEqual(['snoozed', 'snooze_ended']);
});

test('a resolved one is not reopened beside an open one of the same contact', async () => {
  const from = { id: 'twice', name: 'T' };
  const first = await start('one', from);
  await patch(first.conversationId, { status: 'resolved' });
  await api.deps.engineDb
    .updateTable('conversations')
    .set({
      resolved_at: new Date('2020-01-01'),
      last_message_at: new Date('2020-01-01'),
      last_in_at: new Date('2020-01-01'),
    })
    .where('id', '=', first.conversationId)
    .execute();
  const second = await start('two', from);
  expect(second.conversationId).not.toBe(first.conversationId);
  for (const status of ['open', 'pending']) {
    const refused = await patch(first.conversationId, { status, priority: 'urgent' });
    expect([refused.status, refused.body.error?.code]).toEqual([409, 'another_is_open']);
  }
  // Nothing of the refused request was kept.
  expect((await json<Conversation>(`/api/conversations/${first.conversationId}`)).body).toMatchObject({
    status: 'resolved',
    priority: 'none',
  });
});

test('labels are a set, known afterwards, and one line says what changed', async () => {
  const { conversationId } = await start();
  expect((await patch(conversationId, { labels: ['a', 'b', 'a'] })).body.labels).toEqual(['a', 'b']);
  await patch(conversationId, { labels: ['b', 'c'] });
  await patch(conversationId, { labels: ['b', 'c'] });
  const { body } = await json<{ items: { kind: string; data: object }[] }>(
    `/api/conversations/${conversationId}/activities`,
  );
  expect(body.items.map((item) => item.data)).toEqual([
    { added: ['a', 'b'], removed: [] },
    { added: ['c'], removed: ['a'] },
  ]);
  const labels = await json<{ items: { name: string }[] }>('/api/labels');
  expect(labels.body.items.map((label) => label.name)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
});

test('taking over, giving back, assigning', async () => {
  const { conversationId } = await start();
  expect((await patch(conversationId, { owner: 'human' })).body.owner).toBe('human');
  // Nobody's run is open: given back means nobody.
  expect((await patch(conversationId, { owner: 'bot' })).body.owner).toBe('none');
  const assigned = await patch(conversationId, { assigneeId: api.workspace.users.agent });
  expect(assigned.body).toMatchObject({ owner: 'human', assigneeId: api.workspace.users.agent });
  for (const unknown of [{ assigneeId: uuidV7() }, { teamId: uuidV7() }, { customerId: uuidV7() }]) {
    expect((await patch(conversationId, unknown)).status).toBe(422);
  }
  expect((await patch(conversationId, { assigneeId: null })).body.assigneeId).toBeNull();
  // In one request the takeover stands beside the reopening.
  const both = await patch(conversationId, { status: 'resolved' });
  expect(both.body.owner).toBe('none');
  expect((await patch(conversationId, { status: 'open', owner: 'human' })).body).toMatchObject({
    status: 'open',
    owner: 'human',
  });
});

test('connecting to a customer counts for all conversations of the contact', async () => {
  const { conversationId } = await start('x', { id: 'crm', name: 'C' });
  const customer = await json<{ id: string }>('/api/customers', { as: 'agent', body: { name: 'Acme' } });
  expect(customer.status).toBe(201);
  expect((await patch(conversationId, { customerId: customer.body.id })).body.customerId).toBe(
    customer.body.id,
  );
  const listed = await json<{ items: Conversation[] }>(`/api/conversations?customerId=${customer.body.id}`);
  expect(listed.body.items.map((item) => item.id)).toEqual([conversationId]);
  expect((await patch(conversationId, { customerId: null })).body.customerId).toBeNull();
});

test('unknown fields are ignored, wrong ones named, malformed JSON is 400', async () => {
  const { conversationId } = await start();
  expect((await patch(conversationId, { nonsense: 1, priority: 'low' })).body.priority).toBe('low');
  const wrong = await json<{ error: { details: { path: string }[] } }>(
    `/api/conversations/${conversationId}`,
    {
      method: 'PATCH',
      body: { priority: 'very' },
    },
  );
  expect([wrong.status, wrong.body.error.details[0]?.path]).toEqual([422, 'priority']);
  const malformed = await json<{ error: { code: string } }>(`/api/conversations/${conversationId}`, {
    method: 'PATCH',
    body: '{"priority": ',
  });
  expect(malformed.status).toBe(400);
});

test('every change is in the audit log, with who did it', async () => {
  const { conversationId } = await start();
  await patch(conversationId, { priority: 'urgent' });
  const { body } = await json<{ items: { action: string; actor: { name: string } }[] }>(
    `/api/audit?subjectId=${conversationId}`,
  );
  expect(body.items).toMatchObject([{ action: 'conversation.changed', actor: { name: 'agent key' } }]);
});
