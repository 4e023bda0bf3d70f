/** What people write by email, beside its text: to whom it goes, its subject, how much hangs on it. */
import { z } from 'zod';
import { emailSettings } from '#channels/email/definition.ts';
import { ownAddresses } from '#channels/email/own-addresses.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import type { Tx } from '#db/client.ts';
import type { ConversationRow } from '#db/conversations.ts';
import type { CachedInbox, InboxCache } from '#db/inbox-cache.ts';
import { lastEmailPart } from '#db/messages.ts';
import {
  emailOf,
  MOST_ATTACHED_BYTES,
  replyRecipients,
  replySubject,
  type ReplyRecipients,
} from '#domain/email.ts';
import { isMedia, type EmailAddress, type Part } from '#domain/message.ts';
import { ApiError } from '../middleware/errors.ts';

export interface EmailPlace {
  inboxId: string;
  inboxType: string;
  /** Null where the conversation is only about to begin. */
  conversationId: string | null;
  contactExternalId: string;
}

export function carriesEmail(inboxType: string): boolean {
  return isChannelType(inboxType) && definitions[inboxType].capabilities.email === true;
}

/** The parts with the subject that will be sent. @throws ApiError 422 with what is wrong; nothing is stored then */
export async function completeEmail(
  tx: Tx,
  inboxes: InboxCache,
  place: EmailPlace,
  parts: readonly Part[],
): Promise<Part[]> {
  const email = emailOf(parts);
  if (!carriesEmail(place.inboxType)) {
    if (!email) return [...parts];
    throw refused(
      'not_supported',
      'This channel has no subject, no copies and no further recipients; nothing was sent.',
    );
  }
  checkSize(parts);
  if (!email) return [...parts];
  const first = place.conversationId === null ? [{ address: place.contactExternalId }] : [];
  const further = [...(email.to ?? []), ...(email.cc ?? []), ...(email.bcc ?? [])];
  await checkRecipients(inboxes, place, [...first, ...further]);
  const subject = email.subject || (await threadSubject(tx, place));
  return parts.map((part) => (part === email ? { ...email, subject } : part));
}

/** A body's subject in the part that carries it. @throws ApiError 422 where a mail would have none, or something else would have one */
export function withSubject(parts: readonly Part[], inboxType: string, subject = ''): Part[] {
  if (!carriesEmail(inboxType)) {
    if (subject !== '') throw refused('not_supported', 'This channel has no subjects; nothing was sent.');
    return [...parts];
  }
  const email = emailOf(parts);
  const given = subject || (email?.subject ?? '');
  if (given === '')
    throw refused('invalid', 'A mail that begins a thread needs a subject; nothing was sent.');
  if (!email) return [{ kind: 'email', subject: given }, ...parts];
  return parts.map((part) => (part === email ? { ...email, subject: given } : part));
}

const megabytes = (size: number): string => (size / 1024 / 1024).toFixed(1);

function checkSize(parts: readonly Part[]): void {
  const bytes = parts.reduce((sum, part) => sum + (isMedia(part) ? (part.sizeBytes ?? 0) : 0), 0);
  if (bytes <= MOST_ATTACHED_BYTES) return;
  throw refused(
    'too_large',
    `The files are ${megabytes(bytes)} MB together, and a mail takes ${megabytes(MOST_ATTACHED_BYTES)} MB. Take some off, or send them one by one; nothing was sent.`,
  );
}

/** A mail to ourselves would come back as one of a customer. */
async function checkRecipients(
  inboxes: InboxCache,
  place: EmailPlace,
  recipients: readonly EmailAddress[],
): Promise<void> {
  const inbox = recipients.length === 0 ? null : await inboxes.byId(place.inboxId);
  const own = new Set(inbox ? ownAddresses(inbox) : []);
  const self = recipients.find(({ address }) => own.has(address));
  if (self)
    throw refused('own_address', `${self.address} is this inbox itself. Take it off; nothing was sent.`);
}

async function threadSubject(tx: Tx, { conversationId }: EmailPlace): Promise<string> {
  const last = conversationId === null ? null : await lastEmailPart(tx, conversationId);
  return replySubject(last?.subject ?? '');
}

export interface ReplyDefaults extends ReplyRecipients {
  from: EmailAddress | null;
  subject: string;
  signature: string;
}

/** What an answer starts from. `agentName`: who writes it. */
export async function replyDefaults(
  tx: Tx,
  inboxes: InboxCache,
  conversation: ConversationRow,
  agentName: string,
): Promise<ReplyDefaults> {
  const inbox = await inboxes.byId(conversation.inbox_id);
  const last = await lastEmailPart(tx, conversation.id);
  const contact: EmailAddress = {
    address: conversation.contact_external_id,
    ...(conversation.contact_name !== null && { name: conversation.contact_name }),
  };
  // Before the first answer there are only those we wrote to.
  const read = answered.safeParse(conversation.reply_address);
  const people = read.success ? read.data : { to: last?.to ?? [], cc: last?.cc ?? [] };
  return {
    ...sender(inbox, agentName),
    subject: replySubject(last?.subject ?? ''),
    ...replyRecipients(people, contact, inbox ? ownAddresses(inbox) : []),
  };
}

/** The same for a first mail. */
export async function firstMailDefaults(
  inboxes: InboxCache,
  inboxId: string,
  agentName: string,
): Promise<ReplyDefaults> {
  return { ...sender(await inboxes.byId(inboxId), agentName), subject: '', to: [], others: [] };
}

function sender(inbox: CachedInbox | null, agentName: string): Pick<ReplyDefaults, 'from' | 'signature'> {
  const [address] = inbox ? ownAddresses(inbox) : [];
  const { fromName, signature } = emailSettings(inbox?.settings ?? {});
  return {
    from: address === undefined ? null : { address, name: fromName || inbox?.name || '' },
    signature: signature.replaceAll(/\{\{\s*agent\.name\s*\}\}/gu, () => agentName).trim(),
  };
}

const person = z.object({ address: z.string(), name: z.string().optional() });
/** What the channel stored of whom an answer goes to. */
const answered = z.object({ to: z.array(person).min(1), cc: z.array(person) });

const refused = (code: string, message: string): ApiError => new ApiError(422, code, message);
