/** What an agent sends waits where the inbox says so, and can be taken back until it is claimed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { claimAgentMessage } from '#db/agent-outbox.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { createApiInbox, receive, type ApiInbox } from '../support/inboxes.ts';

interface Message {
  id: string;
  status: string;
  undoUntil?: string;
  error?: { kind?: string; code?: string; message: string };
}

let api: TestApi;
let json: Ask;
let inbox: ApiInbox;
let cookie: string;
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api);
  inbox = await createApiInbox(api);
  cookie = await api.signIn('agent');
});
afterAll(() => api.close());

const sql = (text: string, values: unknown[]) => poolOf(api.deps.engineDb).query(text, values);
const holdFor = (seconds: unknown) =>
  sql(`update inboxes set settings = jsonb_build_object('undoSeconds', $2::jsonb) where id = $1`, [
    inbox.id,
    JSON.stringify(seconds),
  ]);
const start = async () =>
  (await receive(api, inbox, { id: uuidV7(), from: { id: uuidV7() }, text: 'Hello' })).conversationId;
/** As a person who is signed in. */
async function send(conversationId: string, body: object = {}): Promise<Message> {
  const response = await api.request(`/api/conversations/${conversationId}/messages`, {
    cookie,
    headers: { origin: api.deps.config.publicUrl },
    body: { clientMessageId: uuidV7(), text: 'Wait', ...body },
  });
  expect(response.status).toBe(201);
  return (await response.json()) as Message;
}
const withdraw = (id: string, as: 'agent' | 'operator' = 'agent') =>
  json<Message>(`/api/messages/${id}/cancel`, { method: 'POST', as });
const claim = (messageId: string) =>
  claimAgentMessage(poolOf(api.deps.engineDb), {
    messageId,
    claim: uuidV7(),
    resend: 'unsafe',
    callTimeoutMs: 1_500,
    mayClaim: true,
    keyLifeMs: null,
  });

test('a person’s message waits as long as the inbox says; a note, and what a program sends, don’t', async () => {
  await holdFor(30);
  const conversationId = await start();
  const held = await send(conversationId);
  const leftMs = Date.parse(held.undoUntil ?? '') - Date.now();
  expect(leftMs).toBeGreaterThan(25_000);
  expect(leftMs).toBeLessThan(31_000);
  expect((await send(conversationId, { private: true })).undoUntil).toBeUndefined();
  const byKey = await json<Message>(`/api/conversations/${conversationId}/messages`, {
    as: 'agent',
    body: { clientMessageId: uuidV7(), text: 'x' },
  });
  expect(byKey.body.undoUntil).toBeUndefined();
  // It keeps its place: what was written after it leaves after it.
  expect(await claim(byKey.body.id)).toEqual({ kind: 'done' });
  expect(await claim(held.id)).toMatchObject({ kind: 'later' });
});

test('settings that are no sensible time hold nothing back, or a minute at most', async () => {
  for (const [setting, most] of [
    [0, 0],
    [-5, 0],
    ['10', 0],
    [9999, 60_000],
  ] as const) {
    await holdFor(setting);
    const { undoUntil } = await send(await start());
    expect(undoUntil === undefined ? 0 : Date.parse(undoUntil) - Date.now()).toBeLessThanOrEqual(most);
    expect(undoUntil === undefined).toBe(most === 0);
  }
});

test('withdrawn: it says who, never leaves, and a repeat changes nothing', async () => {
  await holdFor(30);
  const conversationId = await start();
  const { id } = await send(conversationId);
  const next = await send(conversationId, { text: 'Next' });
  expect((await withdraw(id, 'operator')).status).toBe(403);
  const gone = await withdraw(id);
  expect([gone.status, gone.body]).toMatchObject([
    200,
    { status: 'failed', error: { kind: 'cancelled', message: 'Withdrawn by agent key before it was sent.' } },
  ]);
  expect(gone.body.undoUntil).toBeUndefined();
  expect((await withdraw(id)).body.error).toEqual(gone.body.error);
  const log = await json<{ items: { action: string }[] }>('/api/audit');
  expect(log.body.items.filter(({ action }) => action === 'message.withdrawn')).toHaveLength(1);
  await sql('update outbox set not_before = now() where message_id = $1', [next.id]);
  expect(await claim(id)).toMatchObject({ kind: 'call', messageId: next.id });
});

test('on its way, gone, received, somebody else’s: each is refused in words', async () => {
  await holdFor(30);
  const conversationId = await start();
  const { id } = await send(conversationId);
  await sql('update outbox set not_before = now() where message_id = $1', [id]);
  expect(await claim(id)).toMatchObject({ kind: 'call' });
  const late = await withdraw(id);
  expect([late.status, late.body.error?.code]).toEqual([409, 'on_its_way']);
  // Refused for now, and tried again later: it has provably not arrived.
  await sql(`update outbox set state = 'planned', claim = null where message_id = $1`, [id]);
  // Without an answer it may have arrived.
  await sql('update outbox set in_doubt_since = now() where message_id = $1', [id]);
  expect((await withdraw(id)).body.error?.code).toBe('on_its_way');
  await sql('update outbox set in_doubt_since = null where message_id = $1', [id]);
  expect((await withdraw(id)).status).toBe(200);
  const sent = await send(conversationId);
  await sql(`update outbox set state = 'sent', provider_message_id = 'p' where message_id = $1`, [sent.id]);
  expect((await withdraw(sent.id)).body.error?.code).toBe('already_left');
  const theirs = await receive(api, inbox, { id: uuidV7(), from: { id: uuidV7() }, text: 'Hello' });
  expect((await withdraw(theirs.messageId)).body.error?.code).toBe('not_ours');
  expect((await withdraw(uuidV7())).status).toBe(404);
  const other = await send(conversationId);
  const foreign = await api.request(`/api/messages/${other.id}/cancel`, {
    method: 'POST',
    key: api.other.keys.admin,
  });
  expect(foreign.status).toBe(404);
});

test('a claim and a withdrawal at once: one of them wins, never both', async () => {
  await holdFor(30);
  const conversationId = await start();
  for (let round = 0; round < 6; round++) {
    const { id } = await send(conversationId);
    await sql('update outbox set not_before = now() where message_id = $1', [id]);
    const [claimed, withdrawn] = await Promise.all([claim(id), withdraw(id)]);
    expect([claimed.kind, withdrawn.status]).toEqual(
      withdrawn.status === 200 ? ['done', 200] : ['call', 409],
    );
    await sql(
      `update outbox set state = 'failed', claim = null where message_id = $1 and state = 'sending'`,
      [id],
    );
  }
});
