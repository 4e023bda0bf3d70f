/** Connecting and probing a mailbox of IMAP and SMTP: both are signed in to, nothing is changed on either. */
import { ChannelError, type AdapterInbox, type Connected, type ProbeResult } from '../contract.ts';
import { emailSettings, type ImapCredentials, type ServerLogin } from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { checkImap, type ImapCheck } from './imap/check.ts';
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
  const { cursor, warning } = await saying('Incoming mail doesn’t work', lookAt(deps, inbox, signal));
  await saying(
    'Incoming mail works, outgoing mail doesn’t',
    verifySmtp(smtpServerOf(credentials.smtp, deps), signal),
  );
  return {
    accountKey: credentials.address,
    accountLabel: credentials.address,
    credentials,
    mailbox: { kind: 'imap', cursor },
    warnings: warning === null ? [] : [warning],
  };
}

/** Of two servers, which. */
async function saying<Found>(which: string, trying: Promise<Found>): Promise<Found> {
  try {
    return await trying;
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    throw new ChannelError(error.kind, `${which}: ${error.message}`, {
      ...(error.providerCode !== undefined && { providerCode: error.providerCode }),
      cause: error,
    });
  }
}

export async function probeImap(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<ImapCredentials>,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { imap, smtp } = inbox.credentials;
  const [inbound, outbound] = await Promise.all([
    stateOf(lookAt(deps, inbox, signal)),
    stateOf(verifySmtp(smtpServerOf(smtp, deps), signal)),
  ]);
  const warning = inbound.found?.warning ?? null;
  return {
    inbound: warning === null ? inbound.health : { state: 'degraded', reason: warning },
    outbound: outbound.health,
    facts: {
      imap: `${imap.host}:${imap.port}`,
      smtp: `${smtp.host}:${smtp.port}`,
      ...inbound.found?.facts,
    },
  };
}

function lookAt(
  deps: EmailAdapterDeps,
  { credentials, settings }: AdapterInbox<ImapCredentials>,
  signal: AbortSignal,
): Promise<ImapCheck> {
  return checkImap(imapDeps(deps), credentials.imap, emailSettings(settings).folder, signal);
}

/** A process that checks no addresses reaches none. */
function imapDeps({ email }: EmailAdapterDeps): Parameters<typeof checkImap>[0] {
  if (email) return email;
  return {
    async resolveHost() {
      throw new ChannelError('permanent', 'This process opens no mail servers.');
    },
  };
}

async function stateOf<Found>(
  trying: Promise<Found>,
): Promise<{ health: ProbeResult['inbound']; found?: Found }> {
  try {
    return { health: { state: 'ok' }, found: await trying };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // A server that is away comes back; a refused login or a wrong setting doesn’t by itself.
    const lasting = error.kind === 'reauthorize' || error.kind === 'permanent';
    return { health: { state: lasting ? 'failing' : 'degraded', reason: error.message } };
  }
}
