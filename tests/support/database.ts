/** A database of its own for a test file: a copy of the migrated template. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { connectDatabase, type Db } from '#db/client.ts';

export interface TestDatabase {
  url: string;
  /** As ingress and activities see it: every workspace. */
  engine: Db;
  /** As the API sees it: one workspace per transaction. */
  app: Db;
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, templateDatabase } = inject('services');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await admin(adminUrl, `create database ${name} template ${templateDatabase}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const open = (role: 'teloring_app' | 'teloring_engine'): Db =>
    connectDatabase({ databaseUrl: url.href, role, maxConnections: 10, applicationName: name });
  const [engine, app] = [open('teloring_engine'), open('teloring_app')];
  return {
    url: url.href,
    engine,
    app,
    async drop() {
      await Promise.all([engine.destroy(), app.destroy()]);
      await admin(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function admin(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
