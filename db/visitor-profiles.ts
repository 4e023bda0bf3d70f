/** What is known of a visitor beside their messages: what they answered, whether the website vouched for them, when they were there. */
import { sql } from 'kysely';
import type { JsonObject } from '#domain/json.ts';
import type { PreChatAnswer } from '#domain/live-chat/pre-chat.ts';
import { uuidV7 } from '#domain/ids.ts';
import { storableJson, storableText } from '#domain/text.ts';
import type { Db, Tx } from './client.ts';
import { orderKeyOf } from './inbound-events.ts';
import { emit } from './ui-events.ts';
import type { VisitorKey } from './visitors.ts';

export interface VisitorProfile {
  contactId: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  language: string | null;
  /** Null where they were not asked, or didn't answer yet. */
  answers: PreChatAnswer[] | null;
  hasWritten: boolean;
  seenAt: Date | null;
  identifiedAt: Date | null;
  consentedAt: Date | null;
}

/** Null for a visitor who has left nothing behind. */
export async function visitorProfile(tx: Tx, visitor: VisitorKey): Promise<VisitorProfile | null> {
  const { rows } = await sql<VisitorProfile>`
    select k.id as "contactId", k.name, k.email, k.phone, v.language, v.answers, v.seen_at as "seenAt", v.identified_at as "identifiedAt",
           v.consented_at as "consentedAt",
           exists (select from conversations c where c.contact_id = k.id and c.last_in_seq > 0) as "hasWritten"
      from contacts k left join visitors v on v.contact_id = k.id
     where k.inbox_id = ${visitor.inboxId} and k.external_id = ${visitor.externalId}`.execute(tx);
  return rows[0] ?? null;
}

/** Of a conversation's contact, for the team. */
export async function visitorOf(
  tx: Tx,
  conversationId: string,
): Promise<
  (VisitorProfile & { externalId: string; fields: JsonObject; unsubscribedAt: Date | null }) | null
> {
  const row = await tx
    .selectFrom('conversations as c')
    .innerJoin('contacts as k', 'k.id', 'c.contact_id')
    .leftJoin('chat_mail_threads as t', 't.conversation_id', 'c.id')
    .select(['k.inbox_id', 'k.external_id', 'k.fields', 't.unsubscribed_at'])
    .where('c.id', '=', conversationId)
    .executeTakeFirst();
  if (!row) return null;
  const profile = await visitorProfile(tx, { inboxId: row.inbox_id, externalId: row.external_id });
  return (
    profile && {
      ...profile,
      externalId: row.external_id,
      fields: row.fields as JsonObject,
      unsubscribedAt: row.unsubscribed_at,
    }
  );
}

export interface Answered {
  workspaceId: string;
  visitor: VisitorKey;
  answers: readonly PreChatAnswer[];
  consented: boolean;
  language: string | null;
}

/**
 * What a visitor answered before their first message; the contact is made here. Only of this inbox and this browser: nothing they say
 * of themselves leads to anybody else's contact. The first answers stand. @returns false where they had answered before
 */
export async function storeAnswers(tx: Tx, input: Answered): Promise<boolean> {
  const answers = storableJson(input.answers as unknown as JsonObject[]) as unknown as PreChatAnswer[];
  const of = (kind: PreChatAnswer['kind']): string | null =>
    answers.find((answer) => answer.kind === kind)?.value ?? null;
  const fields = Object.fromEntries(
    answers.filter(({ kind }) => kind === 'choice' || kind === 'text').map(({ key, value }) => [key, value]),
  );
  const contactId = await meetVisitor(tx, input.workspaceId, input.visitor);
  const stored = await tx
    .insertInto('visitors')
    .values({
      contact_id: contactId,
      workspace_id: input.workspaceId,
      language: input.language,
      answers: JSON.stringify(answers),
      answered_at: new Date(),
      consented_at: input.consented ? new Date() : null,
    })
    .onConflict((conflict) =>
      conflict
        .column('contact_id')
        .doUpdateSet((eb) => ({
          language: eb.fn.coalesce('excluded.language', 'visitors.language'),
          answers: eb.ref('excluded.answers'),
          answered_at: eb.ref('excluded.answered_at'),
          consented_at: eb.ref('excluded.consented_at'),
        }))
        .where('visitors.answered_at', 'is', null),
    )
    .returning('contact_id')
    .executeTakeFirst();
  if (!stored) return false;
  await sql`update contacts set name = coalesce(name, ${of('name')}), email = coalesce(email, ${of('email')}),
      phone = coalesce(phone, ${of('phone')}), fields = fields || ${JSON.stringify(fields)}::jsonb, updated_at = now()
    where id = ${contactId}`.execute(tx);
  await tellScreens(tx, input.workspaceId, contactId);
  return true;
}

const mostFields = 100;

/** What the website's page says of its visitor: `contact.fields.*`, unverified. Null takes a field away. Past 100 nothing new is kept. */
export async function storeFields(
  tx: Tx,
  workspaceId: string,
  visitor: VisitorKey,
  given: JsonObject,
): Promise<void> {
  const contactId = await meetVisitor(tx, workspaceId, visitor);
  const fields = JSON.stringify(storableJson(given));
  const { rows } = await sql<{ id: string }>`
    update contacts set fields = jsonb_strip_nulls(fields || ${fields}::jsonb), updated_at = now()
     where id = ${contactId} and fields is distinct from jsonb_strip_nulls(fields || ${fields}::jsonb)
       and (select count(*) from jsonb_object_keys(fields || ${fields}::jsonb)) <= ${mostFields}
    returning id`.execute(tx);
  if (rows.length > 0) await tellScreens(tx, workspaceId, contactId);
}

export interface Identified {
  workspaceId: string;
  inboxId: string;
  /** The session's contact until now, where it is anonymous and goes on as the person; null = nothing is taken along. */
  from: string | null;
  /** The person's contact, by its external id. */
  to: string;
  name: string | null;
  email: string | null;
  phone: string | null;
}

/** Anonymous conversations younger than this go on as the person's. */
const carriedHours = 24;

/**
 * The website vouched for a person: their contact is met or made, and what it says of them now stands. Engine role: what of the
 * visitor was accepted and not yet stored is stored first. See `become_person` for what is taken along.
 */
export async function identifyVisitor(tx: Tx, input: Identified): Promise<void> {
  const { workspaceId, inboxId, from, to } = input;
  if (from !== null) {
    await sql`select become_person(${workspaceId}, ${inboxId}, ${from}, ${to}, ${orderKeyOf(inboxId, '', from)},
      make_interval(hours => ${carriedHours}))`.execute(tx);
  }
  const contactId = await meetVisitor(tx, workspaceId, { inboxId, externalId: to });
  await sql`update contacts set name = coalesce(${clean(input.name)}, name), email = coalesce(${clean(input.email)}, email),
      phone = coalesce(${clean(input.phone)}, phone), updated_at = now() where id = ${contactId}`.execute(tx);
  await sql`insert into visitors (contact_id, workspace_id, identified_at) values (${contactId}, ${workspaceId}, now())
    on conflict (contact_id) do update set identified_at = coalesce(visitors.identified_at, excluded.identified_at)`.execute(
    tx,
  );
  await tellScreens(tx, workspaceId, contactId);
}

const clean = (text: string | null): string | null => text && storableText(text);

/** Whom a browser's id now leads to, after the website vouched for its visitor. */
export async function becameOf(tx: Tx, visitor: VisitorKey): Promise<string | null> {
  const row = await tx
    .selectFrom('contact_aliases as a')
    .innerJoin('contacts as k', 'k.id', 'a.contact_id')
    .select('k.external_id')
    .where('a.inbox_id', '=', visitor.inboxId)
    .where('a.external_id', '=', visitor.externalId)
    .executeTakeFirst();
  return row?.external_id ?? null;
}

/** They have the chat open. @returns false for who has left nothing else behind: of them nothing is kept */
export async function markSeen(db: Db, visitor: VisitorKey, language: string | null): Promise<boolean> {
  const { rows } = await sql`insert into visitors (contact_id, workspace_id, seen_at, language)
    select id, workspace_id, now(), ${language} from contacts where inbox_id = ${visitor.inboxId} and external_id = ${visitor.externalId}
    on conflict (contact_id) do update set seen_at = now(), language = coalesce(excluded.language, visitors.language)
    returning contact_id`.execute(db);
  return rows.length > 0;
}

/** The id of the visitor's contact; made where there is none. */
async function meetVisitor(tx: Tx, workspaceId: string, visitor: VisitorKey): Promise<string> {
  await tx
    .insertInto('contacts')
    .values({
      id: uuidV7(),
      workspace_id: workspaceId,
      inbox_id: visitor.inboxId,
      external_id: visitor.externalId,
      fields: '{}',
    })
    .onConflict((conflict) => conflict.columns(['inbox_id', 'external_id']).doNothing())
    .execute();
  const row = await tx
    .selectFrom('contacts')
    .select('id')
    .where('inbox_id', '=', visitor.inboxId)
    .where('external_id', '=', visitor.externalId)
    .executeTakeFirstOrThrow();
  return row.id;
}

async function tellScreens(tx: Tx, workspaceId: string, contactId: string): Promise<void> {
  const conversations = await tx
    .selectFrom('conversations')
    .select('id')
    .where('contact_id', '=', contactId)
    .where('status', '<>', 'resolved')
    .execute();
  for (const { id } of conversations)
    await emit(tx, workspaceId, 'conversation.updated', { conversationId: id });
}
