/** One folder of an open IMAP connection: which mails are new, how large they are, and their bytes. Mails stay unread. */
import type { FetchMessageObject, ImapFlow, MessageEnvelopeObject } from 'imapflow';
import { ChannelError } from '../../contract.ts';
import { cleanAddress, readMessageId } from '../addresses.ts';
import { mailEventId } from '../event.ts';
import { asking } from './connection.ts';
import { MAX_RAW_BYTES } from './limits.ts';
import { noteOf } from './too-large.ts';

export interface FolderState {
  /** UIDs mean something only beside it. */
  uidValidity: string;
  /** The next mail gets it, or a higher one. */
  uidNext: number;
  exists: number;
}

/** Opens the folder, for reading only unless told otherwise. @throws ChannelError */
export async function openFolder(
  client: ImapFlow,
  folder: string,
  options: { write?: boolean } = {},
): Promise<FolderState> {
  const opened = await asking(client, `opening ${folder}`, () =>
    client.mailboxOpen(folder, { readOnly: options.write !== true }),
  );
  return { uidValidity: String(opened.uidValidity), uidNext: opened.uidNext, exists: opened.exists };
}

export interface UidRange {
  /** Above this one. */
  after: number;
  /** Up to and with this one; absent = all there are. */
  upTo?: number;
  /** Only what the server got on that day or later. */
  since?: Date;
}

/** UIDs in ascending order. @throws ChannelError */
export async function listUids(client: ImapFlow, range: UidRange): Promise<number[]> {
  const { after, upTo, since } = range;
  if (upTo !== undefined && upTo <= after) return [];
  const found = await asking(client, 'looking for new mails', () =>
    client.search({ uid: `${after + 1}:${upTo ?? '*'}`, ...(since && { since }) }, { uid: true }),
  );
  if (!found) throw new ChannelError('not_sent', 'The mail server refused to search for new mails.');
  // `n:*` names the last mail also where its UID is below n.
  return found
    .filter((uid) => uid > after && uid <= (upTo ?? Infinity))
    .toSorted((one, other) => one - other);
}

export interface MailFacts {
  uid: number;
  size: number;
  /** When the server got it. */
  receivedAtMs: number;
  /** By its Date header; null without one that can be read. */
  datedMs: number | null;
  /** The id its event has or will have (`mailEventId`); null where the server's envelope doesn't say enough. */
  eventId: string | null;
}

/** Those that are gone meanwhile are left out. @throws ChannelError */
export async function describeMails(
  client: ImapFlow,
  uids: readonly number[],
  { withIds }: { withIds: boolean },
): Promise<Map<number, MailFacts>> {
  const found = await asking(client, 'asking about mails', () =>
    client.fetchAll(
      uids.join(','),
      { uid: true, size: true, internalDate: true, envelope: withIds },
      { uid: true },
    ),
  );
  return new Map(found.map((mail) => [mail.uid, factsOf(mail)]));
}

function factsOf(mail: FetchMessageObject): MailFacts {
  const internal = timeOf(mail.internalDate);
  return {
    uid: mail.uid,
    size: mail.size ?? 0,
    receivedAtMs: internal ?? Date.now(),
    datedMs: timeOf(mail.envelope?.date),
    eventId: eventIdOf(mail.envelope),
  };
}

function eventIdOf(envelope: MessageEnvelopeObject | undefined): string | null {
  const messageId = readMessageId(envelope?.messageId ?? '');
  const address = cleanAddress(envelope?.from?.[0]?.address ?? '');
  return messageId === null || address === null ? null : mailEventId({ messageId }, { address });
}

function timeOf(given: Date | string | undefined): number | null {
  if (given === undefined) return null;
  const ms = new Date(given).getTime();
  return Number.isNaN(ms) ? null : ms;
}

/**
 * The mail as it came, its \Seen flag untouched; one that is too large as a note with its headers and the beginning of its text.
 * @returns null where it is gone
 * @throws ChannelError
 */
export async function fetchMail(client: ImapFlow, mail: MailFacts): Promise<Buffer | null> {
  if (mail.size > MAX_RAW_BYTES) return noteOf(client, mail);
  const fetched = await asking(
    client,
    'fetching a mail',
    () => client.fetchOne(String(mail.uid), { uid: true, source: true }, { uid: true }),
    5 * 60_000,
  );
  if (fetched && fetched.source) return fetched.source;
  const [still] = await listUids(client, { after: mail.uid - 1, upTo: mail.uid });
  if (still === undefined) return null;
  throw new ChannelError(
    'not_sent',
    `The mail server lists the mail with UID ${mail.uid} and doesn’t hand it out.`,
  );
}

/** Best effort: a folder that can't be written stays as it is. */
export async function markSeen(client: ImapFlow, uids: readonly number[]): Promise<void> {
  if (uids.length === 0) return;
  await asking(client, 'marking mails as read', () =>
    client.messageFlagsAdd(uids.join(','), ['\\Seen'], { uid: true }),
  );
}
