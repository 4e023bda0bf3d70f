/** Finds a `temporal` program, or gets one: PATH, our cache, the SDK's download, a build with Go. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { StartError } from './start-error.ts';

/** The newest version that `go install` takes (later ones carry replace directives). */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const downloadTimeoutMs = 180_000;
const buildTimeoutMs = 30 * 60_000;

export interface TemporalSearch {
  env: Readonly<Record<string, string | undefined>>;
  say: (line: string) => void;
  /** Ends a download or build early; nothing is kept then. */
  signal?: AbortSignal;
}

/** @throws StartError that says what was tried and what to do */
export async function findTemporal(search: TemporalSearch): Promise<string> {
  const { env } = search;
  const onPath = await programOnPath('temporal', env);
  if (onPath) return onPath;
  const folder = cacheFolder(env);
  const cached = folder && path.join(folder, 'bin', 'temporal');
  if (cached && (await isExecutable(cached))) return cached;

  const tried = ['no `temporal` on PATH'];
  if (!cached) {
    tried.push('no cache folder: neither XDG_CACHE_HOME nor HOME is set');
  } else {
    tried.push(`none in ${path.dirname(cached)}`);
    for (const obtain of [download, build]) {
      const outcome = await obtain(search, cached);
      search.signal?.throwIfAborted();
      if (outcome === 'done') return cached;
      tried.push(outcome);
    }
  }
  throw new StartError(
    `Teloring needs Temporal and found none (${tried.join('; ')}). Do one of these and start again; nothing was changed:\n` +
      '  - install the Temporal CLI so that `temporal` is on PATH: https://docs.temporal.io/cli\n' +
      '  - install Go 1.25 or newer; Teloring then builds the CLI by itself, once\n' +
      '  - set TEMPORAL_ADDRESS=host:port to a Temporal server that already runs',
  );
}

function cacheFolder(env: TemporalSearch['env']): string | null {
  const base = env['XDG_CACHE_HOME'] || (env['HOME'] ? path.join(env['HOME'], '.cache') : null);
  return base ? path.join(base, 'teloring') : null;
}

async function programOnPath(name: string, env: TemporalSearch['env']): Promise<string | null> {
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    if (folder === '') continue;
    const file = path.resolve(folder, name);
    if (await isExecutable(file)) return file;
  }
  return null;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The SDK downloads the CLI that fits it, in a process of its own so that it can be given up. */
async function download({ env, say, signal }: TemporalSearch, target: string): Promise<string> {
  const workshop = await newWorkshop(target);
  say("Temporal isn't on this machine: downloading it (about 60 MB, once) …");
  try {
    const script = path.join(import.meta.dirname, 'sdk-download.ts');
    const result = await run(process.execPath, [script, workshop], {
      env,
      signal,
      timeoutMs: downloadTimeoutMs,
    });
    const program = (await readdir(workshop)).find(
      (name) => name.startsWith('temporal') && !name.endsWith('.downloading'),
    );
    if (result.code === 0 && program) {
      await rename(path.join(workshop, program), target);
      return 'done';
    }
    say('The download failed.');
    return `the download failed (${lastLine(result.output)})`;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function build({ env, say, signal }: TemporalSearch, target: string): Promise<string> {
  const go = await programOnPath('go', env);
  if (!go) return 'no `go` on PATH to build it with';
  const workshop = await newWorkshop(target);
  const startedAt = Date.now();
  say('Building Temporal with Go (about 5 minutes, once; kept outside this folder) …');
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    say(`  … still building Temporal (${Math.floor(seconds / 60)} min ${seconds % 60} s)`);
  }, 30_000);
  try {
    const result = await run(go, ['install', GO_MODULE], {
      env: { ...env, GOBIN: workshop },
      signal,
      timeoutMs: buildTimeoutMs,
    });
    if (result.code === 0 && (await isExecutable(path.join(workshop, 'temporal')))) {
      await rename(path.join(workshop, 'temporal'), target);
      say(`Temporal is built: ${target}`);
      return 'done';
    }
    return `the build with Go failed (${lastLine(result.output)})`;
  } finally {
    clearInterval(progress);
    await rm(workshop, { recursive: true, force: true });
  }
}

/** A folder beside the target, so that the finished program is renamed into place whole. */
async function newWorkshop(target: string): Promise<string> {
  const workshop = path.join(path.dirname(target), `.getting-temporal-${process.pid}`);
  try {
    await mkdir(workshop, { recursive: true });
  } catch (error) {
    throw new StartError(
      `Temporal would be kept in ${path.dirname(target)}, which can't be written (${(error as Error).message}). ` +
        'Set XDG_CACHE_HOME to a folder that can, or put `temporal` on PATH, and start again; nothing was changed.',
      { cause: error },
    );
  }
  return workshop;
}

/** @returns code null where it was given up or couldn't run */
function run(
  program: string,
  args: string[],
  { env, signal, timeoutMs }: Pick<TemporalSearch, 'env' | 'signal'> & { timeoutMs: number },
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: os.tmpdir(),
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-8_192);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      keep(Buffer.from(`\ngave up after ${timeoutMs / 1000} s`));
      child.kill('SIGKILL');
    }, timeoutMs);
    const done = (code: number | null): void => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.once('error', (error) => {
      keep(Buffer.from(error.message));
      done(null);
    });
    child.once('close', done);
  });
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim().slice(0, 300) || 'it said nothing';
}
