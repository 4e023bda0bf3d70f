/** Where a Live Chat widget was seen. Statistics: counted in memory and added up here. */
import { sql } from 'kysely';
import type { Db, Tx } from './client.ts';

export interface WebsiteSeen {
  inboxId: string;
  workspaceId: string;
  origin: string;
  isAllowed: boolean;
  loads: number;
  lastAt: Date;
}
export interface Website {
  origin: string;
  isAllowed: boolean;
  loads: number;
  firstAt: Date;
  lastAt: Date;
}

/** Anybody can claim any origin: of each kind the latest few of an inbox are kept. */
const keptPerInbox = 50;

/** Engine role. Adds to what is known. Inboxes that are gone meanwhile are passed over. */
export async function recordWebsites(db: Db, seen: readonly WebsiteSeen[]): Promise<void> {
  for (const one of seen) {
    await sql`
      insert into widget_websites as known (inbox_id, origin, workspace_id, is_allowed, loads, first_at, last_at)
      select i.id, ${one.origin}, i.workspace_id, ${one.isAllowed}, ${one.loads}, ${one.lastAt}, ${one.lastAt}
        from inboxes i where i.id = ${one.inboxId}
      on conflict (inbox_id, origin) do update set
        is_allowed = case when excluded.last_at >= known.last_at then excluded.is_allowed else known.is_allowed end,
        loads = known.loads + excluded.loads, last_at = greatest(known.last_at, excluded.last_at)`.execute(
      db,
    );
  }
  for (const inboxId of new Set(seen.map((one) => one.inboxId))) {
    await sql`
      delete from widget_websites where inbox_id = ${inboxId} and origin in (
        select origin from (
          select origin, row_number() over (partition by is_allowed order by last_at desc, origin) as place
            from widget_websites where inbox_id = ${inboxId}) placed
         where place > ${keptPerInbox})`.execute(db);
  }
}

/** The latest first. */
export async function websitesOf(tx: Tx, inboxId: string): Promise<Website[]> {
  const rows = await tx
    .selectFrom('widget_websites')
    .select(['origin', 'is_allowed', 'loads', 'first_at', 'last_at'])
    .where('inbox_id', '=', inboxId)
    .orderBy('last_at', 'desc')
    .execute();
  return rows.map((row) => ({
    origin: row.origin,
    isAllowed: row.is_allowed,
    loads: row.loads,
    firstAt: row.first_at,
    lastAt: row.last_at,
  }));
}
