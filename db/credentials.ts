/** Credentials that renew themselves: read and replaced only by whoever still sees what it read. */
import type pg from 'pg';

export async function sealedCredentials(pool: pg.Pool, inboxId: string): Promise<Buffer | null> {
  const { rows } = await pool.query<{ credentials: Buffer }>(
    'select credentials from inboxes where id = $1',
    [inboxId],
  );
  return rows[0]?.credentials ?? null;
}

/** @returns false where they are others by now; then nothing was written */
export async function replaceCredentials(
  pool: pg.Pool,
  inboxId: string,
  before: Buffer,
  after: Buffer,
): Promise<boolean> {
  const { rows } = await pool.query(
    `with done as (update inboxes set credentials = $3 where id = $1 and credentials = $2 returning id)
     select pg_notify('teloring_inbox', id::text) from done`,
    [inboxId, before, after],
  );
  return rows.length === 1;
}
