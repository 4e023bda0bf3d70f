/** A process that only works the task queues: more hands beside the API processes, with an external Postgres and Temporal. */
import { ConfigError, loadConfig } from './config.ts';
import { createLog } from './log.ts';
import { openRuntime } from './runtime.ts';

const config = readConfig();
const log = createLog(config.logLevel);
const runtime = await openRuntime({ config, log, queues: ['inbound', 'flows'] });
log.info('working');

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  await runtime.stop();
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));
runtime.workersEnded.catch((error: unknown) => {
  log.error(
    { err: error },
    'A worker died; this process ends so that it is started anew. Its work is in the rows.',
  );
  void stop(1);
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
