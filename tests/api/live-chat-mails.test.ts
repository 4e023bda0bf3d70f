/** Replies that follow their visitor by email: when, what, to whom, and never twice. Over a real mail server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '#channels/http.ts';
import { claimMail, mailCandidates, planMail } from '#db/chat-mails.ts';
import { poolOf } from '#db/client.ts';
import { afterFailure, sendChatMails } from '../../api/live-chat/chat-mails.ts';
import { createManagedAddresses } from '../../api/email/managed-addresses.ts';
import { createEmailReceiver } from '../../api/email/receive.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createLiveChat, type LiveChat } from '../support/live-chat.ts';
import { startMailServer, type MailServer } from '../support/chat-mail-server.ts';

let api: TestApi;
let chat: LiveChat;
let server: MailServer;
const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });

beforeAll(async () => {
  server = await startMailServer();
  api = await createTestApi(
    {},
    {
      SMTP_URL: server.url,
      MAIL_FROM: 'Shop <chat@shop.example>',
      MANAGED_EMAIL_DOMAIN: 'mail.shop.example',
    },
  );
  chat = await createLiveChat(api);
  await chat.set({ title: 'The Shop', offlineEmail: { enabled: true, afterMinutes: 10 } });
});
afterAll(async () => {
  await api.close();
  await server.close();
  await http.close();
});
beforeEach(async () => {
  server.mails.length = 0;
  server.mood = 'takes';
  await query('delete from chat_mails');
  await query('delete from conversations');
});

const query = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await poolOf(api.deps.engineDb).query(text, values)).rows as Row[];
const send = () => sendChatMails({ ...api.deps, http });

/** A visitor with an address who left an hour ago, and a thread with them. */
async function left(email: string | null = 'ann@customer.example') {
  const visitor = await chat.visitor();
  const thread = await chat.createThread(visitor);
  await query('update contacts set email = $2 where external_id = $1', [visitor.visitorId, email]);
  await thread.add({ direction: 'in', status: 'received', text: 'EARLIER WORDS' });
  await hourPasses();
  return { visitor, ...thread };
}
const reply = ({ add }: Pick<Awaited<ReturnType<LiveChat['createThread']>>, 'add'>, text: string) =>
  add({ direction: 'out', status: 'sent', text });
const hourPasses = async (): Promise<void> => {
  for (const [table, columns] of Object.entries({
    messages: ['created_at'],
    conversations: ['created_at', 'last_in_at', 'last_message_at'],
    visitors: ['seen_at'],
  }))
    for (const column of columns)
      await query(`update ${table} set ${column} = ${column} - interval '1 hour'`);
};
const subjects = (): string[] => server.mails.map(({ raw }) => /^Subject: (.*)$/m.exec(raw)?.[1] ?? '');
const states = async (): Promise<string[]> =>
  (await query<{ state: string }>('select state from chat_mails order by created_at')).map(
    ({ state }) => state,
  );

describe('a visitor who left', () => {
  it('gets several replies in one mail, with nothing of the conversation before', async () => {
    const thread = await left();
    await reply(thread, 'First answer');
    await thread.add({ direction: 'internal', status: 'sent', text: 'PRIVATE NOTE' });
    await reply(thread, 'Second answer');
    await thread.add({ direction: 'out', status: 'sent', text: 'bot says', author: 'bot' });
    expect(await send()).toBe(0);
    await hourPasses();
    expect(await send()).toBe(1);
    expect(await send()).toBe(0);
    const [mail] = server.mails;
    expect(mail?.to).toEqual(['ann@customer.example']);
    expect(subjects()).toEqual(['The Shop: 2 new answers']);
    expect(mail?.raw).toContain('First answer');
    expect(mail?.raw).toContain('Second answer');
    for (const hidden of ['EARLIER', 'PRIVATE', 'bot says', 'Secret flow name', api.workspace.id])
      expect(mail?.raw).not.toContain(hidden);
    expect(mail?.raw).toMatch(/^List-Unsubscribe: <http.*unsubscribe.*>$/m);
    expect(mail?.raw).toMatch(/^Reply-To: reply\+[0-9a-f]{32}\.[0-9a-f]{20}@mail\.shop\.example$/m);
    await reply(thread, 'Third answer');
    await hourPasses();
    expect(await send()).toBe(1);
    expect(server.mails[1]?.raw).toContain('Third answer');
    expect(server.mails[1]?.raw).not.toContain('First answer');
    const lines = await query<{ kind: string }>(
      `select kind from conversation_activities where kind = 'mailed'`,
    );
    expect(lines).toHaveLength(2);
  });

  it('gets none while they are there, have read it, gave no address, or one that is none', async () => {
    const there = await left();
    await reply(there, 'a');
    const hasRead = await left();
    const read = await reply(hasRead, 'b');
    await query(`update messages set status = 'read' where id = $1`, [read]);
    for (const email of [null, 'a@b.example, c@d.example']) await reply(await left(email), 'c');
    await hourPasses();
    await query(
      'insert into visitors (contact_id, workspace_id, seen_at) select contact_id, workspace_id, now() from conversations where id = $1',
      [there.conversationId],
    );
    expect(await send()).toBe(0);
    expect(await states()).toEqual([]);
    // They left again.
    await query(`update visitors set seen_at = now() - interval '11 minutes'`);
    expect(await send()).toBe(1);
    // Nobody waits behind those who can't be mailed, also where a look has room for fewer than them.
    const last = await left();
    await reply(last, 'd');
    await hourPasses();
    expect(await sendChatMails({ ...api.deps, http }, 1)).toBe(1);
  });

  it('who reads it before the mail leaves gets none', async () => {
    const thread = await left();
    const id = await reply(thread, 'a');
    await hourPasses();
    const [candidate] = await mailCandidates(poolOf(api.deps.engineDb));
    if (!candidate) throw new Error('no candidate');
    expect(await planMail(poolOf(api.deps.engineDb), candidate)).toBe(true);
    await query(`update messages set status = 'read' where id = $1`, [id]);
    expect(await send()).toBe(0);
    expect(await states()).toEqual(['cancelled']);
  });

  it('gets no more after unsubscribing, which a mail scanner’s look is not', async () => {
    const thread = await left();
    await reply(thread, 'a');
    await hourPasses();
    await send();
    const raw = server.mails[0]?.raw.replaceAll(/=\r\n/g, '') ?? '';
    const link = /List-Unsubscribe: <(?:\S+?)(\/live-chat\/unsubscribe\/[^>]+)>/.exec(raw)?.[1] ?? '';
    expect((await api.request(link, { as: 'nobody' })).status).toBe(200);
    expect((await api.request(`${link}x`, { as: 'nobody', method: 'POST' })).status).toBe(404);
    await reply(thread, 'b');
    await hourPasses();
    expect(await send()).toBe(1);
    expect(
      (
        await api.request(link, {
          as: 'nobody',
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
      ).status,
    ).toBe(200);
    await reply(thread, 'c');
    await hourPasses();
    expect(await send()).toBe(0);
    expect(server.mails).toHaveLength(2);
  });
});

describe('never twice', () => {
  it('also when several processes look at once', async () => {
    const threads = [await left(), await left('bob@customer.example')];
    for (const thread of threads) await reply(thread, 'a');
    await hourPasses();
    const sent = await Promise.all([send(), send(), send()]);
    expect(sent.reduce((sum, n) => sum + n, 0)).toBe(2);
    expect(server.mails).toHaveLength(2);
  });

  it('is what the server refuses for now tried again, and what it refuses for good not', async () => {
    const thread = await left();
    await reply(thread, 'a');
    await hourPasses();
    server.mood = 'refuses';
    await send();
    expect(await states()).toEqual(['planned']);
    server.mood = 'takes';
    expect(await send()).toBe(0);
    await query(`update chat_mails set not_before = now()`);
    expect(await send()).toBe(1);
    expect(server.mails).toHaveLength(1);
    expect(afterFailure({ kind: 'permanent' }, 1)).toEqual({ state: 'failed' });
    expect(afterFailure({ kind: 'no_answer' }, 1)).toEqual({ state: 'unknown' });
    expect(afterFailure(null, 1)).toEqual({ state: 'unknown' });
  });

  it('is a mail repeated whose sending process died', async () => {
    const thread = await left();
    await reply(thread, 'a');
    await hourPasses();
    const pool = poolOf(api.deps.engineDb);
    const [candidate] = await mailCandidates(pool);
    if (!candidate) throw new Error('no candidate');
    await planMail(pool, candidate);
    expect(await claimMail(pool, crypto.randomUUID())).toMatchObject({ to: 'ann@customer.example' });
    // It died here: nobody else takes it, and after its time it is unknown.
    expect(await send()).toBe(0);
    await query(`update chat_mails set claim_expires_at = now() - interval '1 second'`);
    expect(await send()).toBe(0);
    expect(await states()).toEqual(['unknown']);
    expect(server.mails).toHaveLength(0);
  });
});

it('a mail that was taken without a word is unknown, and stays so', async () => {
  const own = await startMailServer();
  own.mood = 'hangs_up';
  const config = { ...api.deps.config, smtpUrl: own.url };
  const thread = await left();
  await reply(thread, 'a');
  await hourPasses();
  await sendChatMails({ ...api.deps, config, http }).catch(() => undefined);
  expect(own.mails).toHaveLength(1);
  expect(await states()).toEqual(['unknown']);
  expect(await send()).toBe(0);
  expect(server.mails).toHaveLength(0);
}, 60_000);

describe('an answer to the mail', () => {
  async function mailed() {
    const thread = await left();
    await reply(thread, 'Where is your order?');
    await hourPasses();
    await send();
    const raw = server.mails.at(-1)?.raw ?? '';
    const to = /^Reply-To: (\S+)/m.exec(raw)?.[1] ?? '';
    const messageId = /^Message-ID: (\S+)/im.exec(raw)?.[1] ?? '';
    return { ...thread, to, messageId };
  }
  const answer = (headers: Record<string, string>, text = 'It is 4711.') =>
    Buffer.from(
      [
        ...Object.entries({
          From: 'Ann <ann@customer.example>',
          Subject: 'Re: a new answer',
          'Message-ID': `<${crypto.randomUUID()}@customer.example>`,
          ...headers,
        }).map(([name, value]) => `${name}: ${value}`),
        '',
        text,
        '',
        'On Mon, Nov 30, 2026 at 9:00 AM The Shop <chat@shop.example> wrote:',
        '> Where is your order?',
        '',
      ].join('\r\n'),
    );
  const receive = async (to: string, raw: Buffer) => {
    const inbox = await createManagedAddresses(api.deps, 'mail.shop.example')(to);
    if (!inbox) return 'nobody';
    const reception = await createEmailReceiver(api.deps).receive(inbox, { raw, receivedAtMs: Date.now() });
    await chat.ingest();
    return reception.kind;
  };
  const said = async (visitor: { token: string }) =>
    (await chat.thread(visitor)).items.map((item) => item.parts[0]?.text);

  it('is said in the chat, once, without what it quotes', async () => {
    const { visitor, to, conversationId } = await mailed();
    const raw = answer({ To: to });
    expect(await receive(to, raw)).toBe('accepted');
    expect(await receive(to, raw)).toBe('accepted');
    expect(await said(visitor)).toEqual(['EARLIER WORDS', 'Where is your order?', 'It is 4711.']);
    const rows = await query<{ id: string; contact_id: string }>('select id from conversations');
    expect(rows).toEqual([{ id: conversationId }]);
  });

  it('counts only from where the mail went, written by a person, to the very address we gave', async () => {
    const { visitor, to } = await mailed();
    expect(await receive(to, answer({ To: to, From: 'Eve <eve@evil.example>' }))).toBe('set_aside');
    expect(await receive(to, answer({ To: to, 'Auto-Submitted': 'auto-replied' }))).toBe('set_aside');
    expect(await receive(to.replace(/\.[0-9a-f]{20}@/, '.00000000000000000000@'), answer({ To: to }))).toBe(
      'nobody',
    );
    const other = await mailed();
    // A signature of one conversation opens no other.
    const mixed = other.to.replace(/\+[0-9a-f]{32}/, /\+[0-9a-f]{32}/.exec(to)?.[0] ?? '');
    expect(await receive(mixed, answer({ To: mixed }))).toBe('nobody');
    expect(await said(visitor)).toEqual(['EARLIER WORDS', 'Where is your order?']);
  });
});
