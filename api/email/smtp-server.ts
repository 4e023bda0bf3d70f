/** The deployment's own mail server: takes mail for managed addresses, and nothing else. It relays to nobody. */
import type { Server } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { cleanAddress } from '#channels/email/addresses.ts';
import type { Logger } from 'pino';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { createBuckets } from '../middleware/rate-limit.ts';
import type { EmailReceiver } from './receive.ts';
import type { Certificate } from './self-signed.ts';

export interface ManagedSmtpOptions {
  domain: string;
  host: string;
  /** 0 = any free one. */
  port: number;
  certificate: Certificate;
  /** Not offered: the mails stay on this machine, and mail libraries insist on a certificate that they know. */
  hideTls?: boolean;
  /** Announced and enforced; default 40 MB, which is what is left of 25 MB of files. */
  maxBytes?: number;
  limits?: Partial<SmtpLimits>;
}
export interface SmtpLimits {
  /** Connections at once, of everybody. */
  connections: number;
  /** Mails whose bytes are taken at once: they are held in memory. */
  mailsAtOnce: number;
  /** Of one address: connections at once, and per second after that. */
  address: { burst: number; perSecond: number };
}
const defaultLimits: SmtpLimits = {
  connections: 200,
  mailsAtOnce: 12,
  address: { burst: 120, perSecond: 5 },
};

export interface ManagedSmtpDeps {
  receiver: EmailReceiver;
  /** The inbox behind an address of the domain; null where there is none. @throws Error where nobody can say now */
  inboxOf(address: string): Promise<CachedInbox | null>;
  log: Logger;
}
export interface ManagedSmtp {
  port: number;
  /** No new mails; those under way end first. */
  close(): Promise<void>;
}

const MAX_BYTES = 40 * 1024 * 1024;

/** @throws Error where it can't listen */
export async function startManagedSmtp(
  deps: ManagedSmtpDeps,
  options: ManagedSmtpOptions,
): Promise<ManagedSmtp> {
  const limits = { ...defaultLimits, ...options.limits };
  const perAddress = createBuckets(limits.address.burst, limits.address.perSecond);
  let taking = 0;
  const server = new SMTPServer({
    name: options.domain,
    banner: 'Teloring',
    size: options.maxBytes ?? MAX_BYTES,
    rejectOversized: true,
    key: options.certificate.key,
    cert: options.certificate.cert,
    minVersion: 'TLSv1.2',
    hideSTARTTLS: options.hideTls ?? false,
    // Nobody signs in here: mails of this domain are for everybody to send.
    disabledCommands: ['AUTH'],
    authOptional: true,
    disableReverseLookup: true,
    hideDSN: true,
    hideREQUIRETLS: true,
    maxClients: limits.connections,
    maxRecipients: 100,
    socketTimeout: 60_000,
    closeTimeout: 5_000,
    logger: false,
    onConnect(session, done) {
      done(
        perAddress.take(session.remoteAddress) === 0
          ? null
          : refusal(421, 'Too many connections from this address; try again later.'),
      );
    },
    onRcptTo({ address }, _session, done) {
      deps.inboxOf(address).then(
        (inbox) => done(inbox ? null : refusal(550, `5.1.1 There is no ${oneLine(address)} here.`)),
        (error: unknown) => done(busy(deps.log, error)),
      );
    },
    onData(stream, session, done) {
      if (taking >= limits.mailsAtOnce) {
        stream.resume();
        stream.once('end', () => done(refusal(451, '4.3.2 Too many mails at once; try again in a minute.')));
        return;
      }
      taking += 1;
      take(deps, stream, session)
        .then(
          (answer) => (answer instanceof Error ? done(answer) : done(null, answer)),
          (error: unknown) => done(busy(deps.log, error)),
        )
        .finally(() => (taking -= 1));
    },
  });
  server.on('error', (error: Error) =>
    deps.log.debug({ reason: error.message }, 'A mail connection broke off.'),
  );
  const listening = await listen(server, options.port, options.host);
  const address = listening.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: SMTPServer, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const listening = server.listen(port, host, () => resolve(listening));
    listening.once('error', reject);
  });
}

/** One mail for every inbox among its recipients. All have it, or the sending server keeps it and brings it again; twice is once. */
async function take(
  deps: ManagedSmtpDeps,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<Error | string> {
  const receivedAtMs = Date.now();
  const chunks: Buffer[] = [];
  // Past the limit the rest is read and forgotten: the answer comes after the last line.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (stream.sizeExceeded) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (stream.sizeExceeded) return refusal(552, '5.3.4 The mail is larger than this server takes.');
  const raw = Buffer.concat(chunks);
  const { mailFrom, rcptTo } = session.envelope;
  const targets = new Map<string, { inbox: CachedInbox; to: string[] }>();
  for (const { address } of rcptTo) {
    const inbox = await deps.inboxOf(address);
    // Disconnected since its RCPT was taken.
    if (!inbox) continue;
    const known = targets.get(inbox.id) ?? { inbox, to: [] };
    known.to.push(address);
    targets.set(inbox.id, known);
  }
  if (targets.size === 0) return refusal(550, '5.1.1 None of the recipients is here any more.');
  for (const { inbox, to } of targets.values()) {
    await deps.receiver.receive(inbox, {
      raw,
      envelope: {
        from: mailFrom ? (cleanAddress(mailFrom.address) ?? '') : '',
        to,
        remoteAddress: session.remoteAddress,
        helo: session.hostNameAppearsAs,
      },
      receivedAtMs,
    });
  }
  return 'Taken.';
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** Ours to mend: the sending server keeps the mail and brings it again. */
function busy(log: Logger, error: unknown): Error {
  log.warn(
    { reason: error instanceof Error ? error.message : String(error) },
    'A mail could not be taken now; its server will bring it again.',
  );
  return refusal(451, '4.3.0 Not now; try again in a few minutes.');
}

function oneLine(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
