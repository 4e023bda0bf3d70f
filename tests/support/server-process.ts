/** The server as a process of its own (api/server.ts), to be killed, stopped and let go on: what crash tests are made of. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface ServerProcess {
  url: string;
  pid: number;
  /** `point pid` lines of faults that struck. */
  faults(): string[];
  /** Resolves with whether the armed fault has struck by then. */
  struck(timeoutMs: number): Promise<boolean>;
  log(): string;
  kill(): Promise<void>;
  /** Lets a stopped process go on. */
  cont(): void;
  stop(): Promise<void>;
  ended: Promise<void>;
}

export interface ServerProcessOptions {
  env: Record<string, string>;
  /** TELORING_FAULTS. */
  faults?: string;
  /** 0 = no sweeper. */
  sweepMs?: number;
}

export async function startServerProcess({
  env,
  faults,
  sweepMs = 1_000,
}: ServerProcessOptions): Promise<ServerProcess> {
  const port = await freePort();
  const report = path.join(tmpdir(), `teloring-faults-${randomBytes(6).toString('hex')}`);
  const lines: string[] = [];
  const child: ChildProcess = spawn(
    process.execPath,
    [path.join(import.meta.dirname, '../../api/server.ts')],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        ...env,
        PORT: String(port),
        TELORING_SWEEP_MS: String(sweepMs),
        ...(faults === undefined ? {} : { TELORING_FAULTS: faults, TELORING_FAULTS_REPORT: report }),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const struckAlready = (): boolean => existsSync(report) && readFileSync(report, 'utf8') !== '';
  let isReady = false;
  await Promise.race([
    new Promise<void>((resolve) =>
      child.on('message', () => {
        isReady = true;
        resolve();
      }),
    ),
    ended,
    // A fault may strike before it is ready: at work left over from before.
    until(struckAlready, 60_000),
  ]);
  if (!isReady && !struckAlready()) throw new Error(`The server did not start:\n${lines.join('')}`);
  const server: ServerProcess = {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    faults: () => (existsSync(report) ? readFileSync(report, 'utf8').trim().split('\n') : []),
    struck: (timeoutMs) => until(struckAlready, timeoutMs),
    log: () => lines.join(''),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    cont: () => void child.kill('SIGCONT'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(timer);
    },
    ended,
  };
  return server;
}

async function until(check: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (check()) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return check();
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
