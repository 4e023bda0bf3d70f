/** API keys: only their SHA-256 is kept. A key speaks for one workspace with one role. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { uuidV7 } from '#domain/ids.ts';
import type { Role } from '#domain/roles.ts';
import type { Db, Tx } from './client.ts';

export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  prefix: string;
  configured: boolean;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
}

const prefixLength = 8;
const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** A new key's text: 256 random bits after a recognisable start. */
export function newApiKey(): string {
  return `tlr_${randomBytes(32).toString('base64url')}`;
}

/** The key this text is, unless revoked or expired. Engine pool: the workspace isn't known before. */
export async function findApiKey(
  engineDb: Db,
  key: string,
): Promise<{ id: string; name: string; role: Role; workspaceId: string } | null> {
  const row = await engineDb
    .selectFrom('api_keys')
    .select(['id', 'name', 'role', 'workspace_id', 'last_used_at'])
    .where('hash', '=', hashOf(key))
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .executeTakeFirst();
  if (!row) return null;
  if (row.last_used_at === null || Date.now() - row.last_used_at.getTime() > 60_000) {
    await engineDb
      .updateTable('api_keys')
      .set({ last_used_at: sql`now()` })
      .where('id', '=', row.id)
      .execute();
  }
  return { id: row.id, name: row.name, role: row.role as Role, workspaceId: row.workspace_id };
}

/** Newest first, without revoked ones. */
export async function listApiKeys(tx: Tx, limit: number, before: string | null): Promise<ApiKey[]> {
  let query = tx.selectFrom('api_keys').selectAll().where('revoked_at', 'is', null);
  if (before !== null) query = query.where('id', '<', before);
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    role: row.role as Role,
    prefix: row.prefix,
    configured: row.configured,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  }));
}

export interface NewApiKey {
  workspaceId: string;
  name: string;
  role: Role;
  expiresAt: Date | null;
  createdBy: string | null;
}

/** @returns the key's text: the only time it is known */
export async function createApiKey(tx: Tx, input: NewApiKey): Promise<{ apiKey: ApiKey; key: string }> {
  const key = newApiKey();
  const row = await tx
    .insertInto('api_keys')
    .values({
      id: uuidV7(),
      workspace_id: input.workspaceId,
      name: input.name,
      role: input.role,
      prefix: key.slice(0, prefixLength),
      hash: hashOf(key),
      created_by: input.createdBy,
      expires_at: input.expiresAt,
    })
    .returning(['id', 'created_at'])
    .executeTakeFirstOrThrow();
  const apiKey: ApiKey = {
    id: row.id,
    name: input.name,
    role: input.role,
    prefix: key.slice(0, prefixLength),
    configured: false,
    createdAt: row.created_at.toISOString(),
    expiresAt: input.expiresAt?.toISOString() ?? null,
    lastUsedAt: null,
  };
  return { apiKey, key };
}

/** Takes effect with the commit. @returns its name, or null if there is no such key (any more) */
export async function revokeApiKey(tx: Tx, id: string): Promise<{ name: string } | null> {
  const row = await tx
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('name')
    .executeTakeFirst();
  return row ?? null;
}

/**
 * Makes the deployment's own key (TELORING_API_KEY) an admin key of the first workspace, and revokes the one configured before.
 * Idempotent; called at each start. @returns false while there is no workspace yet
 */
export async function upsertConfiguredKey(engineDb: Db, key: string): Promise<boolean> {
  return engineDb.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('configured-api-key'))`.execute(tx);
    const workspace = await tx
      .selectFrom('workspaces')
      .select('id')
      .orderBy('created_at')
      .orderBy('id')
      .executeTakeFirst();
    if (!workspace) return false;
    const hash = hashOf(key);
    await tx
      .updateTable('api_keys')
      .set({ revoked_at: sql`now()` })
      .where('configured', '=', true)
      .where('revoked_at', 'is', null)
      .where('hash', '!=', hash)
      .execute();
    await tx
      .insertInto('api_keys')
      .values({
        id: uuidV7(),
        workspace_id: workspace.id,
        name: 'Deployment key',
        role: 'admin',
        prefix: key.slice(0, prefixLength),
        hash,
        configured: true,
      })
      .onConflict((conflict) =>
        conflict.column('hash').doUpdateSet({
          workspace_id: workspace.id,
          role: 'admin',
          configured: true,
          revoked_at: null,
          expires_at: null,
        }),
      )
      .execute();
    return true;
  });
}
