/** Where the database's files live, and making them: a data folder appears under its name only when it is whole. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readTextIfThere, writePrivateFile } from './files.ts';
import type { PostgresPrograms } from './postgres-binaries.ts';
import { blockingDirectory, type ServiceUser } from './postgres-user.ts';
import { StartError } from './start-error.ts';

export const POSTGRES_MAJOR = '18';
/** For homes that the user who runs Postgres can't reach. */
const sharedData = '/var/lib/teloring';

export interface DataFolderDeps {
  home: string;
  programs: PostgresPrograms;
  user: ServiceUser | null;
  password: string;
  say: (line: string) => void;
  /** Off only for tests: initdb then doesn't wait for the disk. */
  fsync: boolean;
  /** Ends initdb early; nothing is kept then. */
  signal?: AbortSignal | undefined;
}

/**
 * The data folder, made where there is none. Idempotent; what an interrupted first start left is made anew, and a folder that may
 * hold data is never touched.
 * @throws StartError if it is damaged, of another version or out of reach
 */
export async function readyDataFolder(deps: DataFolderDeps): Promise<string> {
  const folder = await placeOf(deps);
  const begun = path.join(deps.home, 'postgres-ready');
  const state = await inspect(folder);
  if (state === 'whole') {
    await requireVersion(folder);
  } else if ((await readTextIfThere(begun)) !== null) {
    throw new StartError(
      `The data folder ${folder} is ${state === 'absent' ? 'gone' : 'damaged (global/pg_control is missing)'}, though it was in use before. ` +
        `Nothing was changed. Put it back from a backup and start again; to begin with an empty database instead, remove ${deps.home}.`,
    );
  } else {
    await removeUnfinished(folder);
    if (state === 'partial') {
      const aside = `${folder}.unfinished-${Date.now()}`;
      await rename(folder, aside);
      deps.say(
        `The data folder ${folder} was half-initialised and never in use: moved to ${aside}, making a new one.`,
      );
    }
    await initialise(deps, folder);
  }
  if ((await readTextIfThere(begun)) === null) await writePrivateFile(begun, `${new Date().toISOString()}\n`);
  return folder;
}

/** In TELORING_HOME; where its user can't get there, in a shared place that TELORING_HOME points to from then on. */
async function placeOf({ home, user, say }: DataFolderDeps): Promise<string> {
  const pointer = path.join(home, 'postgres-place');
  const inHome = path.join(home, 'postgres');
  const noted = (await readTextIfThere(pointer))?.trim();
  const place = noted ?? inHome;
  if (!user) return place;
  const blocked = await blockingDirectory(path.join(path.dirname(place), 'x'), user);
  if (!blocked) return place;
  if (noted || (await inspect(inHome)) !== 'absent') {
    throw new StartError(
      `Postgres runs as ${user.name} (it refuses root), and ${blocked} keeps that user out of the data in ${place}. ` +
        `Let it pass (chmod o+x ${blocked}) and start again; nothing was changed.`,
    );
  }
  const name = createHash('sha256').update(home).update(randomBytes(8)).digest('hex').slice(0, 16);
  const shared = path.join(sharedData, name, 'postgres');
  await mkdir(path.dirname(shared), { recursive: true, mode: 0o711 });
  await writeFile(path.join(path.dirname(shared), 'belongs-to'), `${home}\n`);
  await writePrivateFile(pointer, `${shared}\n`);
  say(
    `Postgres runs as ${user.name}, whom ${blocked} keeps out: its data are in ${shared} (noted in ${pointer}).`,
  );
  return shared;
}

async function inspect(folder: string): Promise<'absent' | 'partial' | 'whole'> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.length === 0) return 'absent';
  const control = await stat(path.join(folder, 'global', 'pg_control')).catch(() => null);
  return entries.includes('PG_VERSION') && control !== null && control.size > 0 ? 'whole' : 'partial';
}

async function requireVersion(folder: string): Promise<void> {
  const version = (await readFile(path.join(folder, 'PG_VERSION'), 'utf8')).trim();
  if (version === POSTGRES_MAJOR) return;
  throw new StartError(
    `The data in ${folder} were written by PostgreSQL ${version}, this Teloring brings ${POSTGRES_MAJOR}. Nothing was changed. ` +
      `Dump them with PostgreSQL ${version} (pg_dumpall), or run that version yourself and set DATABASE_URL.`,
  );
}

async function initialise(deps: DataFolderDeps, folder: string): Promise<void> {
  const { user } = deps;
  const workshop = `${folder}.new-${process.pid}`;
  const [data, passwordFile] = [path.join(workshop, 'data'), path.join(workshop, 'password')];
  deps.say('Making a new PostgreSQL database …');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, deps.password, { mode: 0o600 });
  if (user) for (const place of [workshop, data, passwordFile]) await chown(place, user.uid, user.gid);
  await run(deps, [
    `--pgdata=${data}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(deps.fsync ? [] : ['--no-sync']),
  ]);
  await rmdir(folder).catch(() => undefined);
  await rename(data, folder);
  await rm(workshop, { recursive: true, force: true });
  const parent = await open(path.dirname(folder), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

/** What an interrupted initialise left; never under the folder's own name. */
async function removeUnfinished(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const prefix = `${path.basename(folder)}.new-`;
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

function run({ programs: { initdb: program }, user, signal }: DataFolderDeps, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.once('error', (error) =>
      reject(new StartError(`${program} can't be run: ${error.message}.`, { cause: error })),
    );
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new StartError(`Making the database failed; nothing was kept. initdb said:\n${output.trim()}`),
        );
    });
  });
}
