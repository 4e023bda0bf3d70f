/** Runs the numbered SQL files in db/migrations in order. As a script: `npm run migrate` with DATABASE_URL. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createRoles, grantRoles } from './roles.ts';

const folder = path.join(import.meta.dirname, 'migrations');
const lockKey = 7_265_501;

/**
 * Brings the database to the newest schema. Idempotent; several processes may call it at once (advisory lock). Each file is one
 * transaction together with its row in schema_migrations.
 * @returns the names applied now
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'teloring-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await createRoles(client);
    await client.query('set role teloring_owner');
    await client.query(
      'create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())',
    );
    const done = new Set(
      (await client.query<{ name: string }>('select name from schema_migrations')).rows.map(
        (row) => row.name,
      ),
    );
    const files = (await readdir(folder)).filter((name) => /^\d{4}_[\w-]+\.sql$/.test(name)).sort();
    const applied: string[] = [];
    for (const name of files) {
      if (done.has(name)) continue;
      await client.query('begin');
      try {
        await client.query(await readFile(path.join(folder, name), 'utf8'));
        await client.query('insert into schema_migrations (name) values ($1)', [name]);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw new Error(`Migration ${name} failed and was rolled back; the schema is as before it.`, {
          cause: error,
        });
      }
      applied.push(name);
    }
    await client.query('begin');
    await grantRoles(client);
    await client.query('commit');
    return applied;
  } finally {
    await client.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const databaseUrl = process.env['DATABASE_URL'];
  if (!databaseUrl) {
    console.error(
      'Set DATABASE_URL to the database to migrate. (`npm start` migrates its embedded one by itself.)',
    );
    process.exit(1);
  }
  const applied = await migrate(databaseUrl);
  console.log(applied.length === 0 ? 'Already up to date.' : `Applied ${applied.join(', ')}.`);
}
