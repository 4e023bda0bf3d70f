/** Addresses and Message-IDs in header fields. */
import { parseAddressHeader } from 'mailparser';
import type { EmailAddress } from '#domain/message.ts';

const MOST_ADDRESSES = 500;

/** The addresses of one field or several, groups opened, each once. */
export function readAddresses(fields: readonly string[]): EmailAddress[] {
  const found = new Map<string, EmailAddress>();
  for (const field of fields) {
    const { value } = parseAddressHeader(field.slice(0, 50_000), { flatten: true, decodePunycode: false });
    for (const { address, name } of value) {
      const clean = cleanAddress(address ?? '');
      if (clean === null || found.has(clean) || found.size >= MOST_ADDRESSES) continue;
      const shown = name.trim();
      found.set(clean, {
        address: clean,
        ...(shown === '' || shown.toLowerCase() === clean ? {} : { name: shown.slice(0, 200) }),
      });
    }
  }
  return [...found.values()];
}

/** In lower case; null where it is no address. */
export function cleanAddress(text: string): string | null {
  const bare = text.trim().replace(/^<|>$/g, '').toLowerCase();
  return bare.length <= 320 && /^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;]+$/.test(bare) ? bare : null;
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

const MOST_IDS = 100;

/** The ids of a References or In-Reply-To field, with their brackets, oldest first; of a flood the first and the last. */
export function readMessageIds(field: string): string[] {
  const ids = [...new Set(field.match(/<[^<>\s]{1,900}>/g) ?? [])];
  return ids.length <= MOST_IDS ? ids : [...ids.slice(0, 1), ...ids.slice(1 - MOST_IDS)];
}

/** With brackets, whatever stands around it; null where there is none. */
export function readMessageId(field: string): string | null {
  const bare = field.replaceAll(/\s+/g, '');
  const [bracketed] = /<[^<>]{1,900}>/.exec(bare) ?? [];
  if (bracketed) return bracketed;
  return /^[^<>@]{1,400}@[^<>@]{1,400}$/.test(bare) ? `<${bare}>` : null;
}

const replyPrefix =
  /^\s*(?:(?:re|aw|antw|antwort|sv|svar|vs|vl|ref|rif|ris|res|resp|odp|ynt|yanit|ang|reply|回复|回覆|答复|返信|转发|회신|отв|ответ)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]|\[external\]|\[extern\])\s*/iu;
const forwardPrefix = /^\s*(?:fwd?|wg|tr|rv|enc|i|pd|doorst|vb|fs|转发|転送|전달|пересл)\s*[:：]\s*/iu;

/** What a subject is about: prefixes of answers and forwards taken off, white space and case made one. `isReply` where it had one of an answer. */
export function readSubject(subject: string): { about: string; isReply: boolean } {
  let rest = subject.slice(0, 1_000).replaceAll(/\s+/g, ' ');
  let isReply = false;
  for (let rounds = 0; rounds < 20; rounds++) {
    const shorter = rest.replace(replyPrefix, '');
    if (shorter !== rest) isReply = true;
    const next = shorter === rest ? rest.replace(forwardPrefix, '') : shorter;
    if (next === rest) break;
    rest = next;
  }
  return { about: rest.trim().toLowerCase(), isReply };
}
