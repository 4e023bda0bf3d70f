/**
 * Live Chat replies that follow their visitor by email. A mail is a row before it is sent, and covers messages up to a seq that no later
 * one covers again; sending is claimed, and a claim that was lost is *unknown*, never repeated: a second copy would be a second mail.
 */
import type pg from 'pg';
import type { JsonObject } from '#domain/json.ts';
import type { Part } from '#domain/message.ts';
import { uuidV7 } from '#domain/ids.ts';
import { inTransaction } from './drive.ts';

export interface MailCandidate {
  conversationId: string;
  workspaceId: string;
  inboxId: string;
  email: string;
  settings: JsonObject;
}

const unread = `m.direction = 'out' and m.author_kind = 'agent' and m.status in ('sent', 'delivered') and m.deleted_at is null`;

/**
 * Conversations with people's replies that have lain unread for as long as their visitor has been away: the inbox's minutes. In pages by
 * id: those that can't be mailed (no server, no real address) stay candidates for days, and nobody must wait behind them.
 */
export async function mailCandidates(
  pool: pg.Pool,
  afterId: string | null = null,
  limit = 200,
): Promise<MailCandidate[]> {
  const { rows } = await pool.query<MailCandidate>(
    `select c.id as "conversationId", c.workspace_id as "workspaceId", c.inbox_id as "inboxId", k.email, i.settings
       from inboxes i
       cross join lateral (select make_interval(mins => coalesce((i.settings #>> '{offlineEmail,afterMinutes}')::integer, 10)) as long) away
       join conversations c on c.workspace_id = i.workspace_id and c.inbox_id = i.id
       join contacts k on k.id = c.contact_id and k.email is not null
       left join visitors v on v.contact_id = k.id
       left join chat_mail_threads t on t.conversation_id = c.id
      where i.type = 'live_chat' and i.deleted_at is null and i.settings #>> '{offlineEmail,enabled}' = 'true'
        and ($1::uuid is null or c.id > $1)
        and coalesce(c.last_message_at, c.created_at) > now() - interval '3 days'
        and t.unsubscribed_at is null
        and coalesce(v.seen_at, c.last_in_at, c.created_at) < now() - away.long
        and exists (select from messages m where m.conversation_id = c.id and m.seq > coalesce(t.mailed_seq, 0) and ${unread}
                       and m.created_at < now() - away.long)
      order by c.id limit $2`,
    [afterId, limit],
  );
  return rows;
}

/** One mail for everything unread there is now. @returns whether there was any */
export async function planMail(pool: pg.Pool, candidate: MailCandidate): Promise<boolean> {
  const { conversationId, workspaceId, inboxId, email } = candidate;
  return inTransaction(pool, async (client) => {
    // Two processes at once: the second one sees what the first has planned.
    await client.query('select from conversations where id = $1 for update', [conversationId]);
    const { rows } = await client.query<{ from: number; to: number }>(
      `select min(m.seq) as from, max(m.seq) as to from messages m
        where m.conversation_id = $1 and ${unread}
          and m.seq > coalesce((select t.mailed_seq from chat_mail_threads t where t.conversation_id = $1), 0)
          and not exists (select from chat_mail_threads t where t.conversation_id = $1 and t.unsubscribed_at is not null)
       having count(*) > 0`,
      [conversationId],
    );
    const [batch] = rows;
    if (!batch) return false;
    await client.query(
      `insert into chat_mails (id, workspace_id, inbox_id, conversation_id, to_address, from_seq, to_seq)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [uuidV7(), workspaceId, inboxId, conversationId, email, batch.from, batch.to],
    );
    await client.query(
      `insert into chat_mail_threads (conversation_id, workspace_id, mailed_seq) values ($1, $2, $3)
       on conflict (conversation_id) do update set mailed_seq = excluded.mailed_seq`,
      [conversationId, workspaceId, batch.to],
    );
    return true;
  });
}

export interface ChatMail {
  id: string;
  conversationId: string;
  inboxId: string;
  to: string;
  attempts: number;
  messages: { parts: Part[]; authorName: string | null; createdAt: Date }[];
  language: string | null;
}

const claimMs = 120_000;

/**
 * The next mail that is due, claimed. What was read meanwhile is left out; where nothing is left, or the visitor wants no mail, it is
 * cancelled. Lost claims become unknown. @param claim fresh, used once
 */
export async function claimMail(pool: pg.Pool, claim: string): Promise<ChatMail | null> {
  await pool.query(
    `update chat_mails set state = 'unknown', settled_at = now(), error = 'The mail server may have taken it: nobody heard its answer.'
      where state = 'sending' and claim_expires_at < now()`,
  );
  for (;;) {
    const { rows } = await pool.query<Omit<ChatMail, 'messages'> & { unsubscribed: boolean }>(
      `update chat_mails x set state = 'sending', claim = $1, claim_expires_at = now() + make_interval(secs => $2), attempts = attempts + 1
        where id = (select id from chat_mails where state = 'planned' and (not_before is null or not_before <= now())
                     order by created_at limit 1 for update skip locked)
       returning id, conversation_id as "conversationId", inbox_id as "inboxId", to_address as "to", attempts,
         (select unsubscribed_at is not null from chat_mail_threads t where t.conversation_id = x.conversation_id) as unsubscribed,
         (select v.language from conversations c join visitors v on v.contact_id = c.contact_id where c.id = x.conversation_id) as language`,
      [claim, claimMs / 1000],
    );
    const [mail] = rows;
    if (!mail) return null;
    const { rows: messages } = await pool.query<ChatMail['messages'][number]>(
      `select m.parts, m.author_name as "authorName", m.created_at as "createdAt" from messages m join chat_mails x on x.id = $1
        where m.conversation_id = x.conversation_id and m.seq between x.from_seq and x.to_seq and ${unread} order by m.seq`,
      [mail.id],
    );
    const { unsubscribed, ...rest } = mail;
    if (!unsubscribed && messages.length > 0) return { ...rest, messages };
    await settleMail(pool, { id: mail.id, claim, state: 'cancelled' });
  }
}

export interface MailSettlement {
  id: string;
  claim: string;
  state: 'sent' | 'failed' | 'unknown' | 'cancelled' | 'planned';
  error?: string;
  /** With `planned`: not before then. */
  notBefore?: Date;
}

/** Believed only from who claimed it. A mail that went out is a line of the conversation. */
export async function settleMail(pool: pg.Pool, input: MailSettlement): Promise<void> {
  await pool.query(
    `with settled as (
       update chat_mails set state = $3, error = $4, not_before = $5, claim = null,
              settled_at = case when $3 <> 'planned' then now() end
        where id = $1 and claim = $2 and state = 'sending'
       returning id, workspace_id, conversation_id, to_address, to_seq, state
     ), line as (
       insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind, data)
       select id, workspace_id, conversation_id, to_seq, 'mailed', 'system', jsonb_build_object('to', to_address) from settled
        where state in ('sent', 'unknown')
       returning workspace_id, conversation_id
     )
     select emit_ui(workspace_id, 'conversation.updated', jsonb_build_object('conversationId', conversation_id)) from line`,
    [input.id, input.claim, input.state, input.error ?? null, input.notBefore ?? null],
  );
}

/** @returns false where there is no such conversation */
export async function unsubscribe(pool: pg.Pool, conversationId: string): Promise<boolean> {
  const { rows } = await pool.query(
    `with stopped as (
       insert into chat_mail_threads (conversation_id, workspace_id, unsubscribed_at)
       select id, workspace_id, now() from conversations where id = $1
       on conflict (conversation_id) do update set unsubscribed_at = coalesce(chat_mail_threads.unsubscribed_at, now())
       returning conversation_id, workspace_id
     )
     select emit_ui(workspace_id, 'conversation.updated', jsonb_build_object('conversationId', conversation_id)) from stopped`,
    [conversationId],
  );
  return rows.length > 0;
}

export interface MailedChat {
  conversationId: string;
  inboxId: string;
  workspaceId: string;
  contactExternalId: string;
  threadKey: string;
  /** Where mails of the conversation went. */
  addresses: string[];
}

/** The Live Chat conversation that one of these mails of ours was of, or of this id; null where there is none. */
export async function mailedChat(
  pool: pg.Pool,
  by: { mailIds: readonly string[]; conversationId: string | null },
): Promise<MailedChat | null> {
  const { rows } = await pool.query<MailedChat>(
    `select c.id as "conversationId", c.inbox_id as "inboxId", c.workspace_id as "workspaceId", k.external_id as "contactExternalId",
            c.thread_key as "threadKey",
            (select array_agg(distinct lower(x.to_address)) from chat_mails x where x.conversation_id = c.id and x.state in ('sent', 'unknown')) as addresses
       from conversations c join contacts k on k.id = c.contact_id
      where c.id = coalesce((select conversation_id from chat_mails where id = any($1::uuid[]) and state in ('sent', 'unknown') limit 1), $2::uuid)
        and exists (select from chat_mails x where x.conversation_id = c.id and x.state in ('sent', 'unknown'))`,
    [by.mailIds, by.conversationId],
  );
  return rows[0] ?? null;
}
