/** What goes between a visitor and the team beside messages: answers to questions, receipts, typing, how it was. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { poolOf } from '#db/client.ts';
import type { JsonObject } from '#domain/json.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createLiveChat, newMessage, type LiveChat, type Visitor } from '../support/live-chat.ts';
import { readEventStream } from '../support/event-stream.ts';

let api: TestApi;
let chat: LiveChat;

beforeAll(async () => {
  api = await createTestApi();
  chat = await createLiveChat(api);
});
afterAll(() => api.close());
beforeEach(() =>
  chat.set({ preChat: { enabled: false }, hours: { enabled: false }, csat: { enabled: false } }),
);

const query = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await poolOf(api.deps.engineDb).query(text, values)).rows as Row[];
const contactOf = async (visitor: Visitor) => {
  const [row] = await query<{ name: string; email: string; fields: object; customer_id: string | null }>(
    'select * from contacts where external_id = $1',
    [visitor.visitorId],
  );
  return row;
};
const problemsOf = async (response: Response): Promise<string[]> => {
  const { error } = (await response.json()) as { error: { details: { path: string; code: string }[] } };
  return error.details.map(({ path, code }) => `${path} ${code}`);
};

describe('the questions before the first message', () => {
  const form: JsonObject = {
    enabled: true,
    fields: [
      { key: 'name', kind: 'name', required: true, label: 'Name' },
      { key: 'email', kind: 'email', label: { en: 'Email', de: 'E-Mail' } },
      { key: 'order_number', kind: 'text', label: 'Order' },
    ],
    consent: 'I agree.',
  };

  it('are asked once, checked here, and hold messages back until they are answered', async () => {
    await chat.set({ preChat: form });
    const visitor = await chat.visitor();
    expect((await chat.thread(visitor)).state.preChat).toBe('ask');
    const early = newMessage('me first');
    expect((await chat.post(visitor.token, early)).status).toBe(409);
    const wrong = await chat.ask(visitor.token, 'pre-chat', { answers: { email: 'no' } });
    expect(wrong.status).toBe(422);
    expect(await problemsOf(wrong)).toEqual(['name missing', 'email invalid', 'consent missing']);
    const answers = { name: 'Ann', email: 'ann@shop.example', order_number: '4711' };
    const right = await chat.ask(visitor.token, 'pre-chat', { answers, consent: true, language: 'de' });
    expect(right.status).toBe(200);
    expect(await right.json()).toMatchObject({ state: { preChat: 'done' } });
    expect((await chat.post(visitor.token, early)).status).toBe(202);
    // The first answers stand.
    await chat.ask(visitor.token, 'pre-chat', { answers: { name: 'Eve' }, consent: true });
    await chat.ingest();
    expect(await contactOf(visitor)).toMatchObject({
      name: 'Ann',
      email: 'ann@shop.example',
      fields: { order_number: '4711' },
      customer_id: null,
    });
    const conversationId = (await chat.thread(visitor)).items[0]?.conversationId ?? '';
    const details = await api.request(`/api/conversations/${conversationId}/visitor`);
    expect(await details.json()).toMatchObject({
      personId: null,
      language: 'de',
      answers: [
        { label: 'Name', value: 'Ann' },
        { label: 'E-Mail', value: 'ann@shop.example' },
        { label: 'Order', value: '4711' },
      ],
      consentedAt: expect.any(String) as string,
    });
    expect(
      (await api.request(`/api/conversations/${conversationId}/visitor`, { key: api.other.keys.admin }))
        .status,
    ).toBe(404);
  });

  it('may be passed by where nothing is required, and never interrupt a conversation', async () => {
    const early = await chat.visitor();
    await chat.post(early.token, newMessage('before there were questions'));
    await chat.ingest();
    await chat.set({ preChat: { enabled: true, fields: [{ key: 'name', kind: 'name', label: 'Name' }] } });
    expect((await chat.thread(early)).state.preChat).toBe('done');
    const visitor = await chat.visitor();
    expect((await chat.post(visitor.token, newMessage('no answer'))).status).toBe(202);
    expect((await chat.ask(visitor.token, 'pre-chat', {})).status).toBe(200);
    expect((await chat.thread(visitor)).state.preChat).toBe('done');
  });

  it('are seen by flows as fields of the contact', async () => {
    const visitor = await chat.visitor();
    expect(
      (await chat.ask(visitor.token, 'fields', { fields: { plan: 'gold', seats: 3, old: 'x' } })).status,
    ).toBe(204);
    expect((await chat.ask(visitor.token, 'fields', { fields: { old: null } })).status).toBe(204);
    expect(await contactOf(visitor)).toMatchObject({ fields: { plan: 'gold', seats: 3 } });
    for (const fields of [{ 'a b': 'x' }, { plan: {} }, { plan: 'x'.repeat(501) }])
      expect((await chat.ask(visitor.token, 'fields', { fields })).status).toBe(400);
  });
});

describe('receipts', () => {
  const status = async (id: string): Promise<string | undefined> =>
    (await query<{ status: string }>('select status from messages where id = $1', [id]))[0]?.status;
  const read = (visitor: Visitor, messageIds: string[], how = 'read') =>
    chat.ask(visitor.token, 'receipts', { receipt: { status: how, messageIds } });

  it('what is streamed is delivered, what was looked at is read, and nothing goes back', async () => {
    const visitor = await chat.visitor();
    const { add } = await chat.createThread(visitor);
    const id = await add({ direction: 'out', status: 'sent', text: 'hello' });
    await query('update messages set provider_message_id = id where id = $1', [id]);
    const stream = await readEventStream(await chat.stream(visitor.token));
    await stream.until((text) => text.includes('hello'));
    await expect.poll(() => status(id)).toBe('delivered');
    await stream.close();
    expect((await read(visitor, [id])).status).toBe(204);
    expect(await status(id)).toBe('read');
    await read(visitor, [id], 'delivered');
    await read(visitor, [id]);
    expect(await status(id)).toBe('read');
    const [row] = await query<{ n: number }>(
      `select count(*) as n from inbound_events where target_provider_message_id = $1`,
      [id],
    );
    expect(row?.n).toBe(2);
  });

  it('of somebody else’s messages, notes and one’s own words say nothing', async () => {
    const [owner, thief] = [await chat.visitor(), await chat.visitor()];
    const { add } = await chat.createThread(owner);
    const sent = await add({ direction: 'out', status: 'sent', text: 'for the owner' });
    const note = await add({ direction: 'internal', status: 'sent', text: 'note' });
    const planned = await add({ direction: 'out', status: 'planned', text: 'not yet' });
    await query('update messages set provider_message_id = id where id = any($1)', [[sent, note, planned]]);
    await read(thief, [sent]);
    await read(owner, [note, planned]);
    expect([await status(sent), await status(note), await status(planned)]).toEqual([
      'sent',
      'sent',
      'planned',
    ]);
    for (const receipt of [
      { status: 'failed', messageIds: [sent] },
      { status: 'read', messageIds: [] },
      { status: 'read', messageIds: ['x'] },
    ])
      expect((await chat.ask(owner.token, 'receipts', { receipt })).status).toBe(400);
  });

  it('the visitor sees how far the team has read', async () => {
    const visitor = await chat.visitor();
    const { add, conversationId } = await chat.createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'hello?' });
    expect((await chat.thread(visitor)).state.seen).toBeNull();
    const stream = await readEventStream(await chat.stream(visitor.token));
    await stream.until((text) => text.includes('hello?'));
    const cookie = await api.signIn('agent');
    const seen = await api.request(`/api/conversations/${conversationId}/read`, {
      cookie,
      method: 'POST',
      body: { seq: 1 },
      headers: { origin: api.deps.config.publicUrl },
    });
    expect(seen.status).toBeLessThan(300);
    await stream.until((text) => text.includes(`"seen":{"conversationId":"${conversationId}","seq":1}`));
    await stream.close();
  });
});

describe('typing', () => {
  it('reaches the team’s screens of this workspace, and the visitor’s own chat only', async () => {
    const [visitor, other] = [await chat.visitor(), await chat.visitor()];
    const { add, conversationId } = await chat.createThread(visitor);
    await add({ direction: 'in', status: 'received', text: 'hi' });
    const team = await readEventStream(await api.request('/api/events', { as: 'agent' }));
    const strangers = await readEventStream(await api.request('/api/events', { key: api.other.keys.admin }));
    const mine = await readEventStream(await chat.stream(visitor.token));
    const theirs = await readEventStream(await chat.stream(other.token));
    for (const stream of [mine, theirs]) await stream.until((text) => text.includes('event: state'));
    await team.until((text) => text.includes('ready'));
    await strangers.until((text) => text.includes('ready'));

    await expect
      .poll(async () => {
        expect((await chat.ask(visitor.token, 'typing', { typing: true })).status).toBe(204);
        return team.text();
      })
      .toContain(`event: conversation.typing\ndata: {"conversationId":"${conversationId}","typing":true}`);
    expect(strangers.text()).not.toContain('typing');

    await expect
      .poll(
        async () => {
          await api.request(`/api/conversations/${conversationId}/typing`, { as: 'agent', method: 'POST' });
          return mine.text();
        },
        { timeout: 8_000 },
      )
      .toContain('event: typing\ndata: {"typing":true,"from":"agent"');
    expect(theirs.text()).not.toContain('typing');
    expect(mine.text()).not.toContain(api.workspace.users.agent);
    await Promise.all([team, strangers, mine, theirs].map((stream) => stream.close()));
    // Stored nowhere.
    const [row] = await query<{ n: number }>(
      `select count(*) as n from ui_events where name like '%typing%'`,
    );
    expect(row?.n).toBe(0);
  });

  it('of too many is dropped', async () => {
    const visitor = await chat.visitor();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => chat.ask(visitor.token, 'typing', { typing: true })),
    );
    expect(answers.map(({ status }) => status)).toContain(429);
  });
});

describe('how it was', () => {
  const resolve = (conversationId: string) =>
    api.request(`/api/conversations/${conversationId}`, { method: 'PATCH', body: { status: 'resolved' } });
  async function resolved(author: 'agent' | 'bot' = 'agent') {
    const visitor = await chat.visitor();
    await chat.post(visitor.token, newMessage('help'));
    await chat.ingest();
    const conversationId = (await chat.thread(visitor)).items[0]?.conversationId ?? '';
    if (author === 'agent')
      await query(
        `insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, parts, text, status)
         values (uuidv7(), $1, $2, $3, 2, 'out', 'agent', '[]', 'done', 'sent')`,
        [api.workspace.id, conversationId, chat.inboxId],
      );
    if (author === 'agent')
      await query('update conversations set last_seq = 2 where id = $1', [conversationId]);
    expect((await resolve(conversationId)).status).toBe(200);
    return { visitor, conversationId, survey: (await chat.thread(visitor)).state.survey };
  }
  const answer = (visitor: Visitor, id: string | undefined, body: object) =>
    chat.ask(visitor.token, `surveys/${id}`, body);

  it('is asked once per resolution, answered once, and shown to the team', async () => {
    await chat.set({ csat: { enabled: true, scale: 'faces' } });
    const { visitor, conversationId, survey } = await resolved();
    expect(survey).toMatchObject({ scale: 'faces' });
    await resolve(conversationId);
    expect(
      (await query('select id from csat_surveys where conversation_id = $1', [conversationId])).length,
    ).toBe(1);
    const stranger = await chat.visitor();
    expect((await answer(stranger, survey?.id, { score: 1 })).status).toBe(404);
    expect((await answer(visitor, survey?.id, { score: 6 })).status).toBe(400);
    expect((await answer(visitor, survey?.id, { score: 4 })).status).toBe(200);
    expect((await answer(visitor, survey?.id, { score: 4, comment: 'Quick!' })).status).toBe(200);
    expect((await chat.thread(visitor)).state.survey).toBeNull();
    const activities = await api.request(`/api/conversations/${conversationId}/activities`);
    const rated = ((await activities.json()) as { items: { kind: string; data: object }[] }).items.filter(
      ({ kind }) => kind === 'rated',
    );
    expect(rated).toMatchObject([{ data: { score: 4, scale: 'faces', comment: 'Quick!' } }]);
    const list = await api.request(`/api/csat?inboxId=${chat.inboxId}`);
    expect(await list.json()).toMatchObject({
      items: [{ conversationId, score: 4, comment: 'Quick!' }],
      summary: [{ scale: 'faces', asked: 1, answered: 1, average: 4, satisfied: 1 }],
    });
    expect(await (await api.request('/api/csat', { key: api.other.keys.admin })).json()).toMatchObject({
      items: [],
      summary: [],
    });
  });

  it('isn’t asked of who talked to the bot alone, unless so set; thumbs have two answers', async () => {
    await chat.set({ csat: { enabled: true, scale: 'thumbs' } });
    expect((await resolved('bot')).survey).toBeNull();
    await chat.set({ csat: { enabled: true, scale: 'thumbs', askBotOnly: true } });
    const { visitor, survey } = await resolved('bot');
    expect((await answer(visitor, survey?.id, { score: 3 })).status).toBe(422);
    expect((await answer(visitor, survey?.id, { score: 1 })).status).toBe(200);
  });

  it('is over when it has expired, and is put aside when the conversation goes on', async () => {
    await chat.set({ csat: { enabled: true } });
    const gone = await resolved();
    await query(`update csat_surveys set expires_at = now() - interval '1 second' where id = $1`, [
      gone.survey?.id,
    ]);
    expect((await chat.thread(gone.visitor)).state.survey).toBeNull();
    expect((await answer(gone.visitor, gone.survey?.id, { score: 5 })).status).toBe(404);
    const { visitor, conversationId } = await resolved();
    await chat.post(visitor.token, newMessage('one more thing'));
    await chat.ingest();
    expect((await chat.thread(visitor)).state.survey).toBeNull();
    await resolve(conversationId);
    // Nobody of the team has answered since.
    expect((await chat.thread(visitor)).state.survey).toBeNull();
  });

  it('is not asked where it is off', async () => {
    expect((await resolved()).survey).toBeNull();
  });
});

it('nothing of the team goes down with what a visitor is told', async () => {
  const visitor = await chat.visitor();
  await chat.set({
    csat: { enabled: true, askBotOnly: true },
    hours: { enabled: true, holidays: [{ date: '2026-12-25', name: 'SECRET PARTY' }] },
  });
  const stream = await readEventStream(await chat.stream(visitor.token));
  const { add, conversationId } = await chat.createThread(visitor);
  await add({ direction: 'in', status: 'received', text: 'hello' });
  await query('update conversations set last_in_seq = 1 where id = $1', [conversationId]);
  await add({ direction: 'internal', status: 'sent', text: 'SECRET NOTE' });
  await add({ direction: 'out', status: 'failed', text: 'SECRET DRAFT' });
  await add({ direction: 'out', status: 'sent', text: 'bot says', author: 'bot' });
  await api.request(`/api/conversations/${conversationId}`, {
    method: 'PATCH',
    body: { labels: ['SECRET LABEL'], priority: 'urgent', status: 'resolved' },
  });
  await stream.until((text) => text.includes('"survey":{'));
  const text = stream.text() + JSON.stringify(await chat.thread(visitor));
  await stream.close();
  for (const secret of [
    'SECRET',
    'Secret flow name',
    'urgent',
    api.workspace.id,
    api.workspace.users.agent,
    'assignee',
  ])
    expect(text).not.toContain(secret);
  const named = [...text.matchAll(/^event: (\S+)$/gm)].map(([, name]) => name);
  expect(new Set(named)).toEqual(new Set(['ping', 'state', 'message', 'place']));
});
