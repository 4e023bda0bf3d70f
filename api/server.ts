/** The server process: API, workers, dispatcher and sweeper. Started by `npm start` or on its own with an external Postgres and Temporal. */
import { serve } from '@hono/node-server';
import { upsertConfiguredKey } from '#db/api-keys.ts';
import { createApp } from './app.ts';
import { ConfigError, loadConfig } from './config.ts';
import { openManagedEmail } from './email/managed.ts';
import { createLog } from './log.ts';
import { openRuntime } from './runtime.ts';

const config = readConfig();
const log = createLog(config.logLevel);
const runtime = await openRuntime({
  config,
  log,
  queues: ['inbound', 'flows'],
  faults: { spec: process.env['TELORING_FAULTS'], reportPath: process.env['TELORING_FAULTS_REPORT'] },
  ...(process.env['TELORING_SWEEP_MS'] === undefined
    ? {}
    : { sweepEveryMs: Number(process.env['TELORING_SWEEP_MS']) }),
});
if (config.apiKey !== null) await upsertConfiguredKey(runtime.deps.engineDb, config.apiKey);
for (const warning of config.warnings) log.warn(warning);
const mail = await openManagedEmail(runtime.deps).catch((error: NodeJS.ErrnoException) => {
  log.error(
    `Mail for ${config.managedEmailDomain} can't be taken (${error.message}). Set MANAGED_SMTP_PORT to a free port and start again.`,
  );
  process.exit(1);
});
const server = serve(
  { fetch: createApp(runtime.deps).fetch, hostname: config.host, port: config.port },
  () => {
    log.info({ url: config.publicUrl }, 'listening');
    process.send?.({ kind: 'ready', url: config.publicUrl });
  },
);
server.on('error', (error: NodeJS.ErrnoException) => {
  log.error(
    error.code === 'EADDRINUSE'
      ? `Port ${config.port} is taken by another program. Stop that one, or set PORT to a free port.`
      : `The HTTP server failed: ${error.message}`,
  );
  process.exit(1);
});

let stopping: Promise<void> | null = null;
function stop(code: number): void {
  stopping ??= (async () => {
    // No new requests; open event streams are cut so that the rest can end.
    server.close();
    if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 2_000).unref();
    await mail?.close();
    await runtime.stop();
    process.exit(code);
  })();
}
process.on('SIGTERM', () => stop(0));
process.on('SIGINT', () => stop(0));
// The parent is gone: an orphan would hold the port.
process.on('disconnect', () => stop(0));
runtime.workersEnded.catch((error: unknown) => {
  log.error(
    { err: error },
    'A worker died; the server ends so that it is started anew. Nothing is lost: its work is in the rows.',
  );
  stop(1);
});

function readConfig() {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
