/** A mailbox of IMAP and SMTP end to end: a customer's mail program, real mail servers, the whole product between them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inboxOf, type SandboxInbox, type Thread } from '../support/channel-inbox.ts';
import { startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { eventually } from '../support/eventually.ts';
import { askFlow } from '../support/flows.ts';
import { openMailClient, type MailClient } from '../support/mail/client.ts';
import { mailServerIsMissing, startMailServer, type MailServer } from '../support/mail/server.ts';
import { mailOf } from '../support/mailboxes.ts';

let server: MailServer;
let product: ChannelProduct;
const start = (again: { home?: string; port?: number } = {}) =>
  startChannelProduct({ ...again, env: { NODE_EXTRA_CA_CERTS: server.caFile } });

const credentials = (address: string, password = 'ours') => ({
  kind: 'imap',
  address,
  imap: { host: 'localhost', port: server.imap.securePort, secure: true, user: address, password },
  smtp: { host: 'localhost', port: server.smtp.port, secure: false, user: address, password },
});
async function connect(address: string, settings = {}): Promise<SandboxInbox> {
  await server.addUser(address, 'ours');
  const input = {
    type: 'email',
    name: 'Support',
    credentials: credentials(address),
    settings: { undoSeconds: 0, ...settings },
  };
  const { id } = await product.call<{ id: string }>('POST', '/api/inboxes', input);
  const inbox = inboxOf(product.call, id, 'email');
  await inbox.becomes('the mailbox is looked at', ({ inbound }) => inbound.state === 'ok');
  return inbox;
}
/** Of every mail that came in, in order. */
async function subjectsOf(inboxId: string): Promise<string[]> {
  const { rows } = await product.database.query<{ subject: string }>(
    `select part ->> 'subject' as subject from messages m join inbound_events e on e.id = m.event_id, jsonb_array_elements(m.parts) part
      where m.inbox_id = $1 and m.direction = 'in' and part ->> 'kind' = 'email' order by e.accept_no`,
    [inboxId],
  );
  return rows.map(({ subject }) => subject);
}

describe.skipIf(mailServerIsMissing())('email by IMAP and SMTP', () => {
  beforeAll(async () => {
    server = await startMailServer();
    product = await start();
    await product.publish(askFlow({ keyword: 'order', timeoutSeconds: 3_600 }));
  }, 240_000);
  afterAll(async () => {
    await product?.close();
    await server?.stop();
  }, 120_000);

  test('what is wrong with a login is said in the server’s words, and nothing is connected', async () => {
    await server.addUser('wrong@shop.test', 'ours');
    const input = { type: 'email', name: 'x', credentials: credentials('wrong@shop.test', 'theirs') };
    const { status, body } = await product.ask('POST', '/api/inboxes', input);
    expect(status).toBe(422);
    expect(body.error.message).toContain('“Authentication failed.”');
    const { rows } = await product.database.query(
      `select from inboxes where account_key = 'wrong@shop.test'`,
    );
    expect(rows).toEqual([]);
  });

  test('a customer writes, the flow asks, they answer, a person answers with a file: one thread on both sides', async () => {
    const inbox = await connect('support@shop.test', { saveSent: true });
    const cora: MailClient = await openMailClient(server, 'cora@home.test', 'Cora');
    const messageId = await cora.write({
      to: 'support@shop.test',
      subject: 'Chairs',
      text: 'I want to order',
    });
    const question = await cora.gets(
      'the flow’s question',
      ({ text }) => text?.includes('How many?') ?? false,
    );
    expect(question).toMatchObject({ subject: 'Re: Chairs', inReplyTo: messageId });
    expect([question.references].flat()).toEqual([messageId]);
    expect(question.from?.value[0]).toEqual({ address: 'support@shop.test', name: 'Support' });
    await cora.answer(question, '3');
    const thanks = await cora.gets('the flow’s answer', ({ text }) => text?.includes('Got 3') ?? false);
    expect([thanks.references].flat()).toEqual(expect.arrayContaining([messageId, question.messageId]));

    const thread: Thread = await inbox.holding(messageId);
    expect(await inbox.conversations()).toHaveLength(1);
    const bytes = new TextEncoder().encode('%PDF-1.4 the offer');
    const mediaId = await product.upload(bytes, 'offer.pdf', 'application/pdf');
    const reply = await thread.reply({
      parts: [
        { kind: 'text', text: 'Here is our offer.' },
        { kind: 'file', mediaId, mimeType: 'application/pdf', name: 'offer.pdf' },
      ],
    });
    await thread.has(reply.id, 'sent');
    const offer = await cora.gets('the person’s answer', ({ text }) => text?.includes('our offer') ?? false);
    expect(offer.attachments.map(({ filename }) => filename)).toEqual(['offer.pdf']);
    expect(offer.attachments[0]?.content.toString()).toBe('%PDF-1.4 the offer');
    await cora.answer(offer, 'Thank you!');
    const all = await thread.all('her thanks', (messages) => messages.length === 6);
    expect(all.map(({ direction }) => direction)).toEqual(['in', 'out', 'in', 'out', 'out', 'in']);
    expect(all.at(-1)?.text).toContain('Thank you!');
    expect(all.at(-1)?.inReplyToId).toBe(reply.id);
    // She got each of ours once.
    const got = (await cora.mails()).map(({ messageId: id }) => id);
    expect(got).toHaveLength(3);
    expect(new Set(got)).toEqual(new Set([question, thanks, offer].map(({ messageId: id }) => id)));
    const saved = await eventually('all three in our folder of sent mails', async () => {
      const mails = await server.mails('support@shop.test', 'Sent');
      return mails.length >= 3 && mails;
    });
    for (const id of got) expect(saved.filter((raw) => raw.includes(`Message-ID: ${id}`))).toHaveLength(1);
    expect(saved).toHaveLength(3);
    expect(saved.join()).toContain('offer.pdf');
    expect(await product.call('POST', `/api/inboxes/${inbox.id}/test`)).toMatchObject({ passed: true });
    const mailbox = await product.call<{ held: boolean; facts: object }>(
      'GET',
      `/api/inboxes/${inbox.id}/mailbox`,
    );
    expect(mailbox).toMatchObject({
      held: true,
      kept: [],
      lastError: null,
      facts: { push: 'IDLE', behind: 0 },
    });
  });

  test('the power fails while fifty mails come in: each is there once', async () => {
    const inbox = await connect('fifty@shop.test');
    const dan = await openMailClient(server, 'dan@home.test', 'Dan');
    const count = async (): Promise<number> => (await subjectsOf(inbox.id)).length;
    const sending = (async () => {
      for (let n = 0; n < 50; n += 5)
        await Promise.all(
          [0, 1, 2, 3, 4].map((more) =>
            dan.write({ to: 'fifty@shop.test', subject: `Number ${n + more}`, text: `${n + more}` }),
          ),
        );
    })();
    await eventually('the first mails', async () => (await count()) >= 5);
    await product.database.end();
    await product.product.kill9All();
    await sending;
    const { home, port } = product.product;
    product = await start({ home, port });
    await eventually('all fifty', async () => (await count()) >= 50, { forMs: 60_000 });
    const subjects = await subjectsOf(inbox.id);
    expect(subjects.toSorted()).toEqual(Array.from({ length: 50 }, (_, n) => `Number ${n}`).toSorted());
  });

  test('a mailbox restored from a backup: what was there stays once, what came meanwhile comes in', async () => {
    const inbox = await connect('restored@shop.test');
    const eve = await openMailClient(server, 'eve@home.test', 'Eve');
    await eve.write({ to: 'restored@shop.test', subject: 'Before', text: '1' });
    await eventually('the first', async () => (await subjectsOf(inbox.id)).length === 1);
    await server.resetUids('restored@shop.test');
    await eve.write({ to: 'restored@shop.test', subject: 'After', text: '2' });
    await eventually('the second', async () => (await subjectsOf(inbox.id)).includes('After'), {
      forMs: 60_000,
    });
    expect(await subjectsOf(inbox.id)).toEqual(['Before', 'After']);
  });

  test('a password is changed at the server: the inbox says so, and is well again once it is told', async () => {
    const inbox = await connect('moved@shop.test');
    await server.addUser('moved@shop.test', 'another');
    await server.stopImap();
    await server.startImap();
    const failing = await inbox.becomes('it fails', ({ inbound }) => inbound.state === 'failing');
    expect(failing).toMatchObject({ state: 'needs_attention', canSend: true });
    expect(failing.inbound.reason).toContain('“Authentication failed.”');
    await server.deliver('moved@shop.test', mailOf('Meanwhile'));
    await product.call('PATCH', `/api/inboxes/${inbox.id}`, {
      credentials: credentials('moved@shop.test', 'another'),
    });
    await inbox.becomes('it is well', ({ inbound }) => inbound.state === 'ok');
    await eventually('the mail', async () => (await subjectsOf(inbox.id)).includes('Meanwhile'));
    const probed = await product.call<{ probe: { facts: object } }>('POST', `/api/inboxes/${inbox.id}/probe`);
    expect(probed.probe.facts).toMatchObject({ imapFolder: 'INBOX', imapPush: 'IDLE', imapEncrypted: true });
    expect(server.users()).toContain('moved@shop.test');
    expect(await product.ask('DELETE', `/api/inboxes/${inbox.id}`)).toMatchObject({ status: 200 });
    await eventually('nobody is signed in', () => !server.users().includes('moved@shop.test'));
  });
});
