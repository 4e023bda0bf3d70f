/** Connecting and probing a mailbox of IMAP and SMTP: both are signed in to, nothing is changed on either. */
import { ChannelError, type AdapterInbox, type Connected, type ProbeResult } from '../contract.ts';
import type { ImapCredentials, ServerLogin } from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { openImap } from './imap-login.ts';
import { verifySmtp, type SmtpServer } from './smtp-send.ts';

export function smtpServerOf(login: ServerLogin, deps: EmailAdapterDeps): SmtpServer {
  const { host, port, secure, user, password } = login;
  const resolveHost = deps.email?.resolveHost;
  return { host, port, secure, auth: { user, pass: password }, ...(resolveHost && { resolveHost }) };
}

/** @throws ChannelError with the server's words */
export async function connectImap(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<ImapCredentials>,
  signal: AbortSignal,
): Promise<Connected<ImapCredentials>> {
  const { credentials } = inbox;
  await tryImap(deps, credentials.imap);
  await verifySmtp(smtpServerOf(credentials.smtp, deps), signal).catch((error: unknown) => {
    if (!(error instanceof ChannelError)) throw error;
    throw new ChannelError(error.kind, `Incoming mail works, outgoing mail doesn’t: ${error.message}`, {
      cause: error,
    });
  });
  return { accountKey: credentials.address, accountLabel: credentials.address, credentials, warnings: [] };
}

export async function probeImap(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<ImapCredentials>,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { imap, smtp } = inbox.credentials;
  const [inbound, outbound] = await Promise.all([
    stateOf(tryImap(deps, imap)),
    stateOf(verifySmtp(smtpServerOf(smtp, deps), signal)),
  ]);
  const facts = {
    imap: `${imap.host}:${imap.port}`,
    smtp: `${smtp.host}:${smtp.port}`,
    ...(inbound.messages === undefined ? {} : { messagesInInbox: inbound.messages }),
  };
  return { inbound: inbound.health, outbound: outbound.health, facts };
}

/** How many messages lie in the folder that is read. */
async function tryImap(deps: EmailAdapterDeps, login: ServerLogin): Promise<number> {
  const client = await openImap(login, { resolveHost: deps.email?.resolveHost });
  try {
    const status = await client.status('INBOX', { messages: true });
    await client.logout();
    return status ? (status.messages ?? 0) : 0;
  } catch (error) {
    client.close();
    throw new ChannelError('not_sent', `The INBOX of ${login.host} can’t be opened: ${String(error)}`, {
      cause: error,
    });
  }
}

async function stateOf(
  trying: Promise<number | void>,
): Promise<{ health: ProbeResult['inbound']; messages?: number }> {
  try {
    const messages = await trying;
    return { health: { state: 'ok' }, ...(typeof messages === 'number' && { messages }) };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // A server that is away comes back; a refused login doesn't by itself.
    return { health: { state: error.kind === 'not_sent' ? 'degraded' : 'failing', reason: error.message } };
  }
}
