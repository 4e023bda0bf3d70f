/**
 * A real SIP proxy for tests: Kamailio as registrar and proxy over WebSocket on a loopback port, with digest authentication and a
 * configuration of its own in a temporary folder. Media go directly between the phones; the proxy sees signalling only.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './server-process.ts';

export interface SipProxy {
  /** `ws://127.0.0.1:<port>/`, for RFC 7118 clients. */
  wsUrl: string;
  domain: string;
  /** Ends the process as a crash would: registrations and dialogs are gone. */
  kill(): Promise<void>;
  /** Again on the same port, with nothing remembered. */
  restart(): Promise<void>;
  log(): string;
  stop(): Promise<void>;
}
export interface SipProxyOptions {
  /** User → password. */
  users: Record<string, string>;
}

const programs = ['/usr/sbin/kamailio', '/usr/local/sbin/kamailio'];
const moduleFolders = [
  '/usr/lib/x86_64-linux-gnu/kamailio/modules',
  '/usr/lib/aarch64-linux-gnu/kamailio/modules',
  '/usr/lib64/kamailio/modules',
  '/usr/lib/kamailio/modules',
  '/usr/local/lib64/kamailio/modules',
  '/usr/local/lib/kamailio/modules',
];

/**
 * For `describe.skipIf(sipProxyIsMissing())`: says on stderr why the tests are skipped.
 * @throws Error with CI=true, where a missing proxy is a failure
 */
export function sipProxyIsMissing(): boolean {
  const found = findKamailio();
  if (!('reason' in found)) return false;
  if (process.env['CI'] === 'true') throw new Error(`SIP tests can't run: ${found.reason}.`);
  process.stderr.write(`SIP tests are skipped: ${found.reason}.\n`);
  return true;
}

function findKamailio(): { program: string; modules: string } | { reason: string } {
  const program = programs.find(isProgram) ?? onPath('kamailio');
  if (!program)
    return { reason: 'kamailio was not found; install the packages kamailio and kamailio-websocket-modules' };
  const modules = moduleFolders.find((folder) => existsSync(path.join(folder, 'websocket.so')));
  if (!modules)
    return { reason: 'kamailio has no websocket module; install the package kamailio-websocket-modules' };
  return { program, modules };
}

export async function startSipProxy({ users }: SipProxyOptions): Promise<SipProxy> {
  const found = findKamailio();
  if ('reason' in found) throw new Error(found.reason);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teloring-test-sip-'));
  const port = await freePort();
  const domain = '127.0.0.1';
  const config = path.join(folder, 'kamailio.cfg');
  await writeFile(config, configuration({ port, domain, modules: found.modules, folder, users }));
  const lines: string[] = [];
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const started = spawn(
      (found as { program: string }).program,
      // In the foreground, logging to stderr, with one worker per socket and little memory.
      [
        '-DD',
        '-E',
        '-f',
        config,
        '-P',
        path.join(folder, 'pid'),
        '-Y',
        folder,
        '-w',
        folder,
        '-m',
        '32',
        '-M',
        '4',
        '-n',
        '1',
        '-N',
        '2',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    const end = Date.now() + 15_000;
    while (!(await answers(port))) {
      if (started.exitCode !== null || Date.now() > end)
        throw new Error(`The SIP proxy did not start:\n${lines.join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (!ending?.pid || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    // Its workers are processes of their own, in the group that it leads.
    process.kill(-ending.pid, signal);
    await gone;
  }
  await start();
  return {
    wsUrl: `ws://127.0.0.1:${port}/`,
    domain,
    kill: () => end('SIGKILL'),
    restart: start,
    log: () => lines.join(''),
    async stop() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(given: {
  port: number;
  domain: string;
  modules: string;
  folder: string;
  users: Record<string, string>;
}): string {
  const passwords = Object.entries(given.users)
    .map(([user, password]) => `  $sht(users=>${user}) = "${password}";`)
    .join('\n');
  return template
    .replaceAll('@modules@', given.modules)
    .replaceAll('@folder@', given.folder)
    .replaceAll('@domain@', given.domain)
    .replaceAll('@port@', String(given.port))
    .replaceAll('@passwords@', passwords);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
function onPath(name: string): string | null {
  try {
    return (
      execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
    );
  } catch {
    return null;
  }
}

const template = await readFile(path.join(import.meta.dirname, 'kamailio.cfg'), 'utf8');
