/** Whose thread a mail belongs to: answers find their way, strangers don't find in, and races split nothing. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { ownMessageId } from '#channels/email/message-id.ts';
import { replyAddress } from '#channels/email/reply-address.ts';
import { uuidV7 } from '#domain/ids.ts';
import { emailReplyKeys } from '../../api/email/reply-keys.ts';
import { createEmailReceiver } from '../../api/email/receive.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import {
  buildMail,
  cachedInbox,
  createManagedInbox,
  emailEnv,
  land,
  landed,
  MAIL_DOMAIN,
  type Landed,
  type ManagedInbox,
} from '../support/email.ts';

let api: TestApi;
let inbox: ManagedInbox;
beforeAll(async () => {
  api = await createTestApi({}, emailEnv);
});
beforeEach(async () => {
  inbox = await createManagedInbox(api);
});
afterAll(() => api.close());

interface Written {
  from: string;
  id?: string;
  answers?: string | string[];
  subject?: string;
  to?: string[];
  cc?: string[];
}
let count = 0;
const written = ({ from, id, answers = [], subject = 'Hello', to = [inbox.address], cc = [] }: Written) => ({
  from,
  to,
  cc,
  subject,
  text: `Mail ${++count}`,
  messageId: id ?? `<${count}-${uuidV7()}@example.com>`,
  ...(answers.length === 0 ? {} : { inReplyTo: [answers].flat().at(-1) ?? '', references: [answers].flat() }),
});
const arrive = (mail: Written): Promise<Landed> => land(api, inbox, written(mail));
const ann = 'Ann <ann@example.com>';
const bob = 'Bob <bob@example.com>';
const eve = 'Eve <eve@evil.example>';

/** An agent's answer, sent: its outbox row's id is in its Message-ID. */
async function answer(to: Landed, parts: object[] = [{ kind: 'text', text: 'Answer' }]): Promise<string> {
  const messageId = uuidV7();
  const outboxId = uuidV7();
  const id = ownMessageId(outboxId, inbox.address);
  const pool = poolOf(api.deps.engineDb);
  await pool.query(
    `with c as (update conversations set last_seq = last_seq + 1 where id = $1 returning *), m as (
       insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, parts, text, status, provider_message_id)
       select $2, workspace_id, id, inbox_id, last_seq, 'out', 'agent', $4, '', 'sent', $5 from c returning *)
     insert into outbox (id, workspace_id, conversation_id, inbox_id, message_id, kind, payload, epoch, state, provider_message_id)
     select $3, workspace_id, conversation_id, inbox_id, id, 'message', '{}', 0, 'sent', $5 from m`,
    [to.conversationId, messageId, outboxId, JSON.stringify(parts), id],
  );
  return id;
}

test('an answer to one of ours, to theirs, or further down the thread is in the same conversation', async () => {
  const first = await arrive({ from: ann, id: '<a1@example.com>' });
  const ours = await answer(first);
  const second = await arrive({
    from: ann,
    answers: ['<a1@example.com>', ours],
    id: '<a2@example.com>',
    subject: 'Re: Hello',
  });
  const third = await arrive({ from: ann, answers: '<a2@example.com>', subject: 'Something else' });
  const other = await arrive({ from: ann, subject: 'Another matter' });
  expect([second.conversationId, third.conversationId]).toEqual([first.conversationId, first.conversationId]);
  expect(other.conversationId).not.toBe(first.conversationId);
});

test('an answer to ours is placed before our send was settled', async () => {
  const first = await arrive({ from: ann });
  const ours = await answer(first);
  await poolOf(api.deps.engineDb).query(
    `with o as (update outbox set state = 'sending', provider_message_id = null, claim = id where provider_message_id = $1 returning message_id)
     update messages set status = 'sending', provider_message_id = null where id in (select message_id from o)`,
    [ours],
  );
  expect((await arrive({ from: ann, answers: ours })).conversationId).toBe(first.conversationId);
});

test('somebody in copy who answers stays in the conversation, as its author', async () => {
  const first = await arrive({ from: ann, id: '<b1@example.com>', cc: ['bob@example.com'] });
  const third = await arrive({ from: bob, answers: '<b1@example.com>' });
  expect(third).toMatchObject({
    conversationId: first.conversationId,
    contact: 'ann@example.com',
    author: 'bob@example.com',
  });
});

test('somebody we wrote to answers in the conversation', async () => {
  const first = await arrive({ from: ann });
  const ours = await answer(first, [
    { kind: 'email', subject: 'x', to: [{ address: 'Bob@example.com' }] },
    { kind: 'text', text: 'x' },
  ]);
  expect(await arrive({ from: bob, answers: ours })).toMatchObject({
    conversationId: first.conversationId,
    author: 'bob@example.com',
  });
});

test('a stranger who knows a Message-ID begins a thread of their own', async () => {
  const first = await arrive({ from: ann, id: '<c1@example.com>' });
  const ours = await answer(first);
  for (const answers of ['<c1@example.com>', ours, ['<c1@example.com>', ours]]) {
    const strange = await arrive({ from: eve, answers, subject: 'Re: Hello' });
    expect(strange.conversationId).not.toBe(first.conversationId);
    expect(strange.contact).toBe('eve@evil.example');
  }
  // Having written of it gives no part in it either.
  expect((await arrive({ from: eve, answers: '<c1@example.com>' })).conversationId).not.toBe(
    first.conversationId,
  );
});

test('a stranger’s claim on a Message-ID takes the mail that bears it nowhere', async () => {
  const strange = await arrive({ from: eve, answers: '<d1@example.com>', cc: ['ann@example.com'] });
  const genuine = await arrive({ from: ann, id: '<d1@example.com>' });
  const answered = await arrive({ from: ann, answers: '<d1@example.com>' });
  expect(genuine.conversationId).not.toBe(strange.conversationId);
  expect(answered.conversationId).toBe(genuine.conversationId);
});

test('a Message-ID that somebody else has used takes no mail away', async () => {
  await arrive({ from: eve, id: '<e1@example.com>' });
  const genuine = await arrive({ from: ann, id: '<e1@example.com>' });
  expect(genuine).toMatchObject({
    contact: 'ann@example.com',
    reception: { kind: 'accepted', duplicate: false },
  });
});

test('a signed reply address leads into its thread whoever writes; a guessed one nowhere', async () => {
  const first = await arrive({ from: ann });
  const keys = emailReplyKeys(api.deps.keyring);
  const token = replyAddress(keys, inbox, first.threadKey, MAIL_DOMAIN) ?? '';
  expect(token.split('@')[0]?.length).toBeLessThanOrEqual(64);
  expect(await arrive({ from: bob, to: [token] })).toMatchObject({
    conversationId: first.conversationId,
    author: 'bob@example.com',
  });
  const guessed = token.replace(/\.(.)/, (_, digit: string) => `.${digit === '0' ? '1' : '0'}`);
  expect((await arrive({ from: eve, to: [guessed] })).conversationId).not.toBe(first.conversationId);
  const foreign = replyAddress(keys, { id: uuidV7() }, first.threadKey, MAIL_DOMAIN) ?? '';
  expect((await arrive({ from: eve, to: [foreign] })).conversationId).not.toBe(first.conversationId);
});

test('a thread of another inbox isn’t entered by its ids', async () => {
  const first = await arrive({ from: ann, id: '<f1@example.com>' });
  const other = await createManagedInbox(api, 'Other');
  const there = await land(
    api,
    other,
    written({ from: ann, answers: '<f1@example.com>', to: [other.address] }),
  );
  expect(there.conversationId).not.toBe(first.conversationId);
});

test('an answer that names no mail is known by its subject: of the same contact only, and only an answer', async () => {
  const first = await arrive({ from: ann, subject: 'Order 17' });
  expect((await arrive({ from: ann, subject: 'AW:  order 17' })).conversationId).toBe(first.conversationId);
  expect(
    (await arrive({ from: ann, subject: 'RE: Order 17', answers: '<rewritten@outlook.example>' }))
      .conversationId,
  ).toBe(first.conversationId);
  expect((await arrive({ from: ann, subject: 'Order 17' })).conversationId).not.toBe(first.conversationId);
  expect((await arrive({ from: eve, subject: 'Re: Order 17' })).conversationId).not.toBe(
    first.conversationId,
  );
});

test('an old thread isn’t found by its subject', async () => {
  const first = await arrive({ from: ann, subject: 'Invoice' });
  await poolOf(api.deps.engineDb).query(
    `update email_threads set last_at = now() - interval '15 days' where id = $1`,
    [first.threadKey],
  );
  expect((await arrive({ from: ann, subject: 'Re: Invoice' })).conversationId).not.toBe(first.conversationId);
});

test('the answer may come before the mail it answers', async () => {
  const second = await arrive({ from: bob, answers: '<g1@example.com>', cc: ['ann@example.com'] });
  const first = await arrive({ from: ann, id: '<g1@example.com>', cc: ['bob@example.com'] });
  expect(first).toMatchObject({ conversationId: second.conversationId, author: 'ann@example.com' });
});

test('two mails at once for one new thread, from several processes: one thread, each once', async () => {
  for (let round = 0; round < 8; round++) {
    const root = `<race-${round}@example.com>`;
    const mails = await Promise.all([
      buildMail(written({ from: ann, id: root })),
      buildMail(written({ from: ann, answers: root })),
      buildMail(written({ from: ann, answers: root })),
      buildMail(written({ from: ann, answers: root })),
    ]);
    const target = await cachedInbox(api, inbox.id);
    const [one, other] = [createEmailReceiver(api.deps), createEmailReceiver(api.deps)];
    const receptions = await Promise.all(
      [...mails, ...mails.toReversed()].map((raw, index) =>
        (index % 2 === 0 ? one : other).receive(target, { raw, receivedAtMs: Date.now() }),
      ),
    );
    const ids = new Set(receptions.map((each) => (each.kind === 'accepted' ? each.eventId : '')));
    expect(ids.size).toBe(4);
    const found = await Promise.all([...ids].map((id) => landed(api, id)));
    expect(new Set(found.map(({ conversationId }) => conversationId)).size).toBe(1);
    expect(new Set(found.map(({ messageId }) => messageId)).size).toBe(4);
  }
});

test('more mails of one address within an hour than people write are answered by nobody', async () => {
  const landings = [];
  for (let n = 0; n < 22; n++) landings.push(await arrive({ from: ann, subject: `Mail ${n}` }));
  expect(landings.map(({ automation }) => automation)).toEqual([...Array<null>(20).fill(null), 'off', 'off']);
  expect((await arrive({ from: bob })).automation).toBeNull();
});
