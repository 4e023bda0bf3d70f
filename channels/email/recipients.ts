/** To whom a mail went: what its fields say, and what brought it here. */
import { cleanAddress, readAddresses } from './addresses.ts';
import { fieldsOf } from './fields.ts';
import type { Mail } from './mail.ts';

/** Fields of forwarders, the most telling first. */
const forwardFields = [
  'x-forwarded-to',
  'x-original-to',
  'delivered-to',
  'envelope-to',
  'x-envelope-to',
  'x-real-to',
];

/** The addresses a mail was brought to: by its envelope, else as forwarders wrote them down, else as it says itself. */
export function routedTo(mail: Mail, envelopeTo: readonly string[] = []): string[] {
  const named = forwardFields.flatMap((name) => readAddresses(fieldsOf(mail.headers, name)));
  const all = [...envelopeTo, ...[...named, ...mail.to, ...mail.cc].map(({ address }) => address)];
  return [...new Set(all.map(cleanAddress).filter((address) => address !== null))].slice(0, 200);
}

export interface Recipients {
  /** Whoever wrote on this mail's recipients' line: they have part in its thread. */
  participants: string[];
  /** All addresses that may be one of ours, a reply address among them. */
  addressed: string[];
}

export function recipientsOf(mail: Mail, envelopeTo: readonly string[] = []): Recipients {
  const participants = [...mail.to, ...mail.cc, ...mail.replyTo].map(({ address }) => address).slice(0, 100);
  return { participants, addressed: routedTo(mail, envelopeTo) };
}
