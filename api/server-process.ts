/** The server as a child of `npm start`: api/server.ts, which says over its message channel when it is ready. */
import path from 'node:path';
import type { Config } from './config.ts';
import { logTail, startChild, type Child, type Track } from './embedded/child.ts';
import { StartError } from './embedded/start-error.ts';

export interface ServerOptions {
  home: string;
  env: Record<string, string>;
}
const readyTimeoutMs = 120_000;

/** Resolves when the server has said that it is ready. @throws StartError */
export async function startServer({ home, env }: ServerOptions, track: Track): Promise<Child> {
  const script = path.join(import.meta.dirname, 'server.ts');
  const child = await startChild(home, {
    name: 'server',
    command: process.execPath,
    args: [script],
    env,
    ipc: true,
  });
  await track(child);
  let timer: NodeJS.Timeout | undefined;
  const problem = await Promise.race([
    new Promise<null>((resolve) => {
      child.process.on('message', (message) => {
        if (isReady(message)) resolve(null);
      });
    }),
    child.ended.then(({ code, signal }) => `it ended with ${signal ?? `code ${code}`}`),
    new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`not ready after ${readyTimeoutMs / 1000} s`), readyTimeoutMs);
    }),
  ]);
  clearTimeout(timer);
  if (problem === null) return child;
  await child.stop();
  throw new StartError(
    `The server didn't come up (${problem}). The end of ${child.logFile}:\n${await logTail(child.logFile)}`,
  );
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ready';
}

/** The environment of the server: what we were given, and what we made up, in the words of api/config.ts. */
export function serverEnvironment(
  given: Readonly<Record<string, string | undefined>>,
  config: Pick<Config, 'home' | 'embedded'>,
  made: {
    databaseUrl: string;
    temporalAddress: string;
    temporalUiUrl: string | null;
    secretKey: string;
    apiKey: string;
    ownPorts: number[];
    /** Where nothing was said of managed email and everything is embedded: mail works on this machine. */
    managedEmail: { domain: string; port: number } | null;
  },
): Record<string, string> {
  const env = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    ...env,
    NODE_ENV: 'production',
    DATABASE_URL: made.databaseUrl,
    TEMPORAL_ADDRESS: made.temporalAddress,
    ...(made.temporalUiUrl !== null && { TEMPORAL_UI_URL: made.temporalUiUrl }),
    TELORING_HOME: config.home,
    TELORING_SECRET_KEY: made.secretKey,
    TELORING_API_KEY: made.apiKey,
    ...(made.managedEmail && {
      MANAGED_EMAIL_DOMAIN: made.managedEmail.domain,
      MANAGED_SMTP_PORT: String(made.managedEmail.port),
    }),
    TELORING_EMBEDDED: embeddedNames(config.embedded),
    TELORING_OWN_PORTS: made.ownPorts.join(','),
  };
}

function embeddedNames(embedded: Config['embedded']): string {
  const names = [embedded.postgres && 'postgres', embedded.temporal && 'temporal'].filter(
    (name) => name !== false,
  );
  // An empty variable would mean "not said".
  return names.length === 0 ? 'none' : names.join(',');
}
