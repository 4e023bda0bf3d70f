/** Addresses of the deployment's own domain: nothing is asked of anybody, the address is there at once. */
import { randomBytes, randomInt } from 'node:crypto';
import { ChannelError, type AdapterInbox, type Connected, type ProbeResult } from '../contract.ts';
import { domainOf } from './addresses.ts';
import type { ManagedCredentials } from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { readSmtpUrl, verifySmtp, type SmtpServer } from './smtp-send.ts';

export const NO_SMTP =
  'This installation can’t send mail: SMTP_URL is missing. The answer is kept. Set SMTP_URL and MAIL_FROM, start again, and probe the inbox.';
const NO_DOMAIN =
  'This installation has no domain for mail. Set MANAGED_EMAIL_DOMAIN (and point its MX record here), or connect a mailbox by IMAP or Microsoft 365.';

export function connectManaged(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<ManagedCredentials>,
): Connected<ManagedCredentials> {
  const domain = deps.email?.managedDomain?.toLowerCase();
  if (!domain) throw new ChannelError('permanent', NO_DOMAIN);
  const { credentials } = inbox;
  const given = credentials.address;
  // Connected again: it stays what it was.
  const address =
    given !== undefined && given === inbox.accountKey ? given : newAddress(given, inbox.name, domain);
  const forwardedFrom =
    credentials.forwardedFrom ?? (given !== undefined && domainOf(given) !== domain ? given : undefined);
  const secret = credentials.secret ?? randomBytes(32).toString('base64url');
  return {
    accountKey: address,
    accountLabel: address,
    credentials: {
      ...credentials,
      address,
      secret,
      ...(forwardedFrom === undefined ? {} : { forwardedFrom }),
    },
    ...(credentials.secret === undefined ? { reveal: { secret } } : {}),
    warnings: deps.email?.smtpUrl
      ? []
      : [NO_SMTP.replace('The answer is kept.', 'Mails come in; answers wait.')],
  };
}

const alphabet = 'abcdefghjkmnpqrstvwxyz23456789';

/** A readable beginning and an end that nobody guesses: an address that isn't written anywhere gets no spam. */
function newAddress(wanted: string | undefined, name: string, domain: string): string {
  const readable = (wanted?.split('@')[0] ?? name)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 24);
  const opaque = Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return `${readable === '' || readable === 'reply' ? 'inbox' : readable}-${opaque}@${domain}`;
}

/** @throws ChannelError where the deployment has none: parked, nothing is lost */
export function deploymentSmtp(deps: EmailAdapterDeps): SmtpServer {
  const url = deps.email?.smtpUrl;
  if (!url) throw new ChannelError('reauthorize', NO_SMTP);
  return readSmtpUrl(url);
}

export async function probeManaged(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<ManagedCredentials>,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const domain = deps.email?.managedDomain?.toLowerCase() ?? null;
  const address = inbox.credentials.address ?? inbox.accountKey;
  const inbound =
    domain !== null && domainOf(address) === domain
      ? { state: 'ok' as const }
      : {
          state: 'failing' as const,
          reason:
            domain === null
              ? NO_DOMAIN
              : `The installation’s domain is ${domain} now: mails to ${address} don’t come here.`,
        };
  const facts = {
    address,
    ...(inbox.credentials.forwardedFrom === undefined
      ? {}
      : { forwardedFrom: inbox.credentials.forwardedFrom }),
    ...(deps.email?.receivesAt ? { mailServer: deps.email.receivesAt } : {}),
  };
  try {
    await verifySmtp(deploymentSmtp(deps), signal);
    return { inbound, outbound: { state: 'ok' }, facts };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return {
      inbound,
      outbound: { state: error.kind === 'not_sent' ? 'degraded' : 'failing', reason: error.message },
      facts,
    };
  }
}
