/** The feed the screens hear: written in the transaction that changed something, read in commit-safe order. */
import { sql } from 'kysely';
import type { JsonObject } from '#domain/json.ts';
import type { Db, Tx } from './client.ts';

export const UI_EVENT_NAMES = [
  'message.created',
  'message.updated',
  'conversation.created',
  'conversation.updated',
  'run.updated',
  'inbox.updated',
  'flow.updated',
  'customer.updated',
  'call.updated',
  'presence.updated',
] as const;
export type UiEventName = (typeof UI_EVENT_NAMES)[number];

/** A place in the feed. Order is (xid, position): positions alone are handed out before their transactions commit. */
export interface FeedCursor {
  xid: string;
  position: number;
}
export interface UiEvent extends FeedCursor {
  workspaceId: string;
  name: string;
  data: JsonObject;
}

/** Tells the screens, if the transaction commits. `data` carries ids only, never text. */
export async function emit(tx: Tx, workspaceId: string, name: UiEventName, data: JsonObject): Promise<void> {
  await tx
    .insertInto('ui_events')
    .values({ workspace_id: workspaceId, name, data: JSON.stringify(data) })
    .execute();
}

/**
 * Events after a place, oldest first, of one workspace or of all (null; engine role). Only events of transactions older than
 * every running one are returned, so nothing can later commit behind the cursor: no loss, no double.
 */
export async function readEvents(
  db: Db,
  workspaceId: string | null,
  after: FeedCursor,
  limit: number,
): Promise<UiEvent[]> {
  let query = db
    .selectFrom('ui_events')
    .select(['xid', 'position', 'workspace_id', 'name', 'data'])
    .where(sql<boolean>`(xid, position) > (${after.xid}::xid8, ${after.position}::bigint)`)
    .where(sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('xid')
    .orderBy('position')
    .limit(limit);
  if (workspaceId !== null) query = query.where('workspace_id', '=', workspaceId);
  const rows = await query.execute();
  return rows.map((row) => ({
    xid: row.xid,
    position: row.position,
    workspaceId: row.workspace_id,
    name: row.name,
    data: row.data as JsonObject,
  }));
}

/** The end of what `readEvents` could return now: where a listener without a past begins. */
export async function feedEnd(db: Db): Promise<FeedCursor> {
  const row = await db
    .selectFrom('ui_events')
    .select(['xid', 'position'])
    .where(sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('xid', 'desc')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? { xid: '0', position: 0 };
}

/** The place of an event a listener has seen, by its position; null where it was pruned or never existed. */
export async function feedCursorAt(db: Db, position: number): Promise<FeedCursor | null> {
  if (position === 0) return { xid: '0', position: 0 };
  const row = await db
    .selectFrom('ui_events')
    .select(['xid', 'position'])
    .where('position', '=', position)
    .executeTakeFirst();
  return row ?? null;
}
