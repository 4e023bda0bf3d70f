/** Members of a workspace, and which workspaces a person belongs to. */
import type { Role } from '#domain/roles.ts';
import type { Db, Tx } from './client.ts';

export interface Membership {
  userId: string;
  userName: string;
  workspaceId: string;
  workspaceName: string;
  workspaceSlug: string;
  role: Role;
}
export interface Member {
  id: string;
  userId: string;
  name: string;
  email: string;
  image: string | null;
  role: Role;
  createdAt: string;
}

/** Every workspace of a person, first joined first. Engine pool only. */
export async function memberships(engineDb: Db, userId: string): Promise<Membership[]> {
  const rows = await engineDb
    .selectFrom('members')
    .innerJoin('workspaces', 'workspaces.id', 'members.workspace_id')
    .innerJoin('users', 'users.id', 'members.user_id')
    .where('members.user_id', '=', userId)
    .select([
      'members.role',
      'workspaces.id',
      'workspaces.name',
      'workspaces.slug',
      'users.name as user_name',
    ])
    .orderBy('members.created_at')
    .orderBy('members.id')
    .execute();
  return rows.map((row) => ({
    userId,
    userName: row.user_name,
    workspaceId: row.id,
    workspaceName: row.name,
    workspaceSlug: row.slug,
    role: row.role as Role,
  }));
}

export async function firstMembership(engineDb: Db, userId: string): Promise<Membership | null> {
  return (await memberships(engineDb, userId))[0] ?? null;
}

/** Engine pool only. @param email in lower case */
export async function userIdByEmail(engineDb: Db, email: string): Promise<string | null> {
  const row = await engineDb.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst();
  return row?.id ?? null;
}

export interface Person {
  id: string;
  name: string;
  email: string;
  image: string | null;
}

/** A member of the transaction's workspace as a person. */
export async function personById(tx: Tx, userId: string): Promise<Person | null> {
  const row = await tx
    .selectFrom('users')
    .select(['id', 'name', 'email', 'image'])
    .where('id', '=', userId)
    .executeTakeFirst();
  return row ?? null;
}

const memberColumns = [
  'members.id',
  'members.user_id',
  'members.role',
  'members.created_at',
  'users.name',
  'users.email',
  'users.image',
] as const;

interface MemberRow {
  id: string;
  user_id: string;
  role: string;
  created_at: Date;
  name: string;
  email: string;
  image: string | null;
}
const toMember = (row: MemberRow): Member => ({
  id: row.id,
  userId: row.user_id,
  name: row.name,
  email: row.email,
  image: row.image,
  role: row.role as Role,
  createdAt: row.created_at.toISOString(),
});

/** Newest first. @param before the id of the last member already seen */
export async function listMembers(tx: Tx, limit: number, before: string | null): Promise<Member[]> {
  let query = tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .select(memberColumns);
  if (before !== null) query = query.where('members.id', '<', before);
  return (await query.orderBy('members.id', 'desc').limit(limit).execute()).map(toMember);
}

/** Locks the row until the transaction ends. */
export async function memberById(tx: Tx, id: string): Promise<Member | null> {
  const row = await tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .select(memberColumns)
    .where('members.id', '=', id)
    .forUpdate('members')
    .executeTakeFirst();
  return row ? toMember(row) : null;
}

export async function memberIdOfUser(tx: Tx, userId: string): Promise<string | null> {
  const row = await tx.selectFrom('members').select('id').where('user_id', '=', userId).executeTakeFirst();
  return row?.id ?? null;
}

/**
 * Changes or removes a member unless that leaves the workspace without an admin. Two such changes at once wait for each other.
 * @returns false if this is the last admin; nothing was changed then
 */
export async function changeMember(
  tx: Tx,
  member: Member,
  change: { role: Role } | 'remove',
): Promise<boolean> {
  const staysAdmin = change !== 'remove' && change.role === 'admin';
  if (member.role === 'admin' && !staysAdmin) {
    const admins = await tx
      .selectFrom('members')
      .select('id')
      .where('role', '=', 'admin')
      .orderBy('id')
      .forUpdate()
      .execute();
    if (admins.every((admin) => admin.id === member.id)) return false;
  }
  if (change === 'remove') await tx.deleteFrom('members').where('id', '=', member.id).execute();
  else await tx.updateTable('members').set({ role: change.role }).where('id', '=', member.id).execute();
  return true;
}
