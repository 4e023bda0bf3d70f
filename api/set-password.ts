/** `npm run set-password -- somebody@example.com`: a new password for somebody who can't get in, where no mail server sends links. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { connectDatabase } from '#db/client.ts';
import { createKeyring } from '#db/keyring.ts';
import { normalEmail, replacePassword } from './auth/accounts.ts';
import { createAuth } from './auth/auth.ts';
import { ConfigError, loadStartConfig, type StartConfig } from './config.ts';
import { lastPorts } from './embedded/ports.ts';
import { StartError } from './embedded/start-error.ts';
import { readablePassword } from './first-start.ts';
import { createLog } from './log.ts';

try {
  await main(process.argv[2] ?? '');
} catch (error) {
  if (!(error instanceof StartError || error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(address: string): Promise<void> {
  const email = normalEmail(address);
  if (!email.includes('@')) throw new StartError('Say whose: npm run set-password -- somebody@example.com');
  const config = loadStartConfig(process.env);
  const engineDb = connectDatabase({
    databaseUrl: config.databaseUrl ?? embeddedUrl(config),
    role: 'teloring_engine',
    maxConnections: 2,
    applicationName: 'teloring-set-password',
  });
  try {
    const keyring = createKeyring(config.secretKey ?? kept(config, 'secret-key'));
    const auth = createAuth({ config, engineDb, keyring, log: createLog('warn'), mailer: null });
    const password = readablePassword();
    const found = await replacePassword({ auth, engineDb }, email, password).catch((error: Error) => {
      throw new StartError(
        `The database can't be reached (${error.message}). Start Teloring first; nothing was changed.`,
      );
    });
    if (!found) throw new StartError(`Nobody here has the address ${email}; nothing was changed.`);
    console.log(`New password of ${email}: ${password}`);
    console.log(
      'It works at once, and they are signed out everywhere. Change it in Settings after signing in.',
    );
  } finally {
    await engineDb.destroy();
  }
}

/** The database of `npm start`'s own server, which must be running. */
function embeddedUrl(config: StartConfig): string {
  const port = lastPorts(config.home)?.postgres;
  return `postgres://postgres:${kept(config, 'postgres-password')}@127.0.0.1:${port ?? 0}/teloring`;
}

function kept(config: StartConfig, name: string): string {
  try {
    return readFileSync(path.join(config.home, name), 'utf8').trim();
  } catch {
    throw new StartError(
      `There is no ${name} in ${config.home}. Run this with the same TELORING_HOME (or DATABASE_URL and TELORING_SECRET_KEY) as Teloring itself; nothing was changed.`,
    );
  }
}
