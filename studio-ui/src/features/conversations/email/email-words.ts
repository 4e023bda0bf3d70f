/** What is said of an email beside its text. Pure. */
import { bareSubject, emailOf, formatAddress } from '#domain/email.ts';
import type { EmailAddress, EmailPart } from '#domain/message.ts';
import type { Message } from '../../../lib/api/types.ts';

/** Messages under which a new subject begins; of a thread that keeps its subject only the first. */
export function subjectsShown(messages: readonly Message[]): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  let before: string | null = null;
  for (const message of messages) {
    const email = message.direction === 'internal' ? undefined : emailOf(message.parts);
    if (!email) continue;
    const about = bareSubject(email.subject).toLowerCase();
    if (email.subject !== '' && about !== before) shown.set(message.id, email.subject);
    before = about;
  }
  return shown;
}

/** What the thread is about, as its newest mail has it. */
export function threadSubject(messages: readonly Message[]): string | null {
  const last = messages.findLast((message) => message.direction !== 'internal' && emailOf(message.parts));
  const subject = last && emailOf(last.parts)?.subject;
  return subject ? bareSubject(subject) || subject : null;
}

export function shortAddress({ address, name }: EmailAddress): string {
  return name || address;
}

const SHOWN = 2;

/** "to Ada, Bob and 3 more" */
export function addressLine(addresses: readonly EmailAddress[]): string {
  const names = addresses.map(shortAddress);
  if (names.length <= SHOWN + 1) return names.join(', ');
  return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
}

/** Whom a mail went to, in one line; what is behind it opens. */
export function recipientLine(email: EmailPart | undefined, to: readonly EmailAddress[]): string {
  const copies = email?.cc ?? [];
  const blind = email?.bcc ?? [];
  return [
    to.length > 0 ? `to ${addressLine(to)}` : '',
    copies.length > 0 ? `copy to ${addressLine(copies)}` : '',
    blind.length > 0 ? `blind copy to ${addressLine(blind)}` : '',
  ]
    .filter((line) => line !== '')
    .join(' · ');
}

export interface AuthenticationWords {
  tone: 'ok' | 'muted' | 'danger';
  word: string;
  says: string;
}

/** Whether the sender is who it says. Null where nothing was said of it. */
export function authenticationWords(email: EmailPart | undefined): AuthenticationWords | null {
  const checked = email?.authentication;
  if (!checked) return null;
  const sender = email.from ? formatAddress(email.from) : 'its sender';
  const results = [
    ['SPF', checked.spf],
    ['DKIM', checked.dkim],
    ['DMARC', checked.dmarc],
  ]
    .flatMap(([name, result]) => (result ? [`${name} ${result}`] : []))
    .join(', ');
  const behind = results === '' ? '' : ` (${results})`;
  if (checked.verdict === 'pass')
    return {
      tone: 'ok',
      word: 'Verified sender',
      says: `It is proven to come from the domain of ${sender}${behind}.`,
    };
  if (checked.verdict === 'fail')
    return {
      tone: 'danger',
      word: 'Sender check failed',
      says: `This may not be from ${sender}${behind}. Don’t open its links or files, and ask another way before you act on it.`,
    };
  return {
    tone: 'muted',
    word: 'Sender not verified',
    says: `Whether it comes from ${sender} could not be verified${behind}.`,
  };
}

const AUTOMATIC: Record<NonNullable<EmailPart['automatic']>, { word: string; says: string }> = {
  auto_reply: {
    word: 'Automatic reply',
    says: 'A machine wrote it, such as an out-of-office note. Flows don’t answer it.',
  },
  bounce: { word: 'Could not be delivered', says: 'A mail server says that a mail did not arrive.' },
  list: { word: 'Mailing list', says: 'It went to many at once. Flows don’t answer it.' },
  own: { word: 'Our own mail', says: 'A mail of ours that came back. Flows don’t answer it.' },
};
export function automaticWords(email: EmailPart | undefined): { word: string; says: string } | null {
  return email?.automatic ? AUTOMATIC[email.automatic] : null;
}

/** "Show 3 remote images" */
export function remoteImageWords(count: number): string {
  return count === 1 ? 'Show 1 remote image' : `Show ${count} remote images`;
}
