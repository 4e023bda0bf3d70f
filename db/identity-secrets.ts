/** What websites sign their visitors' ids with. Two are good at once, so that a page with the old one works while it is replaced. */
import { randomBytes } from 'node:crypto';
import { uuidV7 } from '#domain/ids.ts';
import type { Db, Tx } from './client.ts';
import { open, seal, type Keyring } from './keyring.ts';

export const MOST_SECRETS = 2;

export interface SecretRow {
  id: string;
  created_at: Date;
}

/** Newest first. */
export async function listSecrets(tx: Tx, inboxId: string): Promise<SecretRow[]> {
  return tx
    .selectFrom('identity_secrets')
    .select(['id', 'created_at'])
    .where('inbox_id', '=', inboxId)
    .orderBy('id', 'desc')
    .execute();
}

/** A new secret, shown this once; of the others only the newest stays. */
export async function rotateSecret(
  tx: Tx,
  keyring: Keyring,
  input: { workspaceId: string; inboxId: string },
): Promise<{ id: string; secret: string }> {
  // One rotation after the other, or both would keep one too many.
  await tx.selectFrom('inboxes').select('id').where('id', '=', input.inboxId).forUpdate().execute();
  const [id, secret] = [uuidV7(), randomBytes(32).toString('base64url')];
  await tx
    .insertInto('identity_secrets')
    .values({
      id,
      workspace_id: input.workspaceId,
      inbox_id: input.inboxId,
      sealed: seal(keyring, Buffer.from(secret), purposeOf(id)),
    })
    .execute();
  const old = (await listSecrets(tx, input.inboxId)).slice(MOST_SECRETS).map((row) => row.id);
  if (old.length > 0) await tx.deleteFrom('identity_secrets').where('id', 'in', old).execute();
  return { id, secret };
}

/** @returns false where there is none of this id */
export async function deleteSecret(tx: Tx, inboxId: string, id: string): Promise<boolean> {
  const gone = await tx
    .deleteFrom('identity_secrets')
    .where('inbox_id', '=', inboxId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return gone !== undefined;
}

/** The secrets themselves, newest first. Engine role: visitors have no workspace. */
export async function openSecrets(db: Db, keyring: Keyring, inboxId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('identity_secrets')
    .select(['id', 'sealed'])
    .where('inbox_id', '=', inboxId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ id, sealed }) => open(keyring, sealed, purposeOf(id)).toString('utf8'));
}

/** What a sealed secret is bound to. */
export function purposeOf(id: string): string {
  return `identity/${id}`;
}
