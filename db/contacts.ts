/** Contacts whose provider knows more than their messages tell. */
import type pg from 'pg';
import { storableText } from '#domain/text.ts';

/** The event's contact, if nobody told its name and the provider was never asked; from now on it was. */
export async function claimAsking(
  pool: pg.Pool,
  eventId: string,
): Promise<{ id: string; externalId: string } | null> {
  const { rows } = await pool.query<{ id: string; externalId: string }>(
    `update contacts set asked_at = now()
      where id = (select c.contact_id from inbound_events e join conversations c on c.id = e.conversation_id where e.id = $1)
        and name is null and asked_at is null
     returning id, external_id as "externalId"`,
    [eventId],
  );
  return rows[0] ?? null;
}

/** Fills gaps; what is there stays. Tells the screens. */
export async function fillGaps(
  pool: pg.Pool,
  contactId: string,
  found: { name?: string; email?: string; phone?: string; avatarUrl?: string },
): Promise<void> {
  const texts = [found.name, found.email, found.phone, found.avatarUrl].map((text) =>
    text === undefined ? null : storableText(text),
  );
  await pool.query(
    `with filled as (
       update contacts set name = coalesce(name, $2), email = coalesce(email, $3), phone = coalesce(phone, $4),
              avatar_url = coalesce(avatar_url, $5), updated_at = now() where id = $1 returning id
     )
     select emit_ui(c.workspace_id, 'conversation.updated', jsonb_build_object('conversationId', c.id))
       from filled join conversations c on c.contact_id = filled.id`,
    [contactId, ...texts],
  );
}
