/** One mail over SMTP. What went wrong is told by how far the conversation with the server had come. */
import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { isPublicAddress } from '../address-guard.ts';
import { ChannelError, type Sent } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { ComposedMail } from './compose.ts';
import { smtpFailure, type SmtpStage } from './smtp-failure.ts';

export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte; otherwise STARTTLS. */
  secure: boolean;
  auth?: { user: string; pass: string };
  /** Where a customer named the host: its checked addresses. @throws HttpError */
  resolveHost?: (host: string, port: number) => Promise<{ address: string }[]>;
  /** Of an address that was checked: whether a password only leaves for it encrypted. Absent = for public ones. */
  hidesPassword?: (address: string) => boolean;
  /** Tests with a certificate of their own. */
  ca?: string;
}

const CONNECT_MS = 10_000;
const SILENCE_MS = 50_000;

/** The mail is with the server once it has said so. Its id is our Message-ID. @throws ChannelError */
export async function sendBySmtp(server: SmtpServer, mail: ComposedMail, signal: AbortSignal): Promise<Sent> {
  const composer = new MailComposer({ ...mail, newline: '\r\n' }).compile();
  // Recipients of a blind copy are in the envelope only.
  const bytes = await composer.build();
  const envelope = {
    from: mail.from.address,
    to: [...mail.to, ...mail.cc, ...mail.bcc].map(({ address }) => address),
    size: bytes.byteLength,
  };
  await inSession(server, signal, async (session) => {
    session.stage('envelope');
    const body = Readable.from(
      onFirstRead(bytes, () => session.stage('data')),
      { objectMode: false },
    );
    const info = await session.call<SMTPConnection.SentMessageInfo>((done) =>
      session.connection.send(envelope, body, (error, result) => done(error, result)),
    );
    const [refused] = info.rejectedErrors ?? [];
    if (refused)
      throw new ChannelError(
        'contact_unreachable',
        `${info.rejected.join(', ')}: ${refused.response ?? refused.message}${info.accepted.length > 0 ? ` (${info.accepted.join(', ')} got it)` : ''}`,
        { providerCode: String(refused.responseCode ?? '') },
      );
  });
  return { providerMessageId: mail.messageId };
}

/** Connects and signs in, sends nothing. @throws ChannelError */
export async function verifySmtp(server: SmtpServer, signal: AbortSignal): Promise<void> {
  await inSession(server, signal, async () => {});
}

interface Session {
  connection: SMTPConnection;
  stage(reached: SmtpStage): void;
  /** Waits for a callback, the connection's own errors, or the end of our time, whichever is first. */
  call<T>(begin: (done: (error: Error | null | undefined, result?: T) => void) => void): Promise<T>;
}

async function inSession(
  server: SmtpServer,
  signal: AbortSignal,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const [address] = (await server.resolveHost?.(server.host, server.port).catch((error: unknown) => {
    throw toChannelError(error);
  })) ?? [{ address: server.host }];
  const { hidesPassword = isPublicAddress } = server;
  const connection = new SMTPConnection({
    host: address?.address ?? server.host,
    port: server.port,
    secure: server.secure,
    // Whoever takes STARTTLS out of a server's answer on the way gets no password in plain text.
    requireTLS: server.auth !== undefined && address !== undefined && hidesPassword(address.address),
    servername: /^[\d.]+$|:/.test(server.host) ? undefined : server.host,
    tls: { minVersion: 'TLSv1.2', ...(server.ca === undefined ? {} : { ca: server.ca }) },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    allowInternalNetworkInterfaces: true,
  });
  let stage: SmtpStage = 'connect';
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined); // whoever waits for an answer hears of it
  connection.on('error', (error: Error) => broken.reject(error));
  connection.on('end', () => broken.reject(new Error('The server closed the connection.')));
  const abort = (): void => broken.reject(new Error('The mail server took too long.'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  const session: Session = {
    connection,
    stage: (reached) => (stage = reached),
    call: (begin) =>
      Promise.race([
        broken.promise,
        new Promise<never>((resolve, reject) =>
          begin((error, result) => (error ? reject(error) : resolve(result as never))),
        ),
      ]),
  };
  try {
    await session.call<undefined>((done) => connection.connect((error) => done(error)));
    const { auth } = server;
    if (auth) {
      stage = 'login';
      await session.call<undefined>((done) =>
        connection.login({ user: auth.user, pass: auth.pass, credentials: auth }, (error) => done(error)),
      );
    }
    await work(session);
    connection.quit();
  } catch (error) {
    connection.close();
    throw error instanceof ChannelError ? error : smtpFailure(error, stage, server.host);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The server asks for the mail's bytes only after it has agreed to take them: from then on they may have arrived. */
function* onFirstRead(bytes: Buffer, begin: () => void): Generator<Buffer> {
  begin();
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** `smtp://user:pass@host:port`, as SMTP_URL is written. */
export function readSmtpUrl(text: string): SmtpServer {
  const url = new URL(text);
  const secure = url.protocol === 'smtps:' || url.port === '465';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || (secure ? 465 : 587)),
    secure,
    ...(url.username !== '' && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
  };
}
