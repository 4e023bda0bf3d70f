/**
 * What several inboxes share at a provider: one webhook subscription per page or account, whose fields every call replaces. So whoever
 * connects or disconnects one asks which others hang on it, and nobody else may do so meanwhile.
 */
import type pg from 'pg';

/** The connected inboxes of a type that hang on a subscription. */
export async function inboxIdsOn(pool: pg.Pool, type: string, subscription: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from inboxes where subscription_key = $1 and type = $2 and deleted_at is null order by id`,
    [subscription, type],
  );
  return rows.map(({ id }) => id);
}

/** Types of the other connected inboxes on this subscription, in the whole deployment. */
export async function siblingTypes(
  pool: pg.Pool,
  subscription: string,
  inbox: { id: string; sandbox: boolean },
): Promise<string[]> {
  const { rows } = await pool.query<{ type: string }>(
    `select distinct type from inboxes
      where subscription_key = $1 and sandbox = $2 and id <> $3 and deleted_at is null order by type`,
    [subscription, inbox.sandbox, inbox.id],
  );
  return rows.map(({ type }) => type);
}

const waitMs = 30_000;

/** Nobody else connects or disconnects on this subscription until `release`, in no process. @throws after half a minute of waiting */
export async function lockSubscription(pool: pg.Pool, subscription: string): Promise<() => Promise<void>> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`set local lock_timeout = ${waitMs}`);
    await client.query('select pg_advisory_xact_lock(7002, hashtext($1))', [subscription]);
  } catch (error) {
    client.release(true);
    throw error;
  }
  return async () => {
    await client.query('rollback').then(
      () => client.release(),
      // The connection is lost, and the lock with it.
      () => client.release(true),
    );
  };
}
