/** Which thread a mail belongs to, and which mails are ours. The rules, and the lock they are applied under, are in 0007_email.sql. */
import { hash } from 'node:crypto';
import type pg from 'pg';
import { uuidV7 } from '#domain/ids.ts';
import { toJsonb } from '#domain/text.ts';
import type { Tx } from './client.ts';

export interface Reference {
  /** Message-ID, with brackets. */
  id: string;
  /** The outbox row that our own Message-IDs name. */
  outboxId: string | null;
}
export interface MailToPlace {
  messageId: string;
  /** Addresses in lower case. */
  sender: string;
  recipients: readonly string[];
  /** What it answers, the most telling first. */
  references: readonly Reference[];
  /** The thread that a signed reply address names; its signature was checked. */
  token: string | null;
  /** Its subject, as `readSubject` reads it. */
  about: string;
  isReply: boolean;
  /** False for a proven forgery: it joins nothing, and nobody joins it. */
  mayJoin: boolean;
  /** Whether flows may answer it. */
  triggers: boolean;
}
export interface Placed {
  threadId: string;
  /** Whose thread it is. */
  contact: string;
  /** Whether flows may answer it: not where its writer has had as many answers as one address gets in an hour. */
  triggers: boolean;
}

/** How many mails of one address may start automatic answers within an hour: more is a machine, or two of them. */
export const MOST_ANSWERED_PER_HOUR = 20;
/** How long an answer that names no mail is recognised by its subject. */
const SUBJECT_DAYS = 14;

/** Idempotent by Message-ID and sender; one transaction. */
export async function placeEmail(
  pool: pg.Pool,
  inbox: { id: string; workspaceId: string },
  mail: MailToPlace,
): Promise<Placed> {
  const { messageId, references, ...rest } = mail;
  const asked = {
    ...rest,
    hash: hashOf(messageId),
    references: references.map(({ id, outboxId }) => ({ id, outbox: outboxId, hash: hashOf(id) })),
    subjectDays: SUBJECT_DAYS,
    mostPerHour: MOST_ANSWERED_PER_HOUR,
  };
  const { rows } = await pool.query<{ placed: Placed }>({
    name: 'place_email',
    text: 'select place_email($1::uuid, $2::uuid, $3::jsonb) as placed',
    values: [inbox.workspaceId, inbox.id, toJsonb(asked)],
  });
  const [row] = rows;
  if (!row) throw new Error('place_email answered nothing.');
  return row.placed;
}

/** The thread of a conversation that we begin: its id is the conversation's thread key. */
export async function openEmailThread(
  tx: Tx,
  thread: { workspaceId: string; inboxId: string; contact: string; about: string },
): Promise<string> {
  const id = uuidV7();
  await tx
    .insertInto('email_threads')
    .values({
      id,
      workspace_id: thread.workspaceId,
      inbox_id: thread.inboxId,
      contact_address: thread.contact.toLowerCase(),
      about: thread.about,
    })
    .execute();
  return id;
}

/** The message that was sent with this outbox row, if it is this inbox's. */
export async function sentMail(
  pool: pg.Pool,
  inboxId: string,
  outboxId: string,
): Promise<{ providerMessageId: string | null } | null> {
  const { rows } = await pool.query<{ provider_message_id: string | null }>(
    `select m.provider_message_id from outbox o join messages m on m.id = o.message_id where o.id = $1 and o.inbox_id = $2`,
    [outboxId, inboxId],
  );
  return rows[0] ? { providerMessageId: rows[0].provider_message_id } : null;
}

/** The addresses of the workspace's email inboxes: a mail from one of them is our own. */
export async function inboxAddresses(pool: pg.Pool, workspaceId: string, type: string): Promise<string[]> {
  const { rows } = await pool.query<{ account_key: string }>(
    'select account_key from inboxes where workspace_id = $1 and type = $2 and deleted_at is null',
    [workspaceId, type],
  );
  return rows.map((row) => row.account_key);
}

/** One of our messages that the provider knows by this id. */
export async function sentByProviderId(
  pool: pg.Pool,
  inboxId: string,
  providerMessageId: string,
): Promise<boolean> {
  const { rows } = await pool.query(
    `select 1 from messages where inbox_id = $1 and provider_message_id = $2 and direction = 'out' limit 1`,
    [inboxId, providerMessageId],
  );
  return rows.length > 0;
}

function hashOf(messageId: string): string {
  return hash('sha256', messageId, 'hex');
}

export async function inboxOfThread(pool: pg.Pool, threadId: string): Promise<string | null> {
  const { rows } = await pool.query<{ inbox_id: string }>(
    'select inbox_id from email_threads where id = $1',
    [threadId],
  );
  return rows[0]?.inbox_id ?? null;
}
