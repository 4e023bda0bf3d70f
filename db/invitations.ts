/** Invitations into a workspace. What the link carries is kept only as its SHA-256. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { Role } from '#domain/roles.ts';
import type { Db, Tx } from './client.ts';

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  status: 'pending' | 'expired' | 'accepted' | 'canceled';
  expiresAt: string;
  createdAt: string;
}
export interface OpenInvitation {
  id: string;
  workspaceId: string;
  workspaceName: string;
  workspaceSlug: string;
  email: string;
  role: Role;
  expiresAt: Date;
  /** The person's account, if they have one already. */
  userId: string | null;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

interface InvitationRow {
  id: string;
  email: string;
  role: string;
  status: string;
  expires_at: Date;
  created_at: Date;
}
function toInvitation(row: InvitationRow): Invitation {
  const expired = row.status === 'pending' && row.expires_at.getTime() <= Date.now();
  return {
    id: row.id,
    email: row.email,
    role: row.role as Role,
    status: expired ? 'expired' : (row.status as Invitation['status']),
    expiresAt: row.expires_at.toISOString(),
    createdAt: row.created_at.toISOString(),
  };
}

/** Newest first. @param before the id of the last one already seen */
export async function listInvitations(tx: Tx, limit: number, before: string | null): Promise<Invitation[]> {
  let query = tx.selectFrom('invitations').selectAll();
  if (before !== null) query = query.where('id', '<', before);
  return (await query.orderBy('id', 'desc').limit(limit).execute()).map(toInvitation);
}

export interface NewInvitation {
  workspaceId: string;
  /** Lower case. */
  email: string;
  role: Role;
  expiresAt: Date;
  inviterId: string | null;
}

/**
 * Invites; a pending invitation of the same address is taken back, so that only the newest link works.
 * @returns the link's token, the only time it is known; null if this address belongs to a member already
 */
export async function createInvitation(
  tx: Tx,
  input: NewInvitation,
): Promise<{ invitation: Invitation; token: string } | null> {
  const member = await tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .where('users.email', '=', input.email)
    .where('members.workspace_id', '=', input.workspaceId)
    .select('members.id')
    .executeTakeFirst();
  if (member) return null;
  await tx
    .updateTable('invitations')
    .set({ status: 'canceled' })
    .where('workspace_id', '=', input.workspaceId)
    .where('email', '=', input.email)
    .where('status', '=', 'pending')
    .execute();
  const token = randomBytes(32).toString('base64url');
  const row = await tx
    .insertInto('invitations')
    .values({
      id: uuidV7(),
      workspace_id: input.workspaceId,
      email: input.email,
      role: input.role,
      token_hash: hashOf(token),
      expires_at: input.expiresAt,
      inviter_id: input.inviterId,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { invitation: toInvitation(row), token };
}

/** @returns null if there is no pending one with this id */
export async function revokeInvitation(tx: Tx, id: string): Promise<Invitation | null> {
  const row = await tx
    .updateTable('invitations')
    .set({ status: 'canceled' })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  return row ? toInvitation(row) : null;
}

/** The pending, unexpired invitation of a link. Engine pool: whoever holds the link is nobody yet. */
export async function openInvitation(engineDb: Db | Tx, token: string): Promise<OpenInvitation | null> {
  const row = await engineDb
    .selectFrom('invitations')
    .innerJoin('workspaces', 'workspaces.id', 'invitations.workspace_id')
    .leftJoin('users', 'users.email', 'invitations.email')
    .where('invitations.token_hash', '=', hashOf(token))
    .where('invitations.status', '=', 'pending')
    .where(sql<boolean>`invitations.expires_at > now()`)
    .select([
      'invitations.id',
      'invitations.workspace_id',
      'invitations.email',
      'invitations.role',
      'invitations.expires_at',
      'workspaces.name',
      'workspaces.slug',
      'users.id as user_id',
    ])
    .executeTakeFirst();
  if (!row) return null;
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    workspaceName: row.name,
    workspaceSlug: row.slug,
    email: row.email,
    role: row.role as Role,
    expiresAt: row.expires_at,
    userId: row.user_id,
  };
}

/**
 * Makes the person a member and closes the invitation, once: of two that accept at the same time one gets false.
 * Somebody who is a member already keeps their role.
 */
export async function acceptInvitation(tx: Tx, invitation: OpenInvitation, userId: string): Promise<boolean> {
  const closed = await tx
    .updateTable('invitations')
    .set({ status: 'accepted' })
    .where('id', '=', invitation.id)
    .where('status', '=', 'pending')
    .where(sql<boolean>`expires_at > now()`)
    .returning('id')
    .executeTakeFirst();
  if (!closed) return false;
  await tx
    .insertInto('members')
    .values({ id: uuidV7(), workspace_id: invitation.workspaceId, user_id: userId, role: invitation.role })
    .onConflict((conflict) => conflict.columns(['workspace_id', 'user_id']).doNothing())
    .execute();
  return true;
}
