/** Sandbox inboxes of every workspace, for the doubles: a provider knows all its accounts. */
import type pg from 'pg';

/** Ids of the connected ones of these types, oldest first. */
export async function sandboxInboxIds(pool: pg.Pool, types: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'sandbox_inbox_ids',
    text: `select id from inboxes where sandbox and deleted_at is null and type = any($1) order by id`,
    values: [types],
  });
  return rows.map(({ id }) => id);
}
