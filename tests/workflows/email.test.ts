/** A mail's whole way: our mail server, workflow, flow, answer over SMTP, and the answer to that. */
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readMail, type Mail } from '#channels/email/mail.ts';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { openManagedEmail } from '../../api/email/managed.ts';
import type { ManagedSmtp } from '../../api/email/smtp-server.ts';
import { closedPort } from '../contract/local-server.ts';
import { askFlow } from '../support/flows.ts';
import { startMailServer, type MailServer, type TakenMail } from '../support/mail-server.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let smtp: ManagedSmtp;
let outside: MailServer;
/** What the mail server outside does with each mail of ours, beside keeping it. */
let onMail: (mail: TakenMail) => Promise<void>;
let address: string;

beforeAll(async () => {
  outside = await startMailServer({
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map((each) => each.address),
          raw: Buffer.concat(chunks),
        };
        outside.taken.push(mail);
        done(null, 'Queued');
        void onMail(mail);
      });
    },
  });
  stack = await startStack({
    env: {
      MANAGED_EMAIL_DOMAIN: 'mail.example',
      MANAGED_SMTP_PORT: String(await closedPort()),
      SMTP_URL: `smtp://127.0.0.1:${outside.port}`,
      MAIL_FROM: 'Teloring <hello@mail.example>',
    },
  });
  const opened = await openManagedEmail(stack.runtime.deps);
  if (!opened) throw new Error('No mail server was started.');
  smtp = opened;
});
afterAll(async () => {
  await smtp?.close();
  await stack?.close();
  await outside?.close();
});
beforeEach(async () => {
  onMail = async () => undefined;
  outside.taken.length = 0;
  await stack.query('update flows set enabled = false');
  const id = uuidV7();
  address = `support-${id.slice(-8)}@mail.example`;
  const credentials = { kind: 'managed', address, secret: 'x'.repeat(40) };
  await stack.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'email', 'Support', $3, $4, 'active')`,
    [
      id,
      stack.workspaceId,
      address,
      seal(stack.runtime.deps.keyring, Buffer.from(JSON.stringify(credentials)), `inbox/${id}`),
    ],
  );
});

const transport = () =>
  createTransport({ host: '127.0.0.1', port: smtp.port, tls: { rejectUnauthorized: false } });
async function write(mail: object): Promise<void> {
  await transport().sendMail({
    from: 'Ann <ann@example.com>',
    to: address,
    subject: 'Order',
    text: 'Hi',
    ...mail,
  });
}
async function ours(count: number): Promise<Mail[]> {
  await stack.until(`${count} mails of ours`, async () => outside.taken.length >= count);
  return Promise.all(outside.taken.map(({ raw }) => readMail(raw)));
}

test('a flow asks by mail and hears the answer: one conversation, one thread', async () => {
  await stack.publish(askFlow(), 'Ask');
  await write({ messageId: '<first@example.com>' });
  const [question] = await ours(1);
  expect(question).toMatchObject({
    subject: 'Re: Order',
    inReplyTo: ['<first@example.com>'],
    to: [{ address: 'ann@example.com' }],
  });
  expect(question?.headers).toContainEqual({ name: 'auto-submitted', value: 'auto-replied' });
  expect(question?.replyTo[0]?.address).toMatch(/^reply\+[0-9a-f]{32}\.[0-9a-f]{20}@mail\.example$/);
  // From another address, without a word of the thread: the reply address is enough.
  await write({
    from: 'ann@home.example',
    to: question?.replyTo[0]?.address,
    subject: 'Sent from my phone',
    text: '7\n\nOn 22 Nov 2026 at 10:00, Support wrote:\n> How many?',
  });
  const [, thanks] = await ours(2);
  expect(thanks?.text).toMatch(/^Got 7\n/);
  await stack.quiet();
  const rows = await stack.query(
    'select distinct conversation_id from messages m join inboxes i on i.id = m.inbox_id where i.account_key = $1',
    [address],
  );
  expect(rows).toHaveLength(1);
});

test('files of a mail are fetched from its original', async () => {
  await write({
    attachments: [{ filename: 'a.pdf', content: '%PDF-1.4 the file', contentType: 'application/pdf' }],
  });
  const stored = () =>
    stack.query<{ storage_key: string; name: string }>(
      `select f.storage_key, f.name from media f join inboxes i on i.id = f.inbox_id where i.account_key = $1 and f.state = 'stored'`,
      [address],
    );
  await stack.until('the file is stored', async () => (await stored()).length === 1);
  const [file] = await stored();
  expect(file?.name).toBe('a.pdf');
  expect(Buffer.from((await stack.runtime.deps.media.get(file?.storage_key ?? '')) ?? []).toString()).toBe(
    '%PDF-1.4 the file',
  );
});

const thankYou = () =>
  stack.publish(
    {
      schemaVersion: 1,
      triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
      entry: 'thanks',
      steps: {
        thanks: { kind: 'send', params: { text: 'We got your mail.' }, exits: { next: null, failed: null } },
      },
    },
    'Thanks',
  );

test('a machine that says it is one gets one answer, and its own isn’t answered', async () => {
  await thankYou();
  onMail = async ({ raw }) =>
    await write({
      to: (await readMail(raw)).replyTo[0]?.address,
      subject: 'Re: Order',
      text: 'I am away.',
      headers: { 'Auto-Submitted': 'auto-replied' },
    });
  await write({});
  await ours(1);
  await stack.until('the machine’s answer is here', async () => {
    const rows = await stack.query(`select 1 from messages where text = 'I am away.' and automation = 'off'`);
    return rows.length === 1;
  });
  await stack.quiet();
  expect(outside.taken).toHaveLength(1);
});

test('a machine that doesn’t say so is answered some times in an hour, then no more; people see all of it', async () => {
  await thankYou();
  let sent = 0;
  onMail = async ({ raw }) => {
    sent += 1;
    await write({
      from: 'robot@example.com',
      to: (await readMail(raw)).replyTo[0]?.address,
      subject: 'Re: Order',
      text: 'Your mail is important to us.',
    });
  };
  await write({ from: 'robot@example.com' });
  const heard = () =>
    stack.query<{ automation: string | null }>(
      `select automation from messages where author_external_id = 'robot@example.com' order by seq`,
    );
  await stack.until(
    'the loop has ended',
    async () => (await heard()).some(({ automation }) => automation === 'off'),
    60_000,
  );
  await stack.quiet();
  expect(outside.taken).toHaveLength(20);
  expect((await heard()).map(({ automation }) => automation)).toEqual([...Array<null>(20).fill(null), 'off']);
  expect(sent).toBe(20);
});

test('a bounce fails the message it speaks of, in the server’s words', async () => {
  await thankYou();
  await write({ from: 'gone@example.com' });
  const [ourMail] = await ours(1);
  await stack.quiet();
  const report = [
    'From: MAILER-DAEMON@example.com',
    `To: ${address}`,
    'Subject: Undelivered',
    'Message-ID: <dsn@example.com>',
    'Auto-Submitted: auto-replied',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    '',
    'Sorry.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; example.com',
    '',
    'Final-Recipient: rfc822; gone@example.com',
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550 no such user',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: ${ourMail?.messageId}`,
    '',
    '--b--',
    '',
  ].join('\r\n');
  await transport().sendMail({ envelope: { from: '', to: [address] }, raw: report });
  await stack.until('the message has failed', async () => {
    const rows = await stack.query<{ status: string; error: { message: string } | null }>(
      `select m.status, m.error from messages m where m.provider_message_id = $1`,
      [ourMail?.messageId],
    );
    return rows[0]?.status === 'failed' && rows[0].error?.message === 'gone@example.com: 550 no such user';
  });
  expect(
    await stack.query(`select 1 from messages where author_external_id = 'mailer-daemon@example.com'`),
  ).toEqual([]);
});
