/** Password hashes are the auth library's; this one verb is for people it can't reach. */
import type { Db } from './client.ts';

/** Sets the hash and ends every session of theirs, in one transaction. @returns false where nobody has this address */
export async function setPasswordHash(engineDb: Db, email: string, hash: string): Promise<boolean> {
  return engineDb.transaction().execute(async (tx) => {
    const user = await tx.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst();
    if (!user) return false;
    const changed = await tx
      .updateTable('accounts')
      .set({ password: hash, updated_at: new Date() })
      .where('user_id', '=', user.id)
      .where('provider_id', '=', 'credential')
      .executeTakeFirst();
    await tx.deleteFrom('sessions').where('user_id', '=', user.id).execute();
    return changed.numUpdatedRows > 0n;
  });
}
