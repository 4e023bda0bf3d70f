import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKeyring, open, seal, sealedWith } from '#db/keyring.ts';
import { inWorkspace } from '#db/client.ts';
import { openSecrets, rotateSecret } from '#db/identity-secrets.ts';
import { rotateKeys } from '#db/rotate-keys.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const [oldKey, currentKey, lostKey] = [newKey(), newKey(), newKey()];
const both = createKeyring(`${currentKey},${oldKey}`);

let database: TestDatabase;
let workspaceId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  workspaceId = uuidV7();
  await database.engine.insertInto('workspaces').values({ id: workspaceId, name: 'W', slug: 'w' }).execute();
});
afterAll(() => database.drop());

async function addInbox(secretKey: string): Promise<string> {
  const id = uuidV7();
  const credentials = seal(
    createKeyring(secretKey),
    Buffer.from(JSON.stringify({ botToken: `secret of ${id}` })),
    `inbox/${id}`,
  );
  await database.engine
    .insertInto('inboxes')
    .values({ id, workspace_id: workspaceId, type: 'telegram', name: 'T', account_key: id, credentials })
    .execute();
  return id;
}
async function credentialsOf(id: string): Promise<Buffer> {
  const row = await database.engine
    .selectFrom('inboxes')
    .select('credentials')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.credentials;
}

test('every inbox is resealed, over more than one batch; what was sealed opens with the new key alone; again is nothing', async () => {
  const ids = [];
  for (let index = 0; index < 120; index++) ids.push(await addInbox(oldKey));
  const already = await addInbox(currentKey);
  expect(await rotateKeys(database.engine, both)).toEqual({ resealed: 120, current: 1, failed: [] });
  const only = createKeyring(currentKey);
  for (const id of [...ids, already]) {
    expect(JSON.parse(open(only, await credentialsOf(id), `inbox/${id}`).toString())).toEqual({
      botToken: `secret of ${id}`,
    });
  }
  expect(await rotateKeys(database.engine, both)).toEqual({ resealed: 0, current: 121, failed: [] });
});

test('identity secrets of websites are resealed with their inbox', async () => {
  const inboxId = await addInbox(oldKey);
  const { id, secret } = await inWorkspace(database.engine, workspaceId, (tx) =>
    rotateSecret(tx, createKeyring(oldKey), { workspaceId, inboxId }),
  );
  await rotateKeys(database.engine, both);
  expect(await openSecrets(database.engine, createKeyring(currentKey), inboxId)).toEqual([secret]);
  expect(id).not.toContain(secret);
  await database.engine.deleteFrom('inboxes').where('id', '=', inboxId).execute();
});

test('what no key opens is left as it is and named; the rest goes on', async () => {
  const [broken, fine] = [await addInbox(lostKey), await addInbox(oldKey)];
  const before = await credentialsOf(broken);
  const result = await rotateKeys(database.engine, both);
  expect(result).toMatchObject({ resealed: 1, failed: [{ inboxId: broken }] });
  expect((await credentialsOf(broken)).equals(before)).toBe(true);
  expect(sealedWith(await credentialsOf(fine))).toBe(both.currentKeyId);
  await database.engine.deleteFrom('inboxes').where('id', '=', broken).execute();
});

test('the command does it, and says what it did without a word of a secret', async () => {
  await addInbox(oldKey);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['db/rotate-keys.ts'], {
    env: { ...process.env, DATABASE_URL: database.url, TELORING_SECRET_KEY: `${currentKey},${oldKey}` },
  });
  expect(stdout).toMatch(/^1 resealed, 122 already/);
  expect(stdout + stderr).not.toMatch(/secret of/);
});
