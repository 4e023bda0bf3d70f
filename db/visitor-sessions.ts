/** Visitors' sessions that were ended before their time. The sessions themselves are signed statements and stored nowhere. */
import type { Db, Tx } from './client.ts';

export interface SessionKey {
  inboxId: string;
  visitorId: string;
  externalId: string;
}

/** Engine role: asked before anything else of a request. */
export async function isEnded(db: Db, key: SessionKey): Promise<boolean> {
  const row = await db
    .selectFrom('visitor_endings')
    .select('inbox_id')
    .where('inbox_id', '=', key.inboxId)
    .where('visitor_id', '=', key.visitorId)
    .where('external_id', '=', key.externalId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Idempotent. @param forgetAt when the session would be over by itself @returns whether it is this call that ended it */
export async function endSession(
  tx: Tx | Db,
  workspaceId: string,
  key: SessionKey,
  forgetAt: Date,
): Promise<boolean> {
  const row = await tx
    .insertInto('visitor_endings')
    .values({
      inbox_id: key.inboxId,
      visitor_id: key.visitorId,
      external_id: key.externalId,
      workspace_id: workspaceId,
      forget_at: forgetAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('inbox_id')
    .executeTakeFirst();
  return row !== undefined;
}
