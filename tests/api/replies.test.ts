/** Replies as the channel takes them, and what else an agent does at the provider. The API inbox stands for every channel here. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ChannelError, type ChannelAdapter, type SignalTarget } from '#channels/contract.ts';
import { definitions } from '#channels/definitions.ts';
import { poolOf } from '#db/client.ts';
import { ingestOnly } from '#db/drive.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestApi, type TestApi, type TestRequest } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { createApiInbox, receive, type ApiInbox } from '../support/inboxes.ts';

interface Message {
  id: string;
  as?: string;
  inReplyToId?: string;
  reactions: object[];
  hiddenAt: string | null;
  likedAt: string | null;
  deletedAt: string | null;
  error?: { code: string; message: string; details?: object };
}
interface Conversation {
  lastSeq: number;
  window: { open: boolean; remaining?: number; templates?: boolean; human?: { open: boolean } };
}

let api: TestApi;
let json: Ask;
let inbox: ApiInbox;
let adapter: ChannelAdapter;
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api);
  inbox = await createApiInbox(api);
});
beforeEach(() => {
  adapter = { ...api.deps.registry.api };
  api.deps.registry.api = adapter;
  Object.assign(definitions.api, { actions: ['hide', 'unhide', 'like'] });
  Object.assign(definitions.api.capabilities, {
    privateReply: true,
    window: { kind: 'hours', hours: 24, humanHours: 168, most: 3, templates: true },
  });
});
afterAll(() => api.close());

const start = () => receive(api, inbox, { id: uuidV7(), from: { id: uuidV7() }, text: 'Hello' });
const send = (conversationId: string, body: object, as: TestRequest['as'] = 'agent') =>
  json<Message>(`/api/conversations/${conversationId}/messages`, {
    as,
    body: { clientMessageId: uuidV7(), ...body },
  });
const conversation = async (id: string) => (await json<Conversation>(`/api/conversations/${id}`)).body;
const sql = (text: string, values: unknown[]) => poolOf(api.deps.engineDb).query(text, values);
const silentFor = (conversationId: string, hours: number) =>
  sql('update conversations set last_in_at = now() - make_interval(hours => $2) where id = $1', [
    conversationId,
    hours,
  ]);

async function provide(event: { kind: string } & Record<string, unknown>) {
  const [accepted] = await acceptEvents(api.deps.engineDb, {
    type: 'api',
    inbox: { id: inbox.id, workspaceId: api.workspace.id, accountKey: inbox.id },
    raw: new Uint8Array(),
    events: [{ eventId: uuidV7(), ...event }],
  });
  const eventId = accepted?.eventId ?? '';
  await ingestOnly(poolOf(api.deps.engineDb), eventId);
  const row = await api.deps.engineDb
    .selectFrom('inbound_events')
    .select(['message_id', 'conversation_id'])
    .where('id', '=', eventId)
    .executeTakeFirstOrThrow();
  return { messageId: row.message_id ?? '', conversationId: row.conversation_id ?? '' };
}
const comment = () =>
  provide({
    kind: 'message',
    threadKey: 'post-1',
    contact: { externalId: uuidV7() },
    parts: [{ kind: 'comment', text: 'How much?', commentId: 'c', postId: 'post-1' }],
    providerMessageId: uuidV7(),
    replyAddress: {},
  });

test('while the window is open a message goes; closed, it is refused with what to do, and nothing is stored', async () => {
  const { conversationId } = await start();
  expect((await conversation(conversationId)).window).toMatchObject({ open: true, remaining: 3 });
  expect((await send(conversationId, { text: 'now' })).status).toBe(201);
  await silentFor(conversationId, 25);
  expect((await conversation(conversationId)).window).toMatchObject({ open: false, templates: true });
  const refused = await send(conversationId, { text: 'too late' });
  expect([refused.status, refused.body.error?.code]).toEqual([422, 'window_closed']);
  expect(refused.body.error?.message).toMatch(
    /^The message window closed at 20\d\d-.*Z: .* 24 hours .*Wait until they write again, or send an approved template\. Nothing was sent\.$/,
  );
  expect((await conversation(conversationId)).lastSeq).toBe(2);
  expect((await send(conversationId, { parts: [{ kind: 'template', name: 'hello' }] })).status).toBe(201);
  expect((await send(conversationId, { text: 'for colleagues', private: true })).status).toBe(201);
});

test('a repeat of what was sent before the window closed is still the first message', async () => {
  const { conversationId } = await start();
  const first = await send(conversationId, { clientMessageId: 'again', text: 'now' });
  await silentFor(conversationId, 25);
  const repeat = await send(conversationId, { clientMessageId: 'again', text: 'now' });
  expect([repeat.status, repeat.body.id]).toEqual([200, first.body.id]);
});

test('people write longer where the inbox says that the provider allowed it', async () => {
  const { conversationId } = await start();
  await silentFor(conversationId, 100);
  expect((await send(conversationId, { text: 'x' })).status).toBe(422);
  await sql(`update inboxes set settings = '{"humanAgent": true}' where id = $1`, [inbox.id]);
  expect((await conversation(conversationId)).window).toMatchObject({ open: false, human: { open: true } });
  expect((await send(conversationId, { text: 'x' })).status).toBe(201);
  await silentFor(conversationId, 200);
  const refused = await send(conversationId, { text: 'x' });
  expect(refused.body.error?.message).toContain('168 hours');
  await sql(`update inboxes set settings = '{}' where id = $1`, [inbox.id]);
});

test('messages are counted where the channel counts them: what left since the contact wrote', async () => {
  const contact = { id: uuidV7() };
  const say = () => receive(api, inbox, { id: uuidV7(), from: contact, text: 'Hello' });
  const { conversationId } = await say();
  for (const text of ['1', '2', '3']) await send(conversationId, { text });
  // Planned is not sent.
  expect((await conversation(conversationId)).window.remaining).toBe(3);
  await sql(`update messages set status = 'sent' where conversation_id = $1 and direction = 'out'`, [
    conversationId,
  ]);
  expect((await conversation(conversationId)).window).toMatchObject({ open: false, remaining: 0 });
  const refused = await send(conversationId, { text: '4' });
  expect(refused.body.error?.message).toContain('The 3 messages');
  await say();
  expect((await conversation(conversationId)).window).toMatchObject({ open: true, remaining: 3 });
});

test('a comment is answered in public whatever the time, and privately once, within seven days', async () => {
  const { conversationId, messageId } = await comment();
  await silentFor(conversationId, 48);
  expect((await send(conversationId, { text: 'In public' })).status).toBe(201);
  const privately = (body: object = {}) =>
    send(conversationId, { text: 'By message', inReplyToId: messageId, as: 'private_reply', ...body });
  expect((await privately({ text: 'x'.repeat(200_000) })).status).toBe(422);
  const first = await privately();
  expect([first.status, first.body]).toMatchObject([201, { as: 'private_reply', inReplyToId: messageId }]);
  const outbox = await sql('select payload from outbox where message_id = $1', [first.body.id]);
  expect(outbox.rows).toMatchObject([{ payload: { as: 'private_reply' } }]);
  const second = await privately();
  expect([second.status, second.body.error?.code]).toEqual([409, 'answered_before']);
  // One that failed is no answer.
  await sql(`update messages set status = 'failed' where id = $1`, [first.body.id]);
  expect((await privately()).status).toBe(201);
  const old = await comment();
  await sql(`update messages set created_at = now() - interval '8 days' where id = $1`, [old.messageId]);
  const late = await send(old.conversationId, { text: 'x', inReplyToId: old.messageId, as: 'private_reply' });
  expect([late.status, late.body.error?.code]).toEqual([422, 'window_closed']);
});

test('two people answer one comment privately at once: one does', async () => {
  const { conversationId, messageId } = await comment();
  const answers = await Promise.all(
    Array.from({ length: 4 }, () =>
      send(conversationId, { text: 'x', inReplyToId: messageId, as: 'private_reply' }),
    ),
  );
  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
    201, 409, 409, 409,
  ]);
});

test('private replies need a comment, and a channel that has them; a quoted message is of this conversation', async () => {
  const [here, there] = [await start(), await comment()];
  const code = async (body: object) =>
    (await send(here.conversationId, { text: 'x', ...body })).body.error?.code;
  expect(await code({ as: 'private_reply' })).toBe('no_comment');
  expect(await code({ as: 'private_reply', inReplyToId: here.messageId })).toBe('no_comment');
  expect(await code({ as: 'private_reply', inReplyToId: there.messageId })).toBe('unknown_reference');
  expect(await code({ inReplyToId: uuidV7() })).toBe('unknown_reference');
  expect((await send(here.conversationId, { text: 'x', inReplyToId: here.messageId })).body.inReplyToId).toBe(
    here.messageId,
  );
  Object.assign(definitions.api.capabilities, { privateReply: undefined });
  const refused = await send(there.conversationId, {
    text: 'x',
    inReplyToId: there.messageId,
    as: 'private_reply',
  });
  expect(refused.body.error?.code).toBe('not_supported');
});

test('typing and reading are shown to the contact, not more often than sensible, and never in the way', async () => {
  const signals: [string, SignalTarget][] = [];
  adapter.signal = async (_, kind, target) => void signals.push([kind, target]);
  const { conversationId } = await start();
  const typing = (as: TestRequest['as'] = 'agent') =>
    json(`/api/conversations/${conversationId}/typing`, { method: 'POST', as });
  expect([(await typing()).status, (await typing()).status]).toEqual([204, 204]);
  expect((await typing('builder')).status).toBe(403);
  await expect.poll(() => signals).toHaveLength(1);
  expect(signals[0]).toMatchObject([
    'typing',
    { threadKey: '', lastInbound: { providerMessageId: expect.any(String) } },
  ]);
  const cookie = await api.signIn('agent');
  const read = (seq: number) =>
    api.request(`/api/conversations/${conversationId}/read`, {
      cookie,
      body: { seq },
      headers: { origin: api.deps.config.publicUrl },
    });
  await read(0);
  expect((await read(1)).status).toBe(204);
  await expect.poll(() => signals.map(([kind]) => kind)).toEqual(['typing', 'read']);
  const inbox = () =>
    api.deps.engineDb.selectFrom('inboxes').select(['can_send', 'state', 'outbound_health']).execute();
  const before = await inbox();
  adapter.signal = () => Promise.reject(new ChannelError('reauthorize', 'No typing today.'));
  const other = await start();
  expect((await json(`/api/conversations/${other.conversationId}/typing`, { method: 'POST' })).status).toBe(
    204,
  );
  await expect.poll(() => api.logLines.join('')).toContain('No typing today.');
  // A permission for typing alone may be missing: what is sent decides whether an inbox can send.
  expect(await inbox()).toEqual(before);
  expect((await json(`/api/conversations/${uuidV7()}/typing`, { method: 'POST' })).status).toBe(404);
});

test('a comment is hidden, shown and liked at the provider; its refusal is told in its own words', async () => {
  const done: [string, string][] = [];
  adapter.act = async (_, action, { providerMessageId }) => void done.push([action, providerMessageId]);
  const { conversationId, messageId } = await comment();
  const act = (action: string, id = messageId, as: TestRequest['as'] = 'agent') =>
    json<Message>(`/api/messages/${id}/actions`, { as, body: { action } });
  expect((await act('hide')).body.hiddenAt).toBeTruthy();
  expect((await act('hide')).status).toBe(200);
  expect((await act('like')).body).toMatchObject({
    likedAt: expect.any(String),
    hiddenAt: expect.any(String),
  });
  expect((await act('unhide')).body.hiddenAt).toBeNull();
  expect(done.map(([action]) => action)).toEqual(['hide', 'hide', 'like', 'unhide']);
  const lines = await json<{ items: { kind: string }[] }>(`/api/conversations/${conversationId}/activities`);
  // Hiding twice is one line.
  expect(lines.body.items.map(({ kind }) => kind)).toEqual([
    'comment_hide',
    'comment_like',
    'comment_unhide',
  ]);
  expect([(await act('delete')).status, (await act('burn')).status]).toEqual([422, 422]);
  expect((await act('hide', messageId, 'operator')).status).toBe(403);
  expect((await act('hide', (await start()).messageId)).body.error?.code).toBe('not_a_comment');
  expect((await act('hide', uuidV7())).status).toBe(404);
  adapter.act = () =>
    Promise.reject(new ChannelError('permanent', 'Object does not exist.', { providerCode: '100/33' }));
  const refused = await act('hide');
  expect([refused.status, refused.body.error]).toMatchObject([
    422,
    {
      code: 'refused_by_provider',
      message: 'Object does not exist.',
      details: { kind: 'permanent', providerCode: '100/33' },
    },
  ]);
  delete adapter.act;
  expect((await act('hide')).body.error?.code).toBe('not_supported');
});

test('the provider’s own word of what we did may come first: it is ours all the same, and told once', async () => {
  const { messageId, conversationId } = await comment();
  adapter.act = async () => {
    await sql('update messages set hidden_at = now() where id = $1', [messageId]);
  };
  const hide = () =>
    json<Message>(`/api/messages/${messageId}/actions`, { as: 'agent', body: { action: 'hide' } });
  expect((await hide()).status).toBe(200);
  expect((await hide()).status).toBe(200);
  const { rows } = await sql(
    'select kind, actor_kind from conversation_activities where conversation_id = $1 and kind like $2',
    [conversationId, 'comment%'],
  );
  expect(rows).toEqual([{ kind: 'comment_hide', actor_kind: 'api_key' }]);
});

test('reactions are on the message, and what the provider says of the account in Diagnostics', async () => {
  const from = { id: uuidV7(), name: 'Ada' };
  const id = uuidV7();
  const { conversationId } = await receive(api, inbox, { id, from, text: 'Hello' });
  await provide({
    kind: 'reaction',
    threadKey: '',
    contact: { externalId: from.id },
    providerMessageId: id,
    emoji: '🎉',
  });
  const { body } = await json<{ items: Message[] }>(`/api/conversations/${conversationId}/messages`);
  expect(body.items[0]?.reactions).toEqual([{ emoji: '🎉', by: 'Ada' }]);
  const account = { kind: 'account', contact: undefined };
  await provide({
    ...account,
    change: 'quality',
    outbound: { state: 'degraded' },
    facts: { rating: 'YELLOW' },
  });
  const diagnostics = await json<{ account: object[]; inbox: object }>(
    `/api/inboxes/${inbox.id}/diagnostics`,
  );
  expect(diagnostics.body).toMatchObject({
    inbox: { state: 'degraded', outbound: { state: 'degraded' } },
    account: [{ change: 'quality', facts: { rating: 'YELLOW' } }],
  });
});
