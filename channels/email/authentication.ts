/** Whether a mail's sender is who it says: checked by us for what our own server took, else as the receiving server wrote it down. */
import { authenticate } from 'mailauth';
import type { EmailPart } from '#domain/message.ts';
import { isPublicAddress } from '../address-guard.ts';
import { domainOf } from './addresses.ts';
import { fieldsOf } from './fields.ts';
import type { Mail } from './mail.ts';

export type Authentication = NonNullable<EmailPart['authentication']>;
/** DNS as mailauth asks it: `TXT` of a name. Throws with `code` ENOTFOUND where there is none. */
export type MailResolver = (name: string, type: string) => Promise<string[][] | string[]>;

const TIMEOUT_MS = 8_000;

/**
 * SPF by the envelope and the sending server's address, DKIM by the bytes, DMARC over both. What DNS doesn't answer in time proves nothing.
 * Mails of private addresses are this machine's or network's own: there is nothing to look up.
 */
export async function checkAuthentication(
  raw: Uint8Array,
  envelope: { from?: string; remoteAddress?: string; helo?: string },
  options: { mta: string; resolver?: MailResolver },
): Promise<Authentication> {
  const { remoteAddress } = envelope;
  if (remoteAddress === undefined || (!options.resolver && !isPublicAddress(remoteAddress)))
    return { verdict: 'none' };
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), TIMEOUT_MS);
  try {
    const checking = authenticate(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength), {
      ip: remoteAddress,
      helo: envelope.helo ?? '',
      sender: envelope.from ?? '',
      mta: options.mta,
      disableArc: true,
      disableBimi: true,
      ...(options.resolver && { resolver: options.resolver }),
    });
    const found = await Promise.race([checking, late]);
    if (!found) return { verdict: 'none', spf: 'temperror', dkim: 'temperror', dmarc: 'temperror' };
    const spf = found.spf && typeof found.spf === 'object' ? found.spf.status.result : 'none';
    const signatures = found.dkim.results;
    const dkim = signatures.some(({ status }) => status.result === 'pass')
      ? 'pass'
      : (signatures[0]?.status.result ?? 'none');
    const dmarc = found.dmarc && typeof found.dmarc === 'object' ? found.dmarc.status.result : 'none';
    const aligned = signatures.some(({ status }) => status.result === 'pass' && Boolean(status.aligned));
    return { verdict: verdictOf({ dmarc, isAligned: aligned }), spf, dkim, dmarc };
  } catch {
    // A mail so broken that it can't be checked is a mail that proves nothing.
    return { verdict: 'none' };
  } finally {
    clearTimeout(timer);
  }
}

/** Receiving servers whose word is known, by the IMAP server they belong to. */
const knownServers: Record<string, string> = {
  'imap.gmail.com': 'mx.google.com',
  'imap.googlemail.com': 'mx.google.com',
};

export function trustedServersOf(
  settings: { trustedServers: readonly string[] },
  imapHost?: string,
): string[] {
  const known = imapHost === undefined ? undefined : knownServers[imapHost.toLowerCase()];
  return [...settings.trustedServers, ...(known === undefined ? [] : [known])];
}

/**
 * The topmost Authentication-Results of a trusted server: what is below it may be a sender's own. A server takes fields away that
 * come in under its name (RFC 8601 §5), so a trusted name is its own word.
 */
export function writtenAuthentication(mail: Mail, trusted: readonly string[]): Authentication {
  for (const field of fieldsOf(mail.headers, 'authentication-results')) {
    const [id = ''] = field.trim().split(/[\s;]/);
    if (!trusted.includes(id.toLowerCase())) continue;
    const told = plainOf(field);
    const result = (method: string): string | undefined =>
      new RegExp(`(?:^|;)\\s*${method}\\s*=\\s*([a-z]+)`, 'i').exec(told)?.[1]?.toLowerCase();
    const [spf, dkim, dmarc] = [result('spf'), result('dkim'), result('dmarc')];
    const from = domainOf(mail.from[0]?.address ?? '');
    const signers = [...told.matchAll(/header\.[di]=[^\s;]*/gi)].map(([signer]) => signer.toLowerCase());
    const isAligned = dkim === 'pass' && signers.some((signer) => /[=@]([^=@]*)$/.exec(signer)?.[1] === from);
    return {
      verdict: verdictOf({ dmarc: dmarc ?? 'none', isAligned: from !== '' && isAligned }),
      ...(spf && { spf }),
      ...(dkim && { dkim }),
      ...(dmarc && { dmarc }),
    };
  }
  return { verdict: 'none' };
}

/** The field without its comments, nested ones too, and without what stands in quotes: a sender's words are only ever there. */
function plainOf(field: string): string {
  let plain = '';
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < field.length; at++) {
    const char = field[at];
    if (char === '\\' && (isQuoted || depth > 0)) at++;
    else if (char === '"' && depth === 0) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '(') depth++;
    else if (char === ')' && depth > 0) {
      depth--;
      plain += ' ';
    } else if (depth === 0) plain += char;
  }
  return plain;
}

function verdictOf({ dmarc, isAligned }: { dmarc: string; isAligned: boolean }): Authentication['verdict'] {
  if (dmarc === 'pass' || dmarc === 'fail') return dmarc;
  // A domain without a policy proves its mails by its own signature.
  return isAligned ? 'pass' : 'none';
}
