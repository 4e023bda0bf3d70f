/** Every way an SMTP session can end, by real servers that end it so; and what the mails look like that leave. */
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Part } from '#domain/message.ts';
import { ChannelError, type OutboundMessage } from '#channels/contract.ts';
import { anyAdapter } from '#channels/any-adapter.ts';
import { createEmailAdapter } from '#channels/email/adapter.ts';
import { readMail, type Mail } from '#channels/email/mail.ts';
import { outboxIdOf } from '#channels/email/message-id.ts';
import { newTextOf } from '#channels/email/new-text.ts';
import { readReplyAddress } from '#channels/email/reply-address.ts';
import { verifySmtp } from '#channels/email/smtp-send.ts';
import { createHttpClient } from '#channels/http.ts';
import { startMailServer, type MailServer } from '../../support/mail-server.ts';
import { closedPort } from '../local-server.ts';
import { emailInbox, imapInbox } from './case.ts';

const key = '0199a1b2-0000-7000-8000-0000000000aa';
const threadKey = '0199a1b2-0000-7000-8000-0000000000dd';
const replyKeys = [new Uint8Array(32).fill(9)];
const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const deployment = (smtpUrl: string | null) =>
  anyAdapter(
    createEmailAdapter({
      http,
      email: {
        managedDomain: 'mail.example',
        receivesAt: null,
        smtpUrl,
        replyKeys,
        resolveHost: async (host) => [{ address: host, family: 4 }],
      },
    }),
  );
const adapter = deployment(null);

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ending.splice(0).map((end) => end()));
});
async function mailServer(...options: Parameters<typeof startMailServer>): Promise<MailServer> {
  const server = await startMailServer(...options);
  ending.push(server.close);
  return server;
}

const messageOf = (parts: Part[], more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: '0199a1b2-0000-7000-8000-0000000000bb',
  conversationId: '0199a1b2-0000-7000-8000-0000000000cc',
  contactExternalId: 'ann@example.com',
  threadKey,
  replyAddress: {},
  author: 'agent',
  lastInAtMs: null,
  sentSinceLastIn: 0,
  attempt: 1,
  parts,
  ...more,
});
const hello = messageOf([{ kind: 'text', text: 'Hello' }]);
const options = (timeoutMs = 5_000) => ({
  key,
  signal: AbortSignal.timeout(timeoutMs),
  media: async (mediaId: string) => ({
    bytes: Buffer.from(`bytes of ${mediaId}`),
    mimeType: mediaId.startsWith('p') ? 'image/png' : 'application/pdf',
    name: `${mediaId}.x`,
  }),
});

async function failure(
  inbox: ReturnType<typeof imapInbox>,
  timeoutMs?: number,
  by = adapter,
): Promise<ChannelError> {
  const error: unknown = await by.send(inbox, hello, options(timeoutMs)).then(
    () => new Error('it was sent'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  expect(error.message).not.toContain('password');
  return error;
}
const refusing =
  (responseCode: number, message: string) => (_: unknown, __: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error(message), { responseCode }));

describe('a send ends as', () => {
  test('sent, under a Message-ID of the outbox key', async () => {
    const server = await mailServer();
    const { providerMessageId } = await adapter.send(imapInbox(server.port), hello, options());
    expect(outboxIdOf(providerMessageId)).toBe(key);
    const mail = await readMail(server.taken[0]?.raw ?? Buffer.of());
    expect(mail.messageId).toBe(providerMessageId);
  });

  test.each([
    ['450 at RCPT', { onRcptTo: refusing(450, '4.2.1 greylisted, come back') }, 'retry_after', 'greylisted'],
    ['550 at RCPT', { onRcptTo: refusing(550, '5.1.1 no such user') }, 'contact_unreachable', 'no such user'],
    ['451 at MAIL FROM', { onMailFrom: refusing(451, 'busy') }, 'retry_after', 'busy'],
    ['550 at MAIL FROM', { onMailFrom: refusing(550, 'sender rejected') }, 'permanent', 'sender rejected'],
    [
      '530 at MAIL FROM',
      { onMailFrom: refusing(530, '5.7.0 authenticate first') },
      'reauthorize',
      'authenticate first',
    ],
    ['535 at login', { onAuth: refusing(535, '5.7.8 bad credentials') }, 'reauthorize', 'bad credentials'],
    ['454 at login', { onAuth: refusing(454, '4.7.0 temporary failure') }, 'retry_after', 'temporary'],
    ['452 after the mail', { onData: dropping(452, 'no space now') }, 'retry_after', 'no space now'],
    [
      '554 after the mail',
      { onData: dropping(554, '5.7.1 looks like spam') },
      'permanent',
      'looks like spam',
    ],
    ['552 after the mail', { onData: dropping(552, 'too big') }, 'permanent', 'too large'],
    ['a smaller limit than the mail', { size: 100, rejectOversized: true }, 'permanent', 'too large'],
    [
      '421 at the greeting',
      {
        onConnect: (_: unknown, done: (error: Error) => void) =>
          done(Object.assign(new Error('too many'), { responseCode: 421 })),
      },
      'not_sent',
      'too many',
    ],
  ])('%s', async (_, refusal, kind, words) => {
    const server = await mailServer(refusal);
    const error = await failure(imapInbox(server.port));
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(words)]);
    expect(server.taken).toEqual([]);
  });

  test('not sent where nothing listens, or nothing there speaks SMTP, or the server hangs up before the mail', async () => {
    expect((await failure(imapInbox(await closedPort()))).kind).toBe('not_sent');
    expect(
      (await failure(imapInbox(await rawServer((socket) => socket.end('HTTP/1.1 400\r\n\r\n'))))).kind,
    ).toBe('not_sent');
    expect((await failure(imapInbox(await rawServer(() => undefined)), 300)).kind).toBe('not_sent');
    expect((await failure(imapInbox(await scripted({ MAIL: null })))).kind).toBe('not_sent');
    expect((await failure(imapInbox(await scripted({ DATA: null })))).kind).toBe('not_sent');
  });

  test('no password leaves in plain text for a public address whose server offers no encryption', async () => {
    let asked = 0;
    const server = await mailServer({
      onAuth: (_auth, _session, done) => done(null, { user: `${++asked}` }),
    });
    const login = {
      host: '127.0.0.1',
      port: server.port,
      secure: false,
      auth: { user: 'ann', pass: 'right password' },
      resolveHost: async (address: string) => [{ address }],
    };
    const signal = AbortSignal.timeout(5_000);
    await verifySmtp({ ...login, hidesPassword: () => false }, signal);
    expect(asked).toBe(1);
    await expect(verifySmtp({ ...login, hidesPassword: () => true }, signal)).rejects.toMatchObject({
      kind: 'reauthorize',
      message: expect.stringContaining('no password was sent'),
    });
    expect(asked).toBe(1);
  });

  test('no answer where the server hangs up, or says nothing, once it has the mail', async () => {
    expect((await failure(imapInbox(await scripted({ '.': null })))).kind).toBe('no_answer');
    expect((await failure(imapInbox(await scripted({ '.': '' })), 700)).kind).toBe('no_answer');
    expect(adapter.resend(imapInbox(1))).toBe('unsafe');
  });

  test('a refused recipient among others is told, with who got it', async () => {
    const server = await mailServer({
      onRcptTo: ({ address }, _, done) =>
        done(
          address.startsWith('bob') ? Object.assign(new Error('5.1.1 no Bob'), { responseCode: 550 }) : null,
        ),
    });
    const message = messageOf([
      { kind: 'text', text: 'x' },
      {
        kind: 'email',
        subject: 's',
        to: [{ address: 'ann@example.com' }],
        cc: [{ address: 'bob@example.com' }],
      },
    ]);
    const error = await adapter
      .send(imapInbox(server.port), message, options())
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: 'contact_unreachable',
      message: expect.stringMatching(/bob@example.com: .*no Bob.*ann@example.com got it/),
    });
    expect(server.taken).toHaveLength(1);
  });

  test('parked where a managed inbox’s deployment has no SMTP_URL', async () => {
    const error = await failure(emailInbox);
    expect([error.kind, error.message]).toEqual(['reauthorize', expect.stringContaining('SMTP_URL')]);
  });
});

function dropping(responseCode: number, message: string) {
  return (stream: NodeJS.ReadableStream, _: unknown, done: (error: Error) => void) => {
    stream.resume();
    stream.on('end', () => done(Object.assign(new Error(message), { responseCode })));
  };
}
async function rawServer(greet: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
/** A server that says yes to everything but what `but` names: null hangs up there, '' says nothing. */
function scripted(but: Record<string, string | null>): Promise<number> {
  return rawServer((socket) => {
    let data = false;
    socket.write('220 x\r\n');
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      for (const line of chunk.split('\r\n').slice(0, -1)) {
        const command = data ? (line === '.' ? '.' : null) : (line.split(/[ :]/)[0] ?? '').toUpperCase();
        if (command === null) continue;
        data = command === 'DATA';
        if (command in but) {
          if (but[command] === null) return void socket.destroy();
          continue;
        }
        const answers: Record<string, string> = {
          EHLO: '250-x\r\n250 AUTH PLAIN',
          AUTH: '235 ok',
          DATA: '354 go',
        };
        socket.write(`${answers[command] ?? '250 ok'}\r\n`);
      }
    });
  });
}

describe('a mail that leaves', () => {
  async function left(message: OutboundMessage, inbox: object = {}): Promise<Mail & { envelope: string[] }> {
    const server = await mailServer();
    const own = imapInbox(server.port);
    await adapter.send({ ...own, ...inbox }, message, options());
    const [taken] = server.taken;
    if (!taken) throw new Error('Nothing left.');
    return { ...(await readMail(taken.raw)), envelope: taken.to };
  }
  const answered = {
    to: [{ address: 'ann@example.com', name: 'Ann' }],
    cc: [{ address: 'bob@example.com' }, { address: 'support@shop.example' }],
    subject: 'Order 17',
    messageId: '<a2@example.com>',
    references: ['<a1@example.com>', '<a2@example.com>'],
    from: { address: 'ann@example.com', name: 'Ann' },
    dateMs: Date.UTC(2026, 10, 22, 20),
    quote: 'Where is it?\n> earlier',
  };

  test('answers in the thread, to everybody but ourselves, with the quote below', async () => {
    const mail = await left(
      messageOf([{ kind: 'text', text: 'On its way <b>&</b> soon.' }], { replyAddress: answered }),
    );
    expect(mail).toMatchObject({
      from: [{ address: 'support@shop.example', name: 'Contract' }],
      to: [{ address: 'ann@example.com', name: 'Ann' }],
      cc: [{ address: 'bob@example.com' }],
      subject: 'Re: Order 17',
      inReplyTo: ['<a2@example.com>'],
      references: ['<a1@example.com>', '<a2@example.com>'],
      envelope: ['ann@example.com', 'bob@example.com'],
    });
    expect(mail.text).toBe(
      'On its way <b>&</b> soon.\n\nOn 2026-11-22 at 20:00 UTC, Ann <ann@example.com> wrote:\n> Where is it?\n>> earlier',
    );
    expect(newTextOf(mail.text)).toEqual({ text: 'On its way <b>&</b> soon.', folded: true });
    expect(mail.html).toContain('On its way &lt;b&gt;&amp;&lt;/b&gt; soon.');
    expect(mail.html).toContain('<blockquote');
    expect(mail.headers.some(({ name }) => name === 'auto-submitted')).toBe(false);
  });

  test('goes to the reply address that another service asks for', async () => {
    const asked = { ...answered, to: [{ address: 'reply+ab12@reply.service.example' }], cc: [] };
    const mail = await left(messageOf([{ kind: 'text', text: 'Hi' }], { replyAddress: asked }));
    expect(mail.envelope).toEqual(['reply+ab12@reply.service.example']);
  });

  test('of a bot says that a machine wrote it, and goes to whoever wrote only', async () => {
    const mail = await left(
      messageOf([{ kind: 'text', text: 'Hi' }], { author: 'bot', replyAddress: answered }),
    );
    const header = (wanted: string) => mail.headers.find(({ name }) => name === wanted)?.value;
    expect([header('auto-submitted'), header('x-teloring-loop')]).toEqual(['auto-replied', imapInbox(1).id]);
    expect(mail.envelope).toEqual(['ann@example.com']);
  });

  test('says what its email part says: subject, copies, blind copies that nobody sees', async () => {
    const mail = await left(
      messageOf(
        [
          { kind: 'text', text: 'Hi' },
          {
            kind: 'email',
            subject: 'Another\r\nBcc: evil@example.com',
            to: [{ address: 'Dora@example.com' }],
            cc: [{ address: 'emil@example.com' }],
            bcc: [{ address: 'fay@example.com' }, { address: 'no address' }],
          },
        ],
        { replyAddress: answered },
      ),
    );
    expect(mail).toMatchObject({
      subject: 'Another Bcc: evil@example.com',
      to: [{ address: 'dora@example.com' }],
      cc: [{ address: 'emil@example.com' }],
    });
    expect(mail.envelope).toEqual(['dora@example.com', 'emil@example.com', 'fay@example.com']);
    expect(JSON.stringify(mail.headers)).not.toContain('fay@example.com');
  });

  test('has its files, pictures also in the text, and a person’s signature', async () => {
    const parts: Part[] = [
      { kind: 'text', text: 'See' },
      { kind: 'image', mediaId: 'p1', mimeType: 'image/png', name: 'photo.png', caption: 'the photo' },
      { kind: 'file', mediaId: 'f1', mimeType: 'application/pdf', name: 'größe.pdf' },
    ];
    const mail = await left(messageOf(parts, { authorName: 'Grace' }), {
      settings: { signature: '{{agent.name}}\nShop', fromName: 'The Shop' },
    });
    expect(mail.text).toBe('See\nthe photo\n\n-- \nGrace\nShop');
    expect(mail.from).toEqual([{ address: 'support@shop.example', name: 'The Shop' }]);
    expect(mail.attachments.map(({ name, mimeType, bytes }) => [name, mimeType, bytes().toString()])).toEqual(
      [
        ['photo.png', 'image/png', 'bytes of p1'],
        ['größe.pdf', 'application/pdf', 'bytes of f1'],
      ],
    );
    expect(mail.html).toContain(`cid:${mail.attachments[0]?.contentId}`);
  });

  test('goes neither to the address it comes from nor to the one that is forwarded to it', async () => {
    const server = await mailServer();
    const own = {
      ...emailInbox,
      credentials: { ...emailInbox.credentials, forwardedFrom: 'help@shop.example' },
    };
    const cc = [
      { address: 'help@shop.example' },
      { address: emailInbox.accountKey },
      { address: 'bob@example.com' },
    ];
    const message = messageOf([{ kind: 'text', text: 'x' }], { replyAddress: { ...answered, cc } });
    await deployment(`smtp://127.0.0.1:${server.port}`).send(own, message, options());
    expect(server.taken[0]?.to).toEqual(['ann@example.com', 'bob@example.com']);
  });

  test('of a managed inbox is answered to a signed address of its thread', async () => {
    const server = await mailServer();
    const managed = deployment(`smtp://127.0.0.1:${server.port}`);
    await managed.send(emailInbox, hello, options());
    const mail = await readMail(server.taken[0]?.raw ?? Buffer.of());
    const [replyTo] = mail.replyTo;
    expect(mail.from[0]?.address).toBe('support-x1y2z3@mail.example');
    expect(readReplyAddress(replyKeys, emailInbox, replyTo?.address ?? '')).toBe(threadKey);
    expect(readReplyAddress([new Uint8Array(32)], emailInbox, replyTo?.address ?? '')).toBeNull();
  });
});
