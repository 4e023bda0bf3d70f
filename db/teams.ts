/** Teams of a workspace: who answers what together. */
import { uuidV7 } from '#domain/ids.ts';
import type { Tx } from './client.ts';

export interface Team {
  id: string;
  name: string;
  /** User ids. */
  memberIds: string[];
  createdAt: string;
}

/** Newest first. @param before the id of the last one already seen */
export async function listTeams(tx: Tx, limit: number, before: string | null): Promise<Team[]> {
  let query = tx.selectFrom('teams').selectAll();
  if (before !== null) query = query.where('id', '<', before);
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return withMembers(tx, rows);
}

export async function teamById(tx: Tx, id: string): Promise<Team | null> {
  const rows = await tx.selectFrom('teams').selectAll().where('id', '=', id).execute();
  return (await withMembers(tx, rows))[0] ?? null;
}

async function withMembers(tx: Tx, rows: { id: string; name: string; created_at: Date }[]): Promise<Team[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const members = await tx
    .selectFrom('team_members')
    .select(['team_id', 'user_id'])
    .where('team_id', 'in', ids)
    .orderBy('created_at')
    .orderBy('user_id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    memberIds: members.filter((member) => member.team_id === row.id).map((member) => member.user_id),
    createdAt: row.created_at.toISOString(),
  }));
}

/** @throws a unique violation if the name is taken */
export async function createTeam(tx: Tx, workspaceId: string, name: string): Promise<string> {
  const id = uuidV7();
  await tx.insertInto('teams').values({ id, workspace_id: workspaceId, name }).execute();
  return id;
}

/** @throws a unique violation if the name is taken. @returns false if there is no such team */
export async function renameTeam(tx: Tx, id: string, name: string): Promise<boolean> {
  const result = await tx.updateTable('teams').set({ name }).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** @throws a foreign key violation if one of them is no member of the workspace */
export async function setTeamMembers(
  tx: Tx,
  workspaceId: string,
  teamId: string,
  userIds: string[],
): Promise<void> {
  let gone = tx.deleteFrom('team_members').where('team_id', '=', teamId);
  if (userIds.length > 0) gone = gone.where('user_id', 'not in', userIds);
  await gone.execute();
  if (userIds.length === 0) return;
  await tx
    .insertInto('team_members')
    .values(userIds.map((userId) => ({ workspace_id: workspaceId, team_id: teamId, user_id: userId })))
    .onConflict((conflict) => conflict.columns(['team_id', 'user_id']).doNothing())
    .execute();
}

/** Its conversations stay, without a team. */
export async function deleteTeam(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('teams').where('id', '=', id).execute();
}
