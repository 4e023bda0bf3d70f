/**
 * Real services for tests. TELORING_TEST_DATABASE_URL (a superuser's) and TELORING_TEST_TEMPORAL_ADDRESS name running ones;
 * without them embedded ones are started and stopped with the test run.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '#db/migrate.ts';

export interface TestServices {
  provided: { adminUrl: string; templateDatabase: string; temporalAddress: string };
  stop: () => Promise<void>;
}

export async function startTestServices(): Promise<TestServices> {
  const adminUrl = process.env['TELORING_TEST_DATABASE_URL'];
  const temporalAddress = process.env['TELORING_TEST_TEMPORAL_ADDRESS'];
  if (!adminUrl || !temporalAddress) throw new Error('Set TELORING_TEST_DATABASE_URL and TELORING_TEST_TEMPORAL_ADDRESS.');
  const templateDatabase = `template_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`create database ${templateDatabase}`);
  const url = new URL(adminUrl);
  url.pathname = `/${templateDatabase}`;
  await migrate(url.href);
  return {
    provided: { adminUrl, templateDatabase, temporalAddress },
    async stop() {
      await client.query(`drop database if exists ${templateDatabase} with (force)`);
      await client.end();
    },
  };
}
