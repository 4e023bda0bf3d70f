/** The embedded PostgreSQL. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startChild, logTail, type Child, type Track } from './child.ts';
import { keptText } from './files.ts';
import { postgresPrograms } from './postgres-binaries.ts';
import { readyDataFolder } from './postgres-data.ts';
import { postgresUser } from './postgres-user.ts';
import { StartError } from './start-error.ts';

export interface PostgresOptions {
  home: string;
  port: number;
  maxConnections: number;
  /** False only for tests whose data may be lost with the machine. */
  fsync: boolean;
  say: (line: string) => void;
  signal?: AbortSignal;
}
export interface PostgresService {
  /** The superuser's, on database `teloring`. */
  databaseUrl: string;
  /** Starts the server and resolves when it takes queries. Called again after a crash. */
  start: (track: Track) => Promise<Child>;
}

const databaseName = 'teloring';

/** Makes the data folder ready (once) and says how to start the server. @throws StartError */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresService> {
  const { home, port, say, fsync } = options;
  const user = await postgresUser();
  const programs = await postgresPrograms(user, say);
  const password = await keptText(path.join(home, 'postgres-password'), () =>
    randomBytes(24).toString('base64url'),
  );
  const folder = await readyDataFolder({
    home,
    programs,
    user,
    password,
    say,
    fsync,
    signal: options.signal,
  });
  const url = (database: string): string => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return {
    databaseUrl: url(databaseName),
    async start(track) {
      const tryUntilMs = Date.now() + lingeringMs;
      for (;;) {
        try {
          return await startOnce(track);
        } catch (error) {
          if (!(error instanceof StartError) || !lingering.test(error.message) || Date.now() > tryUntilMs)
            throw error;
          await sleep(500);
        }
      }
    },
  };

  async function startOnce(track: Track): Promise<Child> {
    const child = await startChild(home, {
      name: 'postgres',
      command: programs.postgres,
      args: ['-D', folder, ...settings(options)],
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
      cwd: '/',
      ...(user && { user: { uid: user.uid, gid: user.gid } }),
    });
    try {
      await track(child);
      await untilReady(child, url('postgres'), home);
    } catch (error) {
      await child.stop();
      throw error;
    }
    return child;
  }
}

/** A server killed a moment ago may not be gone from the process table yet: Postgres then refuses its data folder for a little while. */
const lingering = /postmaster\.pid" already exists|pre-existing shared memory block/;
const lingeringMs = 20_000;

function settings({ port, maxConnections, fsync }: PostgresOptions): string[] {
  const values: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(maxConnections),
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    jit: 'off',
    ...(!fsync && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

const readyTimeoutMs = 120_000;

/** Waits through crash recovery, then sees to it that our database exists. */
async function untilReady(child: Child, adminUrl: string, home: string): Promise<void> {
  let ended = false;
  void child.ended.then(() => (ended = true));
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const client = new Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
    // The server may go away between two lines; the query then reports it.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const found = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
      if (found.rowCount === 0) await client.query(`create database ${databaseName}`);
      return;
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code === '28P01') {
        throw new StartError(
          `Postgres refuses the password in ${path.join(home, 'postgres-password')}. Put the file back from a backup of ` +
            'TELORING_HOME and start again; the data are untouched.',
          { cause: error },
        );
      }
      if (ended || Date.now() > deadline) {
        throw new StartError(
          `Postgres didn't come up (${ended ? 'it ended' : message}); its data are untouched. The end of ${child.logFile}:\n${await logTail(child.logFile)}`,
          { cause: error },
        );
      }
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
