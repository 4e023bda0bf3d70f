import { sql } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { Db, Tx } from './client.ts';

export interface Workspace {
  id: string;
  name: string;
  slug: string;
}

export async function workspaceById(tx: Tx, id: string): Promise<Workspace | null> {
  return (
    (await tx
      .selectFrom('workspaces')
      .select(['id', 'name', 'slug'])
      .where('id', '=', id)
      .executeTakeFirst()) ?? null
  );
}

/**
 * Makes sure that the workspace exists and that the person is its admin. Idempotent; an existing name and role stay.
 * Engine pool only. @returns the workspace's id
 */
export async function ensureWorkspaceWithAdmin(
  engineDb: Db,
  workspace: { name: string; slug: string },
  userId: string,
): Promise<string> {
  return engineDb.transaction().execute(async (tx) => {
    const { id } = await tx
      .insertInto('workspaces')
      .values({ id: uuidV7(), name: workspace.name, slug: workspace.slug })
      .onConflict((conflict) => conflict.column('slug').doUpdateSet({ slug: sql`excluded.slug` }))
      .returning('id')
      .executeTakeFirstOrThrow();
    await tx
      .insertInto('members')
      .values({ id: uuidV7(), workspace_id: id, user_id: userId, role: 'admin' })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'user_id']).doNothing())
      .execute();
    return id;
  });
}
