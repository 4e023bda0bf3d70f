/** Who is there: heartbeats of open screens, what members say of themselves, and whom a call may ring. */
import { sql } from 'kysely';
import type pg from 'pg';
import type { PresenceChoice, PresenceStatus } from '#domain/call.ts';
import type { Db, Tx } from './client.ts';

export interface PresenceRow {
  userId: string;
  name: string;
  role: string;
  chosen: PresenceChoice;
  status: PresenceStatus;
  callId: string | null;
  wrapUpUntil: Date | null;
  seenAt: Date | null;
  lastRungAt: Date | null;
  lastCallAt: Date | null;
  /** Their phone rings for a call already. */
  isRung: boolean;
}

const columns = `user_id as "userId", name, role, chosen, status, call_id as "callId", wrap_up_until as "wrapUpUntil", seen_at as "seenAt",
                 last_rung_at as "lastRungAt", last_call_at as "lastCallAt", is_rung as "isRung"`;

/** Every member of the transaction's workspace, by name. */
export async function listPresences(tx: Tx, workspaceId: string): Promise<PresenceRow[]> {
  const { rows } = await sql<PresenceRow>`
    select ${sql.raw(columns)} from presences_of(${workspaceId}::uuid) order by name, user_id`.execute(tx);
  return rows;
}

/** The same for the engine. */
export async function presencesOf(
  client: Pick<pg.Pool, 'query'>,
  workspaceId: string,
): Promise<PresenceRow[]> {
  const { rows } = await client.query<PresenceRow>(
    `select ${columns} from presences_of($1::uuid) order by name, user_id`,
    [workspaceId],
  );
  return rows;
}

/** A sign of life. Engine's pool: a statement of its own, for rows of members are locked one at a time. */
export async function seen(db: Db, workspaceId: string, userId: string): Promise<void> {
  await sql`insert into presences (workspace_id, user_id, seen_at) values (${workspaceId}, ${userId}, clock_timestamp())
            on conflict (workspace_id, user_id) do update set seen_at = clock_timestamp()`.execute(db);
  await showPresences(db, workspaceId);
}

/** Counts as a sign of life. Engine's pool, as `seen`. */
export async function choosePresence(
  db: Db,
  workspaceId: string,
  userId: string,
  chosen: PresenceChoice,
): Promise<void> {
  await sql`insert into presences (workspace_id, user_id, seen_at, chosen) values (${workspaceId}, ${userId}, clock_timestamp(), ${chosen})
            on conflict (workspace_id, user_id) do update set seen_at = clock_timestamp(), chosen = excluded.chosen`.execute(
    db,
  );
  await showPresences(db, workspaceId);
}

/** Tells the screens of everybody who is seen otherwise than they were told. Idempotent. */
export async function showPresences(db: Db, workspaceId: string): Promise<void> {
  await sql`select show_presences(${workspaceId}::uuid)`.execute(db);
}

/** The same in every workspace, for those whose time has passed. */
export async function showPassed(pool: pg.Pool): Promise<void> {
  await pool.query(
    `select show_presences(workspace_id) from (
       select distinct workspace_id from presences
        where shown <> 'offline' order by workspace_id) w`,
  );
}
