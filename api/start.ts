/**
 * `npm start`: Postgres and Temporal (unless they are external), migrations, the built UI, the server; one after the other on the
 * way up, in the opposite order on the way down.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { connectDatabase } from '#db/client.ts';
import { newApiKey } from '#db/api-keys.ts';
import { createKeyring } from '#db/keyring.ts';
import { migrate } from '#db/migrate.ts';
import { buildUi } from './build-ui.ts';
import { ConfigError, loadStartConfig, type StartConfig } from './config.ts';
import { keptText, makeHome, writePrivateFile } from './embedded/files.ts';
import { takeLock, type Lock } from './embedded/lock.ts';
import { isFree } from './embedded/ports.ts';
import { createChildRegister } from './embedded/leftovers.ts';
import { startEmbedded } from './embedded/services.ts';
import { StartError } from './embedded/start-error.ts';
import { createSupervisor, type Supervisor } from './embedded/supervise.ts';
import { firstStart, type FirstAdminLogin } from './first-start.ts';
import { serverEnvironment, startServer } from './server-process.ts';

const say = (line: string): void => console.log(line);
const stopping = new AbortController();
let supervisor: Supervisor | undefined;
let lock: Lock | undefined;
let stopped: Promise<void> | undefined;

watchSignals();
const started = start();
started.catch((error: unknown) => {
  if (!stopping.signal.aborted) {
    const expected = error instanceof StartError || error instanceof ConfigError;
    console.error(expected ? error.message : error);
  }
  void stop(1);
});

async function start(): Promise<void> {
  const config = loadStartConfig(process.env);
  const { home } = config;
  await makeHome(home).catch((error: Error) => {
    throw new StartError(
      `TELORING_HOME ${home} can't be written (${error.message}). Choose another folder and start again.`,
    );
  });
  const taken = await takeLock(path.join(home, 'lock'));
  if ('heldBy' in taken) {
    const { pid, url } = taken.heldBy;
    throw new StartError(
      `Teloring already runs on the data in ${home} (process ${pid}${url ? `, ${url}` : ''}). Use that one, end it with ` +
        `\`kill ${pid}\`, or set TELORING_HOME to another folder for a second one; nothing was changed.`,
    );
  }
  lock = taken;
  await requireFreePort(config);
  const secretKey =
    config.secretKey ??
    (await keptText(path.join(home, 'secret-key'), () => randomBytes(32).toString('base64')));
  const apiKey = config.apiKey ?? (await keptText(path.join(home, 'api-key'), newApiKey));

  const { signal } = stopping;
  supervisor = createSupervisor({ register: createChildRegister(home), say, giveUp });
  const [embedded] = await Promise.all([
    startEmbedded({
      home,
      postgres: config.databaseUrl === null ? { maxConnections: 200, fsync: true } : null,
      temporal:
        config.temporal.address === null
          ? {
              namespace: config.temporal.namespace,
              durable: true,
              uiCodecEndpoint: `${config.publicUrl}/api/temporal/codec`,
            }
          : null,
      reservedPorts: [config.port],
      env: process.env,
      say,
      supervisor,
      signal,
    }),
    buildUi(say, signal),
  ]);
  signal.throwIfAborted();

  const databaseUrl = config.databaseUrl ?? required(embedded.databaseUrl);
  const temporalAddress = config.temporal.address ?? required(embedded.temporalAddress);
  const applied = await migrateOrExplain(databaseUrl);
  if (applied.length > 0) say(`Database: applied ${applied.join(', ')}.`);
  const login = await prepareFirstStart(config, databaseUrl, secretKey, embedded.ports.demoReceiver);
  signal.throwIfAborted();

  const ownPorts = [
    embedded.ports.postgres,
    embedded.ports.temporal,
    embedded.ports.temporalHttp,
    embedded.ports.temporalUi,
  ];
  const isLocalMail =
    config.managedEmailDomain === null && config.embedded.postgres && config.embedded.temporal;
  const managedEmail = isLocalMail
    ? { domain: 'mail.localhost', port: config.managedSmtpPort ?? embedded.ports.smtp }
    : null;
  const env = serverEnvironment(process.env, config, {
    databaseUrl,
    temporalAddress,
    temporalUiUrl: embedded.temporalUiUrl ?? config.temporalUiUrl,
    secretKey,
    apiKey,
    ownPorts: [...ownPorts, embedded.ports.temporalMetrics],
    managedEmail,
  });
  say('Starting the server …');
  await supervisor.run('server', (track) => startServer({ home, env }, track));
  signal.throwIfAborted();
  await lock.announce(config.loopbackUrl);
  const file = await writeLoginFile(
    config,
    login,
    apiKey,
    embedded.temporalUiUrl,
    managedEmail?.port ?? null,
  );
  say(`Teloring is ready at ${config.publicUrl}`);
  say(`Login and keys: ${file}`);
  if (managedEmail)
    say(`Mail for inboxes at ${managedEmail.domain} is taken at smtp://127.0.0.1:${managedEmail.port}`);
  if (login && config.sandbox)
    say(`Try the chat at ${config.publicUrl}/demo, or: npm run demo:send -- "hello"`);
}

async function requireFreePort({ host, port }: StartConfig): Promise<void> {
  const free = await isFree(host, port).catch((error: Error) => {
    throw new StartError(
      `Teloring can't listen on ${host}:${port} (${error.message}). Set HOST and PORT and start again.`,
    );
  });
  if (free) return;
  throw new StartError(
    `Port ${port} on ${host} is taken by another program. End that one, or start on another port with ` +
      `\`PORT=${port + 1} npm start\`; nothing was changed.`,
  );
}

async function migrateOrExplain(databaseUrl: string): Promise<string[]> {
  try {
    return await migrate(databaseUrl);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === undefined || !/^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|28|3D)/.test(code)) throw error;
    throw new StartError(
      `The database of DATABASE_URL can't be used (${message || code}). Correct it and start again.`,
      {
        cause: error,
      },
    );
  }
}

async function prepareFirstStart(
  config: StartConfig,
  databaseUrl: string,
  secretKey: string,
  demoReceiverPort: number,
): Promise<FirstAdminLogin | null> {
  const engineDb = connectDatabase({
    databaseUrl,
    role: 'teloring_engine',
    maxConnections: 2,
    applicationName: 'teloring-start',
  });
  try {
    return await firstStart({ config, engineDb, keyring: createKeyring(secretKey), demoReceiverPort });
  } finally {
    await engineDb.destroy();
  }
}

async function writeLoginFile(
  config: StartConfig,
  login: FirstAdminLogin | null,
  apiKey: string,
  temporalUiUrl: string | null,
  smtpPort: number | null,
): Promise<string> {
  const file = path.join(config.home, 'login.txt');
  const lines = [
    `url: ${config.publicUrl}`,
    ...(login ? [`email: ${login.email}`, `password: ${login.password} (as made at the first start)`] : []),
    `api key: ${apiKey}`,
    ...(temporalUiUrl === null ? [] : [`temporal ui: ${temporalUiUrl}`]),
    ...(smtpPort === null ? [] : [`mail for …@mail.localhost: smtp://127.0.0.1:${smtpPort}`]),
  ];
  await writePrivateFile(file, lines.join('\n') + '\n');
  return file;
}

function required(value: string | null): string {
  if (value === null) throw new Error('An embedded service started without an address.');
  return value;
}

function giveUp(reason: string): void {
  console.error(reason);
  void stop(1);
}

/** The first signal stops in order, another one at once. npm passes a terminal's Ctrl-C on, so one may arrive twice within moments. */
function watchSignals(): void {
  let firstAtMs: number | undefined;
  const onSignal = (signal: string): void => {
    if (firstAtMs === undefined) {
      firstAtMs = Date.now();
      say(`${signal}: stopping in order (again to force) …`);
      void stop(0);
    } else if (Date.now() - firstAtMs > 750) {
      say('Forced. What was accepted is kept.');
      supervisor?.force();
      void lock?.release().finally(() => process.exit(130));
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => onSignal(signal));
  // npm that is killed doesn't take us with it; nobody could stop us with Ctrl-C then.
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === 'start') {
    setInterval(
      () => process.ppid !== parent && firstAtMs === undefined && onSignal('npm is gone'),
      1_000,
    ).unref();
  }
}

/** Idempotent; the first code counts. A start that is under way notices the abort and comes to its end first. */
function stop(code: number): Promise<void> {
  stopped ??= (async () => {
    stopping.abort();
    await supervisor?.stop();
    await started.catch(() => undefined);
    await lock?.release();
    process.exit(code);
  })();
  return stopped;
}
