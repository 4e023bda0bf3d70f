/** A daemon that a test starts in the foreground, and what runs below it. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';

export interface Service {
  pid: number;
  /** Resolves when it and everything it started are gone. */
  stop(): Promise<void>;
}

/** @throws Error with what it printed, if it doesn't listen within 20 seconds */
export async function startService(options: {
  command: string;
  args: string[];
  /** Null: as ourselves. */
  user: { uid: number; gid: number } | null;
  folder: string;
  ports: number[];
}): Promise<Service> {
  const child = spawn(options.command, options.args, {
    cwd: options.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.user && { uid: options.user.uid, gid: options.user.gid }),
  });
  const pid = child.pid ?? 0;
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  let over = false;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      over = true;
      resolve();
    });
    child.once('exit', () => {
      over = true;
      resolve();
    });
  });
  const service: Service = {
    pid,
    async stop() {
      if (pid === 0) return;
      if (!over) process.kill(pid, 'SIGTERM');
      const late = setTimeout(() => signalGroup(pid, 'SIGKILL'), 3_000);
      await ended;
      clearTimeout(late);
      // What it started and didn't wait for: its process group is theirs too.
      signalGroup(pid, 'SIGKILL');
    },
  };
  const deadline = Date.now() + 20_000;
  for (const port of options.ports) {
    while (!(await listens(port))) {
      if (over || Date.now() > deadline) {
        await service.stop();
        throw new Error(`${options.command} doesn't listen on port ${port}: ${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  return service;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Processes of this name below `parent`. */
export function childrenNamed(parent: number, name: string): number[] {
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const match = /^\d+ \((.*)\) \S (\d+)/s.exec(stat);
      if (match?.[1] === name && Number(match[2]) === parent) found.push(Number(entry));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
