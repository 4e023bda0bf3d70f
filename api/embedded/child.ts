/** One child process: its own process group, its output in a log file, remembered so that a later start finds leftovers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { identify, isRunning, stopProcess, type ProcessIdentity } from './processes.ts';

export const CHILD_NAMES = ['postgres', 'temporal', 'server'] as const;
export type ChildName = (typeof CHILD_NAMES)[number];

export interface ChildCommand {
  name: ChildName;
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd?: string;
  /** Run as this user; only root may. */
  user?: { uid: number; gid: number };
  /** Opens a message channel. */
  ipc?: boolean;
}
/** Told of a child as soon as it runs, before it is ready, so that it is never forgotten. */
export type Track = (child: Child) => Promise<void>;

export interface Child {
  name: ChildName;
  identity: ProcessIdentity;
  process: ChildProcess;
  logFile: string;
  /** Resolves when it has ended, however that came. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stop(): Promise<void>;
}

/** Which signals end each child in order, and how long it may take. */
const STOP_STEPS: Record<ChildName, readonly { signal: NodeJS.Signals; waitMs: number }[]> = {
  // SIGINT is Postgres's fast shutdown (sessions are closed, everything is written), SIGQUIT its emergency brake.
  postgres: [
    { signal: 'SIGINT', waitMs: 20_000 },
    { signal: 'SIGQUIT', waitMs: 5_000 },
  ],
  temporal: [{ signal: 'SIGTERM', waitMs: 10_000 }],
  server: [{ signal: 'SIGTERM', waitMs: 20_000 }],
};

export function stopByName(name: ChildName, identity: ProcessIdentity): Promise<void> {
  return stopProcess(identity, STOP_STEPS[name]);
}

/** @throws Error if the command can't be run at all */
export async function startChild(home: string, spec: ChildCommand): Promise<Child> {
  const logFile = path.join(home, 'logs', `${spec.name}.log`);
  const log = openLog(logFile);
  // What it writes is ours alone; the home itself lets others pass.
  const umask = process.umask(0o077);
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: spec.ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      ...spec.user,
    });
    process.umask(umask);
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.on('error', () => undefined);
    const pid = child.pid ?? 0;
    // A child that is already gone has no start time any more; `ended` tells the rest.
    const identity = identify(pid) ?? { pid, startTime: 'gone' };
    return {
      name: spec.name,
      identity,
      process: child,
      logFile,
      ended,
      async stop() {
        if (isRunning(identity)) await stopByName(spec.name, identity);
        await ended;
      },
    };
  } finally {
    process.umask(umask);
    closeSync(log);
  }
}

/** The end of a log, for the sentence about a child that failed. */
export async function logTail(logFile: string, maxLines = 12): Promise<string> {
  const handle = await open(logFile, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 8_192);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.toString('utf8').trimEnd().split('\n').slice(-maxLines);
    return lines.map((line) => `    ${line}`).join('\n');
  } finally {
    await handle.close();
  }
}

const maxLogBytes = 10_000_000;
function openLog(logFile: string): number {
  try {
    if (statSync(logFile).size > maxLogBytes) renameSync(logFile, `${logFile}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return openSync(logFile, 'a', 0o600);
}
