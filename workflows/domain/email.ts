/** Addresses, recipients and subjects of emails: what composer, API and channel agree on. Pure. */
import type { EmailAddress, EmailPart, Part } from './message.ts';

export const MOST_RECIPIENTS = 50;
/** Of all files of one mail together; many servers refuse more. */
export const MOST_ATTACHED_BYTES = 20 * 1024 * 1024;
export const LONGEST_SUBJECT = 500;

/** What may stand in a header: one line, nothing that controls. */
export const oneLine = /^[^\p{Cc}\u2028\u2029]*$/u;

const local = /^[^\s\p{Cc}()<>[\]\\,;:"@]{1,64}$/u;
const label = /^(?!-)[\p{L}\p{M}\p{N}-]{1,63}(?<!-)$/u;

/** As people write them: no quoted local parts, no IP addresses, a domain with a dot. */
export function isEmailAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > 254) return false;
  const name = text.slice(0, at);
  const labels = text.slice(at + 1).split('.');
  const isName = local.test(name) && !name.startsWith('.') && !name.endsWith('.') && !name.includes('..');
  return isName && labels.length > 1 && labels.every((one) => label.test(one));
}

export function formatAddress({ address, name }: EmailAddress): string {
  return name === undefined || name === '' || name === address ? address : `${name} <${address}>`;
}

export interface ParsedAddresses {
  addresses: EmailAddress[];
  /** What is no address, as it was written. */
  invalid: string[];
}

/** What was typed or pasted: separated by commas, semicolons or lines, with names or without; bare ones by spaces too. Each address once. */
export function parseAddresses(text: string): ParsedAddresses {
  const found = new Map<string, EmailAddress>();
  const invalid: string[] = [];
  for (const entry of entriesOf(text)) {
    const parsed = parseAddress(entry);
    if (!parsed) invalid.push(entry);
    else if (!found.has(parsed.address)) found.set(parsed.address, parsed);
  }
  return { addresses: [...found.values()], invalid };
}

/** `Ada <ada@example.com>`, `"Lovelace, Ada" <ada@example.com>` or the address alone. */
function parseAddress(entry: string): EmailAddress | null {
  const [, before = '', inside] = /^(.*)<([^<>]*)>$/su.exec(entry) ?? [];
  const address = (inside ?? entry)
    .trim()
    .replace(/^mailto:/iu, '')
    .toLowerCase();
  if (!isEmailAddress(address)) return null;
  const name = before
    .trim()
    .replace(/^"(.*)"$/su, '$1')
    .replaceAll(/\\(.)/gsu, '$1')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
  return name === '' || name.toLowerCase() === address ? { address } : { address, name };
}

/** A comma between quotes or angle brackets separates nothing. */
function entriesOf(text: string): string[] {
  const entries: string[] = [];
  let entry = '';
  let isQuoted = false;
  let isAngled = false;
  for (const point of text) {
    if (point === '"' && !entry.endsWith('\\')) isQuoted = !isQuoted;
    if (point === '\n') isQuoted = isAngled = false;
    if (!isQuoted && point === '<') isAngled = true;
    if (!isQuoted && point === '>') isAngled = false;
    if (!isQuoted && !isAngled && /[,;\n\r]/u.test(point)) {
      entries.push(entry);
      entry = '';
    } else entry += point;
  }
  return [...entries, entry]
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .flatMap((one) => {
      const words = one.split(/\s+/u);
      return words.length > 1 && words.every((word) => parseAddress(word)) ? words : [one];
    });
}

export function emailOf(parts: readonly Part[]): EmailPart | undefined {
  return parts.find((part) => part.kind === 'email');
}

/** How answering is marked, as mail programs of several languages do. */
const answerMark = /^\s*(?:re|aw|antw|sv|vs|ré|rif|odp|回复|回覆|答复)\s*(?:\[\d+\])?\s*[:：]/iu;

export function replySubject(subject: string): string {
  const line = subject.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  if (line === '') return '';
  return answerMark.test(line) ? line : `Re: ${line}`.slice(0, LONGEST_SUBJECT);
}

/** The subject without marks of answering and forwarding: whether the thread still speaks of the same. */
export function bareSubject(subject: string): string {
  const mark = /^\s*(?:(?:re|aw|antw|sv|vs|ré|rif|odp|fwd?|wg|回复|回覆|答复)\s*(?:\[\d+\])?\s*[:：]\s*)+/iu;
  return subject.replace(mark, '').replaceAll(/\s+/gu, ' ').trim();
}

export interface ReplyRecipients {
  /** Whom an answer goes to: where the last mail wants it, else the contact. Never empty. */
  to: EmailAddress[];
  /** Everybody else of that mail, as an answer to all has them. */
  others: EmailAddress[];
}

/** A signed reply address of our own domain, by its beginning. Others' (`reply+…@reply.github.com`) are where their answers belong. */
export function isOwnReplyAddress(address: string, own: readonly string[]): boolean {
  const key = address.toLowerCase();
  const domain = key.slice(key.lastIndexOf('@'));
  return key.startsWith('reply+') && own.some((one) => one.toLowerCase().endsWith(domain));
}

/** `own`: addresses of the inbox itself. Each address once. */
export function replyRecipients(
  last: { to: readonly EmailAddress[]; cc: readonly EmailAddress[] },
  contact: EmailAddress,
  own: readonly string[],
): ReplyRecipients {
  const left = new Set(own.map((address) => address.toLowerCase()));
  const take = (addresses: readonly EmailAddress[]): EmailAddress[] =>
    addresses.filter(({ address }) => {
      const key = address.toLowerCase();
      if (left.has(key) || isOwnReplyAddress(key, own)) return false;
      left.add(key);
      return true;
    });
  const named = take(last.to);
  const to = named.length > 0 ? named : [contact];
  left.add(contact.address.toLowerCase());
  // The contact stays part of their own thread, also where somebody else wrote last.
  const isLeftOut = !to.some(({ address }) => address.toLowerCase() === contact.address.toLowerCase());
  const others = take(last.cc);
  return { to, others: isLeftOut ? [contact, ...others] : others };
}
