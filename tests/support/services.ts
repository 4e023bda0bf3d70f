/**
 * Real services for tests. TELORING_TEST_DATABASE_URL (a superuser's) and TELORING_TEST_TEMPORAL_ADDRESS name running ones;
 * what they leave out is started here, embedded and without waiting for disks, once per test run.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { migrate } from '#db/migrate.ts';
import { makeHome } from '../../api/embedded/files.ts';
import { createChildRegister, stopLeftovers } from '../../api/embedded/leftovers.ts';
import { lockOwner, takeLock } from '../../api/embedded/lock.ts';
import { startEmbedded } from '../../api/embedded/services.ts';
import { createSupervisor } from '../../api/embedded/supervise.ts';

export interface TestServices {
  provided: { adminUrl: string; templateDatabase: string; temporalAddress: string };
  stop: () => Promise<void>;
}

interface Shared {
  services: Promise<TestServices>;
  users: number;
}
/** Every vitest project loads this file anew; they share one set of services through here. */
const holder = globalThis as { teloringTestServices?: Shared };

export async function startTestServices(): Promise<TestServices> {
  holder.teloringTestServices ??= { services: start(), users: 0 };
  const shared = holder.teloringTestServices;
  shared.users += 1;
  const { provided, stop } = await shared.services;
  return {
    provided,
    async stop() {
      shared.users -= 1;
      if (shared.users > 0) return;
      delete holder.teloringTestServices;
      await stop();
    },
  };
}

async function start(): Promise<TestServices> {
  const given = {
    adminUrl: process.env['TELORING_TEST_DATABASE_URL'],
    temporalAddress: process.env['TELORING_TEST_TEMPORAL_ADDRESS'],
  };
  const own = given.adminUrl && given.temporalAddress ? null : await startOwn(given);
  const adminUrl = given.adminUrl || own?.databaseUrl;
  const temporalAddress = given.temporalAddress || own?.temporalAddress;
  if (!adminUrl || !temporalAddress) throw new Error('The embedded services started without an address.');
  const templateDatabase = `template_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: adminUrl });
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
      await own?.stop();
    },
  };
}

const homePrefix = 'teloring-test-services-';

async function startOwn(given: { adminUrl: string | undefined; temporalAddress: string | undefined }) {
  await removeAbandoned();
  const home = await mkdtemp(path.join(os.tmpdir(), homePrefix));
  // Where we are root, another user runs Postgres and has to pass.
  await chmod(home, 0o711);
  await makeHome(home);
  const lock = await takeLock(path.join(home, 'lock'));
  if ('heldBy' in lock) throw new Error(`${home} is new and locked.`);
  const supervisor = createSupervisor({ register: createChildRegister(home), say, giveUp: say });
  const services = await startEmbedded({
    home,
    postgres: given.adminUrl ? null : { maxConnections: 400, fsync: false },
    temporal: given.temporalAddress ? null : { namespace: 'default', durable: false, uiCodecEndpoint: null },
    env: process.env,
    say,
    supervisor,
  });
  return {
    ...services,
    async stop() {
      await supervisor.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function say(line: string): void {
  console.log(line);
}

/** What test runs that were killed have left: their services are stopped, their folders removed. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    if (!name.startsWith(homePrefix)) continue;
    const home = path.join(os.tmpdir(), name);
    const ageMs = Date.now() - (await stat(home)).mtimeMs;
    // A young one may be about to take its lock.
    if (ageMs < 60_000 || lockOwner(path.join(home, 'lock'))) continue;
    await stopLeftovers(home);
    await rm(home, { recursive: true, force: true });
  }
}
