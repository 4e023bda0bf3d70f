/** The whole product as a user starts it: api/start.ts as a child in a process group of its own, embedded services and all. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ChildName } from '../../api/embedded/child.ts';
import { recordedChildren } from '../../api/embedded/leftovers.ts';
import { isFree } from '../../api/embedded/ports.ts';
import {
  identify,
  isRunning,
  signalGroup,
  waitUntilGone,
  type ProcessIdentity,
} from '../../api/embedded/processes.ts';

export interface ProductOptions {
  /** A new temporary one without. Started again with the same home, the product finds its data. */
  home?: string;
  /** On top of a clean environment (PATH, HOME, CI); undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  port?: number;
  readyTimeoutMs?: number;
}
export interface Launched {
  home: string;
  port: number;
  /** Everything it has printed. */
  output: () => string;
  /** Undefined while it runs. */
  exitCode(): number | null | undefined;
  ended: Promise<number | null>;
  /** The start process itself, and its children as they are now. */
  startPid: number;
  pids(): Partial<Record<ChildName, number>>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL for the start process and every child, as a power cut would. Resolves when all are gone. */
  kill9All(): Promise<void>;
  /** Ctrl-C; resolves with the exit code when everything has ended. */
  stop(): Promise<number | null>;
}
export interface Product extends Launched {
  url: string;
  adminEmail: string;
  adminPassword: string;
  apiKey: string;
}

const root = path.resolve(import.meta.dirname, '../..');

/** @throws Error with everything printed, if it ends or isn't ready in time */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const launched = await launchProduct(options);
  const { home, port, output } = launched;
  const deadline = Date.now() + (options.readyTimeoutMs ?? 120_000);
  while (!/^Teloring is ready at /m.test(output())) {
    if (launched.exitCode() !== undefined || Date.now() > deadline) {
      await launched.kill9All();
      throw new Error(`The product isn't ready:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const login = JSON.parse(await readFile(path.join(home, 'first-admin.json'), 'utf8')) as {
    email: string;
    password: string;
  };
  return {
    ...launched,
    url: `http://127.0.0.1:${port}`,
    adminEmail: login.email,
    adminPassword: login.password,
    apiKey: options.env?.['TELORING_API_KEY'] ?? (await readFile(path.join(home, 'api-key'), 'utf8')).trim(),
  };
}

/** Starts without waiting: for starts that are meant to fail or to be interrupted. */
export async function launchProduct(options: ProductOptions = {}): Promise<Launched> {
  const home = options.home ?? (await newHome());
  const port = options.port ?? (await freePort());
  const { PATH, HOME, CI, XDG_CACHE_HOME } = process.env;
  const env = { PATH, HOME, CI, XDG_CACHE_HOME, PORT: String(port), TELORING_HOME: home, ...options.env };
  const child = spawn(process.execPath, [path.join(root, 'api/start.ts')], {
    cwd: root,
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { output, exitCode, ended } = follow(child);
  const startPid = child.pid ?? 0;
  const self = identify(startPid);
  const everyone = (): ProcessIdentity[] => [
    ...(self ? [self] : []),
    ...Object.values(recordedChildren(home)),
  ];
  return {
    home,
    port,
    output,
    exitCode,
    ended,
    startPid,
    pids: () =>
      Object.fromEntries(
        Object.entries(recordedChildren(home))
          .filter(([, identity]) => isRunning(identity))
          .map(([name, { pid }]) => [name, pid]),
      ),
    signal: (signal) => void child.kill(signal),
    async kill9All() {
      const all = everyone();
      for (const identity of all) signalGroup(identity, 'SIGKILL');
      for (const identity of all) {
        if (!(await waitUntilGone(identity, 10_000)))
          throw new Error(`Process ${identity.pid} survives SIGKILL.`);
      }
    },
    async stop() {
      child.kill('SIGINT');
      return ended;
    },
  };
}

function follow(child: ChildProcess): Pick<Launched, 'output' | 'exitCode' | 'ended'> {
  let text = '';
  let code: number | null | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      text += error.message;
      code = null;
      resolve(null);
    });
    child.once('close', (exitCode) => {
      code = exitCode;
      resolve(exitCode);
    });
  });
  return { output: () => text, exitCode: () => code, ended };
}

/** A new home that another user may pass through: where we are root, one runs Postgres. */
export async function newHome(): Promise<string> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'teloring-test-home-'));
  await chmod(home, 0o711);
  return home;
}

/**
 * Below the ports that systems give to outgoing connections: one of those could be taken before the product, which starts for seconds,
 * listens. Below those of its services too.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 20_000);
    if (await isFree('127.0.0.1', port)) return port;
  }
}
