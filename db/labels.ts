/** Labels of a workspace. Conversations hold their names, so renaming or deleting one goes through them too. */
import { sql } from 'kysely';
import type { Tx } from './client.ts';

export interface Label {
  name: string;
  color: string;
  createdAt: string;
}

/** By name. @param after the name of the last one already seen */
export async function listLabels(tx: Tx, limit: number, after: string | null): Promise<Label[]> {
  let query = tx.selectFrom('labels').select(['name', 'color', 'created_at']);
  if (after !== null) query = query.where('name', '>', after);
  const rows = await query.orderBy('name').limit(limit).execute();
  return rows.map((row) => ({ name: row.name, color: row.color, createdAt: row.created_at.toISOString() }));
}

/** @throws a unique violation if it exists */
export async function createLabel(
  tx: Tx,
  workspaceId: string,
  label: { name: string; color: string },
): Promise<Label> {
  const row = await tx
    .insertInto('labels')
    .values({ workspace_id: workspaceId, ...label })
    .returning('created_at')
    .executeTakeFirstOrThrow();
  return { ...label, createdAt: row.created_at.toISOString() };
}

/** Takes the label off every conversation too. @returns false if there is no such label */
export async function deleteLabel(tx: Tx, name: string): Promise<boolean> {
  const result = await tx.deleteFrom('labels').where('name', '=', name).executeTakeFirst();
  if (result.numDeletedRows === 0n) return false;
  await sql`update conversations set labels = array_remove(labels, ${name}) where labels @> array[${name}]`.execute(
    tx,
  );
  return true;
}

/** @throws a unique violation if `to.name` is another label's. @returns false if there is no such label */
export async function changeLabel(
  tx: Tx,
  name: string,
  to: { name: string; color?: string },
): Promise<boolean> {
  const result = await tx.updateTable('labels').set(to).where('name', '=', name).executeTakeFirst();
  if (result.numUpdatedRows === 0n) return false;
  if (to.name !== name) {
    await sql`update conversations set labels = array_replace(labels, ${name}, ${to.name}) where labels @> array[${name}]`.execute(
      tx,
    );
  }
  return true;
}
