/**
 * Seals every inbox's credentials and identity secrets anew with the current key. As a script: `npm run rotate-keys` with DATABASE_URL and
 * TELORING_SECRET_KEY=<new key>,<old key>. Afterwards the old key may be dropped once no history sealed with it is kept.
 */
import { fileURLToPath } from 'node:url';
import { connectDatabase, type Db, type Tx } from './client.ts';
import { purposeOf } from './identity-secrets.ts';
import { createKeyring, open, seal, sealedWith, type Keyring } from './keyring.ts';

export interface Rotated {
  resealed: number;
  /** Sealed with the current key already. */
  current: number;
  /** Inboxes of which something didn't open; it was left as it is. */
  failed: { inboxId: string; reason: string }[];
}

const batchSize = 100;

/**
 * Goes through the inboxes in batches, each a transaction of its own: an interrupted rotation is finished by running it again.
 * Idempotent; safe while the product runs, for both keys open meanwhile.
 */
export async function rotateKeys(engineDb: Db, keyring: Keyring): Promise<Rotated> {
  const total: Rotated = { resealed: 0, current: 0, failed: [] };
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const last = await engineDb.transaction().execute(async (tx) => {
      const rows = await tx
        .selectFrom('inboxes')
        .select(['id', 'credentials'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(batchSize)
        .forUpdate()
        .execute();
      for (const { id, credentials } of rows) {
        if (sealedWith(credentials) === keyring.currentKeyId) {
          total.current += 1;
          continue;
        }
        const sealed = resealed(keyring, credentials, `inbox/${id}`);
        if (sealed instanceof Error) {
          total.failed.push({ inboxId: id, reason: sealed.message });
          continue;
        }
        await tx.updateTable('inboxes').set({ credentials: sealed }).where('id', '=', id).execute();
        total.resealed += 1;
      }
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) await rotateSecrets(tx, keyring, ids, total);
      return rows.at(-1)?.id;
    });
    if (last === undefined) return total;
    after = last;
  }
}

async function rotateSecrets(
  tx: Tx,
  keyring: Keyring,
  inboxIds: readonly string[],
  total: Rotated,
): Promise<void> {
  const rows = await tx
    .selectFrom('identity_secrets')
    .select(['id', 'inbox_id', 'sealed'])
    .where('inbox_id', 'in', [...inboxIds])
    .forUpdate()
    .execute();
  for (const { id, inbox_id: inboxId, sealed } of rows) {
    if (sealedWith(sealed) === keyring.currentKeyId) continue;
    const anew = resealed(keyring, sealed, purposeOf(id));
    if (anew instanceof Error) total.failed.push({ inboxId, reason: anew.message });
    else await tx.updateTable('identity_secrets').set({ sealed: anew }).where('id', '=', id).execute();
  }
}

function resealed(keyring: Keyring, sealed: Buffer, purpose: string): Buffer | Error {
  try {
    return seal(keyring, open(keyring, sealed, purpose), purpose);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const databaseUrl = process.env['DATABASE_URL'];
  const secretKey = process.env['TELORING_SECRET_KEY'];
  if (!databaseUrl || !secretKey) {
    console.error(
      'Set DATABASE_URL, and TELORING_SECRET_KEY to the new key and the old one, separated by a comma.',
    );
    process.exit(1);
  }
  const db = connectDatabase({
    databaseUrl,
    role: 'teloring_engine',
    maxConnections: 1,
    applicationName: 'teloring-rotate-keys',
  });
  try {
    const { resealed: done, current, failed } = await rotateKeys(db, createKeyring(secretKey));
    console.log(`${done} resealed, ${current} already sealed with the current key, ${failed.length} failed.`);
    for (const { inboxId, reason } of failed) console.error(`Inbox ${inboxId} was left as it is: ${reason}`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await db.destroy();
  }
}
