/** Connections. Three roles (db/roles.ts); each pool speaks as exactly one of them. */
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;
export type DatabaseRole = 'teloring_app' | 'teloring_engine' | 'teloring_owner';

// int8 as number: sequences and tokens of ours never come near 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export interface ConnectOptions {
  databaseUrl: string;
  role: DatabaseRole;
  maxConnections: number;
  applicationName: string;
  /** Called for errors of idle connections (the server went away); queries report their own. */
  onError?: (error: Error) => void;
}

/** Opens a pool whose every connection has taken `role` before its first query. */
export function createPool(options: ConnectOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.maxConnections,
    application_name: options.applicationName,
    options: `-c role=${options.role} -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000`,
    connectionTimeoutMillis: 10_000,
    // Queries made without waiting for one another share a round trip.
    pipeline: true,
  });
  pool.on('error', (error) => options.onError?.(error));
  return pool;
}

const pools = new WeakMap<Db, pg.Pool>();

export function connectDatabase(options: ConnectOptions): Db {
  const pool = createPool(options);
  const db: Db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  pools.set(db, pool);
  return db;
}

/** The pool below a database opened here: hot paths speak to it directly, with prepared statements. */
export function poolOf(db: Db): pg.Pool {
  const pool = pools.get(db);
  if (!pool) throw new Error('This database was not opened by connectDatabase.');
  return pool;
}

/**
 * Runs `work` as the API does: one transaction that sees only `workspaceId` (row-level security). For the engine role the
 * setting changes nothing.
 */
export async function inWorkspace<T>(db: Db, workspaceId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`select set_config('app.workspace', ${workspaceId}, true)`.execute(tx);
    return work(tx);
  });
}
