/** Media rows of inbound messages: what is still to be fetched, and what became of it. */
import type pg from 'pg';
import type { JsonObject } from '#domain/json.ts';

export interface PendingMedia {
  id: string;
  inbox_id: string;
  workspace_id: string;
  source: JsonObject;
  mime_type: string;
  name: string | null;
}

/** What is left to do for an event after its message is shown. */
export async function followUpOf(
  pool: pg.Pool,
  eventId: string,
): Promise<{ inboxId: string; acknowledge: JsonObject | null; media: PendingMedia[] } | null> {
  const { rows } = await pool.query<{
    inbox_id: string;
    message_id: string | null;
    acknowledge: JsonObject | null;
  }>(
    `select inbox_id, message_id, payload -> 'acknowledge' as acknowledge from inbound_events where id = $1`,
    [eventId],
  );
  const event = rows[0];
  if (!event) return null;
  const media = await pool.query<PendingMedia>(
    `select id, inbox_id, workspace_id, source, mime_type, name from media where message_id = $1 and state = 'pending' order by id`,
    [event.message_id],
  );
  return { inboxId: event.inbox_id, acknowledge: event.acknowledge, media: media.rows };
}

export async function mediaStored(
  pool: pg.Pool,
  id: string,
  stored: { storageKey: string; mimeType: string; sizeBytes: number; name: string | null },
): Promise<void> {
  await pool.query(
    `with done as (
       update media set state = 'stored', storage_key = $2, mime_type = $3, size_bytes = $4, name = coalesce(name, $5), stored_at = now()
        where id = $1 returning message_id
     ), message as (
       update messages set parts = (
         select jsonb_agg(case when part ->> 'mediaId' = $1::text then part || jsonb_build_object('mimeType', $3::text, 'sizeBytes', $4::bigint) else part end)
           from jsonb_array_elements(parts) part)
        where id = (select message_id from done) returning id, workspace_id, conversation_id
     )
     select emit_ui(workspace_id, 'message.updated', jsonb_build_object('conversationId', conversation_id, 'messageId', id)) from message`,
    [id, stored.storageKey, stored.mimeType, stored.sizeBytes, stored.name],
  );
}

export async function mediaFailed(pool: pg.Pool, id: string, error: string): Promise<void> {
  await pool.query(
    `with done as (update media set state = 'failed', error = $2 where id = $1 and state = 'pending' returning message_id)
     select emit_ui(m.workspace_id, 'message.updated', jsonb_build_object('conversationId', m.conversation_id, 'messageId', m.id))
       from messages m where m.id = (select message_id from done)`,
    [id, error],
  );
}

export async function storedMedia(
  pool: pg.Pool,
  workspaceId: string,
  mediaId: string,
): Promise<{ storageKey: string; mimeType: string; name: string | null } | null> {
  const { rows } = await pool.query<{ storage_key: string; mime_type: string; name: string | null }>(
    `select storage_key, mime_type, name from media where id = $1 and workspace_id = $2 and state = 'stored'`,
    [mediaId, workspaceId],
  );
  const row = rows[0];
  return row ? { storageKey: row.storage_key, mimeType: row.mime_type, name: row.name } : null;
}
