/** The deployment's own mail server, by real SMTP clients. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolOf } from '#db/client.ts';
import { createManagedAddresses } from '../../api/email/managed-addresses.ts';
import { createEmailReceiver } from '../../api/email/receive.ts';
import { selfSigned } from '../../api/email/self-signed.ts';
import {
  startManagedSmtp,
  type ManagedSmtp,
  type ManagedSmtpDeps,
  type SmtpLimits,
} from '../../api/email/smtp-server.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createManagedInbox, emailEnv, landed, MAIL_DOMAIN, type ManagedInbox } from '../support/email.ts';

let api: TestApi;
let inbox: ManagedInbox;
let smtp: ManagedSmtp;
const certificate = selfSigned(MAIL_DOMAIN, Date.now());
beforeAll(async () => {
  api = await createTestApi({}, emailEnv);
  inbox = await createManagedInbox(api);
  smtp = await start();
});
afterAll(async () => {
  await smtp.close();
  await api.close();
});

async function start(
  more: Partial<ManagedSmtpDeps> = {},
  options: { maxBytes?: number; limits?: Partial<SmtpLimits> } = {},
): Promise<ManagedSmtp> {
  return startManagedSmtp(
    {
      receiver: createEmailReceiver(api.deps),
      inboxOf: createManagedAddresses(api.deps, MAIL_DOMAIN),
      log: api.deps.log,
      ...more,
    },
    { domain: MAIL_DOMAIN, host: '127.0.0.1', port: 0, certificate, maxBytes: 2_000_000, ...options },
  );
}

interface Answer {
  code: number;
  words: string;
}
async function send(
  mail: SendMailOptions,
  port = smtp.port,
  tls: object = { ca: certificate.cert, servername: MAIL_DOMAIN },
): Promise<Answer> {
  const transport = createTransport({ host: '127.0.0.1', port, tls });
  try {
    const { response } = await transport.sendMail({
      from: 'Ann <ann@example.com>',
      subject: 'Hello',
      text: 'Hi',
      ...mail,
    });
    return { code: Number(response.slice(0, 3)), words: response };
  } catch (error) {
    const { responseCode = 0, message } = error as Error & { responseCode?: number };
    return { code: responseCode, words: message };
  } finally {
    transport.close();
  }
}
async function eventsOf(inboxId: string): Promise<string[]> {
  const { rows } = await poolOf(api.deps.engineDb).query<{ id: string }>(
    'select id from inbound_events where inbox_id = $1 order by accept_no',
    [inboxId],
  );
  return rows.map(({ id }) => id);
}

test('a mail sent to the inbox’s address over TLS is a message in it', async () => {
  expect(await send({ to: inbox.address, text: 'Over SMTP' })).toMatchObject({ code: 250 });
  const [eventId = ''] = (await eventsOf(inbox.id)).slice(-1);
  expect(await landed(api, eventId)).toMatchObject({ contact: 'ann@example.com', text: 'Over SMTP' });
});

test('STARTTLS is offered with the certificate of the domain', async () => {
  const untrusted = await send({ to: inbox.address }, smtp.port, {
    servername: 'another.example',
    ca: certificate.cert,
  });
  expect(untrusted.words).toMatch(/altnames/i);
  const transport = createTransport({
    host: '127.0.0.1',
    port: smtp.port,
    requireTLS: true,
    tls: { ca: certificate.cert, servername: MAIL_DOMAIN },
  });
  expect(await transport.verify()).toBe(true);
  transport.close();
});

test('unknown recipients are refused by name, also at other domains: it relays to nobody', async () => {
  expect(await send({ to: `nobody@${MAIL_DOMAIN}` })).toMatchObject({ code: 550 });
  expect(await send({ to: 'somebody@elsewhere.example' })).toMatchObject({ code: 550 });
  expect(await send({ to: `reply+${'0'.repeat(32)}.${'0'.repeat(20)}@${MAIL_DOMAIN}` })).toMatchObject({
    code: 550,
  });
});

test('one mail to several inboxes is one message in each; a known recipient has it although another is unknown', async () => {
  const other = await createManagedInbox(api, 'Sales');
  const before = (await eventsOf(inbox.id)).length;
  expect(await send({ to: [inbox.address, other.address, `nobody@${MAIL_DOMAIN}`] })).toMatchObject({
    code: 250,
  });
  expect((await eventsOf(inbox.id)).length).toBe(before + 1);
  expect((await eventsOf(other.id)).length).toBe(1);
});

test('the address with something behind a plus is the inbox’s too', async () => {
  const before = (await eventsOf(inbox.id)).length;
  expect(await send({ to: inbox.address.replace('@', '+newsletter@') })).toMatchObject({ code: 250 });
  expect((await eventsOf(inbox.id)).length).toBe(before + 1);
});

test('a mail that is too large is refused, whether its sender says so before or only its bytes do', async () => {
  const before = (await eventsOf(inbox.id)).length;
  const large = 'x'.repeat(70).concat('\r\n').repeat(40_000);
  expect(await send({ to: inbox.address, text: large })).toMatchObject({ code: 552 });
  expect(await unannounced(`Subject: large\r\n\r\n${large}`)).toMatch(/^552 /);
  expect((await eventsOf(inbox.id)).length).toBe(before);
});

/** Without SIZE at MAIL FROM, as simple senders do. */
async function unannounced(mail: string): Promise<string> {
  const socket = connect(smtp.port, '127.0.0.1');
  socket.setEncoding('utf8');
  const answer = async (): Promise<string> => String((await once(socket, 'data'))[0]);
  await answer();
  for (const line of [
    'HELO me.example',
    'MAIL FROM:<ann@example.com>',
    `RCPT TO:<${inbox.address}>`,
    'DATA',
  ]) {
    socket.write(`${line}\r\n`);
    await answer();
  }
  socket.write(`${mail}\r\n.\r\n`);
  const said = await answer();
  socket.destroy();
  return said;
}

test('a sender that hangs up in the middle of a mail leaves nothing, and holds nobody’s place', async () => {
  const narrow = await start({}, { limits: { mailsAtOnce: 1 } });
  const before = (await eventsOf(inbox.id)).length;
  for (let n = 0; n < 3; n++) {
    const socket = connect(narrow.port, '127.0.0.1');
    socket.setEncoding('utf8');
    for (const line of [
      'HELO me.example',
      'MAIL FROM:<ann@example.com>',
      `RCPT TO:<${inbox.address}>`,
      'DATA',
    ]) {
      await once(socket, 'data');
      socket.write(`${line}\r\n`);
    }
    await once(socket, 'data');
    socket.write('Subject: half\r\n\r\nhalf a mail\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await send({ to: inbox.address, text: 'whole' }, narrow.port)).toMatchObject({ code: 250 });
  expect((await eventsOf(inbox.id)).length).toBe(before + 1);
  await narrow.close();
});

test('while our side is down the sender keeps the mail, at RCPT as at the end; brought again it is taken once', async () => {
  let down = true;
  const receiver = createEmailReceiver(api.deps);
  const inboxOf = createManagedAddresses(api.deps, MAIL_DOMAIN);
  const flaky = await start({
    receiver: {
      receive: (...args) =>
        down ? Promise.reject(new Error('the database is down')) : receiver.receive(...args),
    },
  });
  const blind = await start({
    inboxOf: (address) => (down ? Promise.reject(new Error('the database is down')) : inboxOf(address)),
  });
  const before = (await eventsOf(inbox.id)).length;
  const mail = { to: inbox.address, messageId: '<once@example.com>' };
  expect(await send(mail, flaky.port)).toMatchObject({ code: 451 });
  expect(await send(mail, blind.port)).toMatchObject({ code: 451 });
  expect((await eventsOf(inbox.id)).length).toBe(before);
  down = false;
  expect(await send(mail, flaky.port)).toMatchObject({ code: 250 });
  expect(await send(mail, blind.port)).toMatchObject({ code: 250 });
  expect((await eventsOf(inbox.id)).length).toBe(before + 1);
  await Promise.all([flaky.close(), blind.close()]);
});

test('one of two inboxes fails: the sender keeps the mail for both, and the other has it once all the same', async () => {
  const other = await createManagedInbox(api, 'Second');
  const receiver = createEmailReceiver(api.deps);
  let down = true;
  const flaky = await start({
    receiver: {
      receive: (target, mail) =>
        down && target.id === other.id ? Promise.reject(new Error('down')) : receiver.receive(target, mail),
    },
  });
  const before = (await eventsOf(inbox.id)).length;
  const mail = { to: [inbox.address, other.address], messageId: '<both@example.com>' };
  expect(await send(mail, flaky.port)).toMatchObject({ code: 451 });
  down = false;
  expect(await send(mail, flaky.port)).toMatchObject({ code: 250 });
  expect([(await eventsOf(inbox.id)).length - before, (await eventsOf(other.id)).length]).toEqual([1, 1]);
  await flaky.close();
});

test('too many connections of one address are told to come later', async () => {
  const narrow = await start({}, { limits: { address: { burst: 2, perSecond: 0.001 } } });
  const codes = [];
  for (let n = 0; n < 3; n++) codes.push((await send({ to: inbox.address }, narrow.port)).code);
  expect(codes).toEqual([250, 250, 421]);
  await narrow.close();
});

test('a mail under way when the server stops is taken to its end', async () => {
  const arrived = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const receiver = createEmailReceiver(api.deps);
  const slow = await start({
    receiver: {
      receive: async (...args) => {
        arrived.resolve();
        await goOn.promise;
        return receiver.receive(...args);
      },
    },
  });
  const before = (await eventsOf(inbox.id)).length;
  const sending = send({ to: inbox.address }, slow.port);
  await arrived.promise;
  const closing = slow.close();
  goOn.resolve();
  expect(await sending).toMatchObject({ code: 250 });
  await closing;
  expect((await eventsOf(inbox.id)).length).toBe(before + 1);
});
