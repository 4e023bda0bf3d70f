/** Mails of people, as their mail programs write them, and the rows they become. */
import MailComposer, { type MailComposerOptions } from 'nodemailer/lib/mail-composer';
import { ingestOnly } from '#db/drive.ts';
import { poolOf } from '#db/client.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import {
  createEmailReceiver,
  type EmailReceiver,
  type IncomingMail,
  type Reception,
} from '../../api/email/receive.ts';
import type { TestApi } from './api.ts';

export const MAIL_DOMAIN = 'mail.example';
export const emailEnv = { MANAGED_EMAIL_DOMAIN: MAIL_DOMAIN };

export interface ManagedInbox {
  id: string;
  address: string;
  secret: string;
}

export async function createManagedInbox(
  api: TestApi,
  name = 'Support',
  key?: string,
): Promise<ManagedInbox> {
  const response = await api.request('/api/inboxes', {
    body: { type: 'email', name, credentials: { kind: 'managed' } },
    ...(key === undefined ? {} : { key }),
  });
  if (response.status !== 201)
    throw new Error(`Create answered ${response.status}: ${await response.text()}`);
  const { inbox, secret } = (await response.json()) as {
    inbox: { id: string; account: { externalId: string } };
    secret: string;
  };
  return { id: inbox.id, address: inbox.account.externalId, secret };
}

export function buildMail(options: MailComposerOptions): Promise<Buffer> {
  return new MailComposer(options).compile().build();
}

export interface Landed {
  reception: Reception;
  conversationId: string;
  contact: string;
  threadKey: string;
  author: string;
  parts: { kind: string; [key: string]: unknown }[];
  text: string;
  automation: string | null;
  messageId: string;
}

/** Receives and ingests, as its workflow would. */
export async function land(
  api: TestApi,
  inbox: Pick<ManagedInbox, 'id'>,
  mail: MailComposerOptions | Buffer,
  options: { envelope?: IncomingMail['envelope']; receiver?: EmailReceiver } = {},
): Promise<Landed> {
  const receiver = options.receiver ?? createEmailReceiver(api.deps);
  const raw = Buffer.isBuffer(mail) ? mail : await buildMail(mail);
  const reception = await receiver.receive(await cachedInbox(api, inbox.id), {
    raw,
    receivedAtMs: Date.now(),
    ...(options.envelope && { envelope: options.envelope }),
  });
  if (reception.kind !== 'accepted') throw new Error(`The mail was set aside: ${reception.reason}`);
  return { reception, ...(await landed(api, reception.eventId)) };
}

export async function cachedInbox(api: TestApi, id: string): Promise<CachedInbox> {
  const inbox = await api.deps.inboxes.byId(id);
  if (!inbox) throw new Error(`There is no inbox ${id}.`);
  return inbox;
}

export async function landed(api: TestApi, eventId: string): Promise<Omit<Landed, 'reception'>> {
  const pool = poolOf(api.deps.engineDb);
  await ingestOnly(pool, eventId);
  const { rows } = await pool.query<Omit<Landed, 'reception'>>(
    `select c.id as "conversationId", k.external_id as contact, c.thread_key as "threadKey", m.author_external_id as author, m.parts, m.text,
            m.automation, m.id as "messageId"
       from inbound_events e join messages m on m.id = e.message_id join conversations c on c.id = m.conversation_id
       join contacts k on k.id = c.contact_id where e.id = $1`,
    [eventId],
  );
  const [row] = rows;
  if (!row) throw new Error(`Event ${eventId} became no message.`);
  return row;
}
