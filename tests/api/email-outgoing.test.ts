/** Mails that people write: to whom they may go, what they start from, and conversations that begin with one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { ingestOnly } from '#db/drive.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createEmailReceiver } from '../../api/email/receive.ts';
import { createTestApi, type TestApi, type TestRequest } from '../support/api.ts';
import { asking, type Ask } from '../support/ask.ts';
import { insertEmailInbox } from '../support/email-inbox.ts';
import { createApiInbox, receive } from '../support/inboxes.ts';

interface Message {
  id: string;
  status: string;
  text: string;
  parts: { kind: string; subject?: string; cc?: object[] }[];
  error?: { code: string; message: string };
}
type Begun = Message & {
  contact: { id: string; externalId: string; name: string | null };
  lastSeq: number;
  owner: string;
  threadKey: string;
  message: Message;
};

let api: TestApi;
let json: Ask;
let inbox: { id: string; address: string };
beforeAll(async () => {
  api = await createTestApi();
  json = asking(api);
  inbox = await insertEmailInbox(api, {
    settings: { signature: '{{ agent.name }}\nShop', fromName: 'The shop' },
  });
});
afterAll(() => api.close());

const sql = (text: string, values: unknown[]) => poolOf(api.deps.engineDb).query(text, values);
/** A mail as its channel hands it over. */
async function mailFrom(address: string, email: object, replyAddress: object = {}): Promise<string> {
  const event = {
    kind: 'message',
    eventId: uuidV7(),
    threadKey: uuidV7(),
    contact: { externalId: address },
    parts: [
      { kind: 'email', ...email },
      { kind: 'text', text: 'Hello' },
    ],
    providerMessageId: `<${uuidV7()}@customer.example>`,
    replyAddress,
  };
  const [accepted] = await acceptEvents(api.deps.engineDb, {
    type: 'email',
    inbox: { id: inbox.id, workspaceId: api.workspace.id, accountKey: inbox.address },
    raw: new Uint8Array(),
    events: [event],
  });
  await ingestOnly(poolOf(api.deps.engineDb), accepted?.eventId ?? '');
  const { rows } = await sql('select conversation_id as id from inbound_events where id = $1', [
    accepted?.eventId,
  ]);
  return (rows[0] as { id: string }).id;
}
const send = (conversationId: string, body: object) =>
  json<Message>(`/api/conversations/${conversationId}/messages`, {
    as: 'agent',
    body: { clientMessageId: uuidV7(), ...body },
  });
const mail = (email: object, ...more: object[]) => ({
  parts: [{ kind: 'email', ...email }, { kind: 'text', text: 'Hello' }, ...more],
});
const begin = (body: object, as: TestRequest['as'] = 'agent') =>
  json<Begun>('/api/conversations', {
    as,
    body: {
      inboxId: inbox.id,
      to: { address: 'new@customer.example' },
      subject: 'Your order',
      text: 'Hello',
      clientMessageId: uuidV7(),
      ...body,
    },
  });

test('copies are kept as given, and the subject is that of the thread unless another is given', async () => {
  const id = await mailFrom('ada@customer.example', {
    subject: 'Parcel',
    from: { address: 'ada@customer.example' },
  });
  const first = await send(id, mail({ cc: [{ address: 'Boss@Customer.example', name: 'Boss' }] }));
  expect([first.status, first.body.parts[0]]).toEqual([
    201,
    { kind: 'email', subject: 'Re: Parcel', cc: [{ address: 'boss@customer.example', name: 'Boss' }] },
  ]);
  expect(first.body.text).toBe('Hello');
  expect((await send(id, mail({ subject: 'Another matter' }))).body.parts[0]?.subject).toBe('Another matter');
  // What is said next is of that subject.
  expect((await send(id, mail({}))).body.parts[0]?.subject).toBe('Re: Another matter');
  // Without the part it is an ordinary answer.
  expect((await send(id, { text: 'x' })).body.parts).toEqual([{ kind: 'text', text: 'x' }]);
});

test('no injection, no nonsense, not to ourselves, not in a note, not where there is no email', async () => {
  const id = await mailFrom('carl@customer.example', { subject: 'x' });
  const refusedBy = async (conversationId: string, body: object) => {
    const { status, body: answer } = await send(conversationId, body);
    return [status, answer.error?.message ?? ''];
  };
  for (const email of [
    { subject: 'a\r\nBcc: eve@example.com' },
    { cc: [{ address: 'eve@example.com\r\nX-Evil: 1' }] },
    { cc: [{ address: 'ada@example.com', name: 'a\nb' }] },
    { bcc: [{ address: 'nobody' }] },
  ])
    expect((await refusedBy(id, mail(email)))[0]).toBe(422);
  expect(await refusedBy(id, mail({ cc: [{ address: inbox.address.toUpperCase() }] }))).toEqual([
    422,
    `${inbox.address} is this inbox itself. Take it off; nothing was sent.`,
  ]);
  expect((await refusedBy(id, mail({ to: [{ address: `desk-${inbox.address}` }] })))[1]).toContain('itself');
  expect((await refusedBy(id, { ...mail({ subject: 'x' }), private: true }))[0]).toBe(422);
  const other = await receive(api, await createApiInbox(api), { id: uuidV7(), text: 'Hi' });
  expect(await refusedBy(other.conversationId, mail({ subject: 'x' }))).toEqual([
    422,
    'This channel has no subject, no copies and no further recipients; nothing was sent.',
  ]);
  const { rows } = await sql(`select 1 from messages where conversation_id = $1 and direction = 'out'`, [id]);
  expect(rows).toHaveLength(0);
});

test('files of more than 20 MB together are refused with how much they are', async () => {
  const id = await mailFrom('dora@customer.example', { subject: 'x' });
  const file = async (bytes: number) => {
    const mediaId = uuidV7();
    await sql(
      `insert into media (id, workspace_id, state, mime_type, name, size_bytes) values ($1, $2, 'stored', 'application/pdf', 'a.pdf', $3)`,
      [mediaId, api.workspace.id, bytes],
    );
    return { kind: 'file', mediaId };
  };
  const megabyte = 1024 * 1024;
  const tooLarge = await send(id, mail({}, await file(12 * megabyte), await file(9 * megabyte)));
  expect([tooLarge.status, tooLarge.body.error]).toMatchObject([422, { code: 'too_large' }]);
  expect(tooLarge.body.error?.message).toContain('21.0 MB together');
  expect((await send(id, mail({}, await file(12 * megabyte), await file(8 * megabyte)))).status).toBe(201);
});

test('what an answer starts from: whom it goes to, everybody but us, the subject, the signature', async () => {
  const boss = { address: 'boss@customer.example', name: 'Boss' };
  const id = await mailFrom(
    'emil@customer.example',
    { subject: 'Invoice 9', from: boss },
    {
      to: [{ address: 'emil@customer.example' }],
      cc: [{ address: inbox.address }, { address: `desk-${inbox.address}` }, boss],
    },
  );
  const { body } = await json<object>(`/api/conversations/${id}/email-reply`, { as: 'agent' });
  expect(body).toEqual({
    from: { address: inbox.address, name: 'The shop' },
    subject: 'Re: Invoice 9',
    to: [{ address: 'emil@customer.example' }],
    others: [boss],
    signature: 'agent key\nShop',
  });
  const begun = await begin({ to: { address: 'fay@customer.example' }, subject: 'First' });
  expect((await json<object>(`/api/conversations/${begun.body.id}/email-reply`)).body).toMatchObject({
    subject: 'Re: First',
    to: [{ address: 'fay@customer.example' }],
    others: [],
  });
  const first = await json<object>(`/api/inboxes/${inbox.id}/email-reply`, { as: 'agent' });
  expect(first.body).toMatchObject({ subject: '', to: [], others: [], signature: 'agent key\nShop' });
  const apiInbox = await createApiInbox(api);
  expect((await json(`/api/inboxes/${apiInbox.id}/email-reply`)).status).toBe(422);
  expect((await json(`/api/conversations/${uuidV7()}/email-reply`)).status).toBe(404);
});

test('a first mail makes contact, thread and conversation, once per client’s id', async () => {
  const clientMessageId = uuidV7();
  const to = { address: ' Grace@Customer.example ', name: 'Grace Hopper' };
  const answers = await Promise.all(Array.from({ length: 4 }, () => begin({ clientMessageId, to })));
  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
    200, 200, 200, 201,
  ]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  const { body } = answers[0] ?? { body: null };
  expect(body).toMatchObject({
    contact: { externalId: 'grace@customer.example', name: 'Grace Hopper' },
    owner: 'human',
    lastSeq: 1,
    message: {
      direction: 'out',
      parts: [
        { kind: 'email', subject: 'Your order' },
        { kind: 'text', text: 'Hello' },
      ],
    },
  });
  const { rows } = await sql('select email from contacts where id = $1', [body?.contact.id]);
  expect(rows).toEqual([{ email: 'grace@customer.example' }]);
  const started = api.engineCalls.filter(
    ({ call, input }) => call === 'startOutbound' && input === body?.message.id,
  );
  expect(started).toHaveLength(4);
  // Another mail to the same person is another thread of the same contact.
  const next = await begin({ to });
  expect(next.body.id).not.toBe(body?.id);
  expect(next.body.contact.id).toBe(body?.contact.id);
  expect(next.body.threadKey).not.toBe(body?.threadKey);
});

test('it may have copies and files, and waits like every answer so that it can be taken back', async () => {
  await sql(`update inboxes set settings = settings || '{"undoSeconds": 30}' where id = $1`, [inbox.id]);
  const response = await api.request('/api/conversations', {
    cookie: await api.signIn('agent'),
    headers: { origin: api.deps.config.publicUrl },
    body: {
      inboxId: inbox.id,
      to: { address: 'henry@customer.example' },
      clientMessageId: uuidV7(),
      ...mail({ subject: 'With copies', cc: [{ address: 'x@customer.example' }] }),
    },
  });
  const begun = (await response.json()) as Begun & { message: { undoUntil?: string } };
  expect(begun.message.parts[0]).toEqual({
    kind: 'email',
    subject: 'With copies',
    cc: [{ address: 'x@customer.example' }],
  });
  expect(Date.parse(begun.message.undoUntil ?? '')).toBeGreaterThan(Date.now() + 20_000);
  await sql(`update inboxes set settings = settings || '{"undoSeconds": 0}' where id = $1`, [inbox.id]);
});

test('refused in words, and nothing is left behind', async () => {
  const count = async () =>
    (await sql('select (select count(*) from conversations) + (select count(*) from contacts) as n', []))
      .rows;
  const before = await count();
  const words = async (body: object) => {
    const { status, body: answer } = await begin(body);
    return [status, answer.error?.code, answer.error?.message];
  };
  expect(await words({ to: { address: 'nobody' } })).toEqual([
    422,
    'invalid',
    '“nobody” is no email address. Nothing was sent.',
  ]);
  expect((await words({ to: { address: inbox.address } }))[1]).toBe('own_address');
  expect((await words({ subject: '' }))[2]).toContain('needs a subject');
  expect((await words({ subject: 'a\nb' }))[0]).toBe(422);
  expect((await words({ text: '' }))[0]).toBe(422);
  expect((await words({ to: { address: 'a@b.example', name: 'a\r\nBcc: x@y.example' } }))[0]).toBe(422);
  expect((await words({ inboxId: uuidV7() }))[1]).toBe('unknown_reference');
  const foreign = await insertEmailInbox(api, { workspace: api.other, address: 'other@shop.example' });
  expect((await words({ inboxId: foreign.id }))[1]).toBe('unknown_reference');
  const apiInbox = await createApiInbox(api);
  expect(await words({ inboxId: apiInbox.id, subject: undefined })).toEqual([
    422,
    'not_supported',
    'API only lets us answer: wait until they write. Nothing was sent.',
  ]);
  expect((await begin({}, 'operator')).status).toBe(403);
  expect(await count()).toEqual(before);
});

test('the answer to a first mail lands in its conversation, also under another subject', async () => {
  const begun = await begin({ to: { address: 'iris@customer.example' }, subject: 'Your lamp' });
  const { rows } = await sql('select id from outbox where message_id = $1', [begun.body.message.id]);
  const outboxId = (rows[0] as { id: string }).id;
  const receiver = createEmailReceiver(api.deps);
  const cached = await api.deps.inboxes.byId(inbox.id);
  if (!cached) throw new Error('The inbox was just made.');
  const answer = async (subject: string, reference: string) => {
    const raw = Buffer.from(
      [
        'From: Iris <iris@customer.example>',
        `To: ${inbox.address}`,
        `Subject: ${subject}`,
        `Message-ID: <${uuidV7()}@customer.example>`,
        reference,
        '',
        'Thank you!',
      ].join('\r\n'),
    );
    const got = await receiver.receive(cached, { raw, receivedAtMs: Date.now() });
    if (got.kind !== 'accepted') throw new Error(got.reason);
    await ingestOnly(poolOf(api.deps.engineDb), got.eventId);
    const event = await sql('select conversation_id as id from inbound_events where id = $1', [got.eventId]);
    return (event.rows[0] as { id: string }).id;
  };
  // Our own Message-ID names the outbox row: known before the send was even settled.
  expect(await answer('Something else', `In-Reply-To: <teloring.${outboxId}@shop.example>`)).toBe(
    begun.body.id,
  );
  // Without any id it is known by its subject.
  expect(await answer('Re: Your lamp', 'X-Nothing: 1')).toBe(begun.body.id);
  expect(await answer('Unheard of', 'X-Nothing: 1')).not.toBe(begun.body.id);
});
