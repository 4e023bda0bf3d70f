/** What we change about the auth library's sessions ourselves, and the count of wrong passwords. Engine pool only. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from './client.ts';

/** Lets a session go on in this workspace. */
export async function activateWorkspace(
  engineDb: Db,
  sessionToken: string,
  workspaceId: string,
): Promise<void> {
  await engineDb
    .updateTable('sessions')
    .set({ active_workspace_id: workspaceId, updated_at: sql`now()` })
    .where('token', '=', sessionToken)
    .execute();
}

const windowMinutes = 15;
const keyOf = (what: string): Buffer => createHash('sha256').update(what).digest();

/**
 * Counts one try before it is made, so that tries at the same time can't pass together.
 * @returns how many there were within 15 minutes, this one included
 */
export async function countSignInTry(engineDb: Db, what: string): Promise<number> {
  const row = await engineDb
    .insertInto('sign_in_failures')
    .values({ key: keyOf(what), failures: 1 })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({
        failures: sql<number>`case when sign_in_failures.window_started_at < now() - make_interval(mins => ${windowMinutes})
          then 1 else sign_in_failures.failures + 1 end`,
        window_started_at: sql<Date>`case when sign_in_failures.window_started_at < now() - make_interval(mins => ${windowMinutes})
          then now() else sign_in_failures.window_started_at end`,
      }),
    )
    .returning('failures')
    .executeTakeFirstOrThrow();
  return row.failures;
}

/** After a right password; also forgets counts nobody needs any more. */
export async function forgetSignInTries(engineDb: Db, whats: string[]): Promise<void> {
  await engineDb
    .deleteFrom('sign_in_failures')
    .where((where) =>
      where.or([
        where('key', 'in', whats.map(keyOf)),
        where('window_started_at', '<', sql<Date>`now() - make_interval(mins => ${windowMinutes})`),
      ]),
    )
    .execute();
}
