/** `npm start` as its users meet it: obstacles get one sentence that says what to do, nothing is lost, nothing is left running. */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { recordedChildren } from '../../api/embedded/leftovers.ts';
import { lockOwner } from '../../api/embedded/lock.ts';
import { identify, isRunning } from '../../api/embedded/processes.ts';
import {
  freePort,
  launchProduct,
  newHome,
  startProduct,
  type Launched,
  type Product,
} from '../support/product.ts';

const launched: Launched[] = [];
async function launch(...args: Parameters<typeof launchProduct>): Promise<Launched> {
  const product = await launchProduct(...args);
  launched.push(product);
  return product;
}
const homes: string[] = [];
async function home(): Promise<string> {
  const folder = await newHome();
  homes.push(folder);
  return folder;
}
afterEach(async () => {
  // One that has ended must not take along the children of another start in its home.
  for (const product of launched.splice(0)) {
    if (product.exitCode() === undefined) await product.kill9All();
  }
});
afterAll(async () => {
  for (const folder of homes) await rm(folder, { recursive: true, force: true });
});

async function inboxIds({ url, apiKey }: Pick<Product, 'url' | 'apiKey'>): Promise<string[]> {
  const response = await fetch(`${url}/api/inboxes`, { headers: { authorization: `Bearer ${apiKey}` } });
  expect(response.status).toBe(200);
  return ((await response.json()) as { items: { id: string }[] }).items.map(({ id }) => id);
}
async function demoSend(folder: string, text: string): Promise<string> {
  const script = path.resolve(import.meta.dirname, '../../api/demo-send.ts');
  const env = { ...process.env, TELORING_HOME: folder };
  return (await promisify(execFile)(process.execPath, [script, text], { env })).stdout;
}
const isReady = async (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
const anyRuns = (pids: (number | undefined)[]): number[] =>
  pids.filter((pid) => pid !== undefined && identify(pid) !== null) as number[];

describe('a running product', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct({ home: await home() });
  });
  afterAll(() => product?.kill9All());

  test('login, keys and secrets are readable by their owner only', async () => {
    for (const name of [
      'login.txt',
      'api-key',
      'secret-key',
      'first-admin.json',
      'demo-inbox.json',
      'postgres-password',
    ]) {
      expect([name, (await stat(path.join(product.home, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
    const login = await readFile(path.join(product.home, 'login.txt'), 'utf8');
    for (const text of [product.url, product.adminEmail, product.adminPassword, product.apiKey])
      expect(login).toContain(text);
    for (const secret of [product.adminPassword, product.apiKey])
      expect(product.output()).not.toContain(secret);
  });

  test('begins with two inboxes, and signs its first person in', async () => {
    expect(await inboxIds(product)).toHaveLength(2);
    const response = await fetch(`${product.url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: product.url },
      body: JSON.stringify({ email: product.adminEmail, password: product.adminPassword }),
    });
    expect(response.status).toBe(200);
  });

  test('set-password lets somebody in again who has forgotten theirs, and signs them out everywhere', async () => {
    const script = (address: string) =>
      promisify(execFile)(process.execPath, ['api/set-password.ts', address], {
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TELORING_HOME: product.home },
      });
    const signIn = (password: string) =>
      fetch(`${product.url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: product.url },
        body: JSON.stringify({ email: product.adminEmail, password }),
      });
    const session = (await signIn(product.adminPassword)).headers.getSetCookie().join('; ');
    await expect(script('nobody@example.com')).rejects.toThrow(/Nobody here has the address/);
    const { stdout } = await script(product.adminEmail);
    const password = /New password of .*: (\S+)/.exec(stdout)?.[1] ?? '';
    expect((await signIn(product.adminPassword)).status).toBe(401);
    expect((await signIn(password)).status).toBe(200);
    expect((await fetch(`${product.url}/api/me`, { headers: { cookie: session } })).status).toBe(401);
  });

  test('demo:send signs a message, shows the bot’s reply, and goes on with the talk', async () => {
    const hello = await demoSend(product.home, 'hello');
    expect(hello).toMatch(/^you: hello\nbot: Hello .+\n\s+· Sales\n\s+· Support\n\s+· Something else\n$/);
    expect(await demoSend(product.home, 'support')).toMatch(/bot: .*describe what happened/);
    expect(await demoSend(product.home, 'it is broken')).toMatch(/bot: .*support team/);
  });

  test('a second start on the same data names the first and leaves it alone', async () => {
    const before = product.pids();
    const second = await launch({ home: product.home });
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(
      `already runs on the data in ${product.home} (process ${product.startPid}, ${product.url})`,
    );
    expect(second.output()).toContain('TELORING_HOME');
    expect(product.pids()).toEqual(before);
    expect(await isReady(product.url)).toBe(true);
  });

  test.each(['postgres', 'temporal', 'server'] as const)('a crash of %s is said and mended', async (name) => {
    const pid = product.pids()[name];
    if (pid === undefined) throw new Error(`${name} doesn't run`);
    const before = await inboxIds(product);
    const said = product.output().length;
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(
      () =>
        expect(product.output().slice(said)).toMatch(
          /was ended by SIGKILL; starting it again in .* s\. What was accepted is kept\./,
        ),
      10_000,
    );
    await vi.waitFor(
      async () => {
        expect(product.output().slice(said)).toMatch(/ is back\./);
        expect(await isReady(product.url)).toBe(true);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(product.pids()[name]).not.toBe(pid);
    expect(await inboxIds(product)).toEqual(before);
  });

  test('kill -9 of the start: the next one stops what is left and has all data', async () => {
    const before = await inboxIds(product);
    const left = product.pids();
    process.kill(product.startPid, 'SIGKILL');
    await vi.waitFor(() => expect(identify(product.startPid)).toBeNull());
    expect(anyRuns([left.postgres, left.temporal])).toHaveLength(2);
    const again = await startProduct({ home: product.home, port: product.port });
    expect(again.output()).toMatch(/Stopped what an earlier start had left running: .*postgres/);
    expect(anyRuns(Object.values(left))).toEqual([]);
    expect(await inboxIds(again)).toEqual(before);
    expect(again).toMatchObject({ apiKey: product.apiKey, adminPassword: product.adminPassword });
    product = again;
  });

  test('Ctrl-C ends everything in order; the next start has all data', async () => {
    const before = await inboxIds(product);
    const ports = await readFile(path.join(product.home, 'ports.json'), 'utf8');
    const pids = Object.values(product.pids());
    expect(pids).toHaveLength(3);
    expect(await product.stop()).toBe(0);
    expect(anyRuns([...pids, product.startPid])).toEqual([]);
    expect(recordedChildren(product.home)).toEqual({});
    expect(lockOwner(path.join(product.home, 'lock'))).toBeNull();
    product = await startProduct({ home: product.home, port: product.port });
    expect(product.output()).not.toMatch(/Making a new PostgreSQL|applied|left running/);
    expect(await inboxIds(product)).toEqual(before);
    expect(await readFile(path.join(product.home, 'ports.json'), 'utf8')).toBe(ports);
  });

  test('a Postgres that was killed and lingers is waited for', async () => {
    expect(await product.stop()).toBe(0);
    const data = path.join(product.home, 'postgres');
    const { uid } = await stat(data);
    // What Postgres asks of a postmaster.pid it finds: whether that process, of its own user, still lives.
    const lingering = spawn('sleep', ['6'], { uid, stdio: 'ignore' });
    await writeFile(path.join(data, 'postmaster.pid'), `${lingering.pid}\n${data}\n0\n`);
    product = await startProduct({ home: product.home, port: product.port });
    expect(lingering.exitCode).toBe(0);
    expect(await inboxIds(product)).toHaveLength(2);
  });

  test('a damaged data folder is refused and left as it is', async () => {
    expect(await product.stop()).toBe(0);
    const copy = path.join(await home(), 'copy');
    await cp(product.home, copy, { recursive: true });
    await rm(path.join(copy, 'postgres/global/pg_control'));
    const start = await launch({ home: copy });
    expect(await start.ended).toBe(1);
    expect(start.output()).toMatch(
      /data folder .* is damaged.*Nothing was changed\. Put it back from a backup/,
    );
    expect(await readdir(path.join(copy, 'postgres'))).toEqual(
      await readdir(path.join(product.home, 'postgres')),
    );
    expect(anyRuns(Object.values(start.pids()))).toEqual([]);
  });
});

test('a taken port: one sentence, nothing started, nothing made', async () => {
  const port = await freePort();
  const server = await new Promise<Server>((resolve) => {
    const listening = createServer().listen(port, '127.0.0.1', () => resolve(listening));
  });
  try {
    const start = await launch({ home: await home(), port });
    expect(await start.ended).toBe(1);
    expect(start.output()).toContain(`Port ${port} on 127.0.0.1 is taken by another program`);
    expect(start.output()).toContain(`PORT=${port + 1} npm start`);
    expect(await readdir(start.home)).not.toContain('postgres');
  } finally {
    server.close();
  }
});

test('bad variables are all named at once', async () => {
  const start = await launch({ home: await home(), env: { HOST: 'a b', TELORING_API_KEY: 'short' } });
  expect(await start.ended).toBe(1);
  expect(start.output()).toMatch(/HOST must be[\s\S]*TELORING_API_KEY must have at least 32/);
});

test('a first start that was cut off in the middle of making the database is made anew', async () => {
  const folder = await home();
  await mkdir(path.join(folder, 'postgres.new-99/data/base'), { recursive: true });
  await mkdir(path.join(folder, 'postgres/base'), { recursive: true });
  await writeFile(path.join(folder, 'postgres/PG_VERSION'), '18\n');
  const product = await startProduct({ home: folder });
  launched.push(product);
  expect(product.output()).toMatch(/half-initialised and never in use: moved to .*unfinished/);
  expect(await readdir(folder)).not.toContain('postgres.new-99');
  expect(await inboxIds(product)).toHaveLength(2);
  expect(await product.stop()).toBe(0);
});

test.each([300, 2_500])(
  'Ctrl-C %i ms into the first start leaves nothing running, and the next start is whole',
  async (delayMs) => {
    const first = await launch({ home: await home() });
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const pids = Object.values(first.pids());
    first.signal('SIGINT');
    // Null: the signal ended it before it had read its own code, so before it had begun anything.
    expect([0, null]).toContain(await first.ended);
    expect(anyRuns([...pids, ...Object.values(recordedChildren(first.home)).map(({ pid }) => pid)])).toEqual(
      [],
    );
    const product = await startProduct({ home: first.home });
    expect(await inboxIds(product)).toHaveLength(2);
    expect(await product.stop()).toBe(0);
  },
);

test('a second Ctrl-C forces: everything is gone at once', async () => {
  const product = await startProduct({ home: await home() });
  const pids = Object.values(product.pids());
  const server = product.pids().server;
  if (server === undefined) throw new Error("the server doesn't run");
  // A stopped process answers no signal but SIGKILL: the orderly stop would wait for it.
  process.kill(server, 'SIGSTOP');
  process.kill(product.startPid, 'SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  process.kill(product.startPid, 'SIGINT');
  await vi.waitFor(() => expect(anyRuns([...pids, product.startPid])).toEqual([]), 5_000);
});

test('npm that is killed takes the product with it, in order', async () => {
  const [folder, port] = [await home(), await freePort()];
  const { PATH, HOME } = process.env;
  const npm = spawn('npm', ['start'], {
    env: { PATH, HOME, TELORING_HOME: folder, PORT: String(port) },
    stdio: 'ignore',
    detached: true,
  });
  await vi.waitFor(async () => expect(await isReady(`http://127.0.0.1:${port}`)).toBe(true), {
    timeout: 90_000,
    interval: 200,
  });
  const owner = lockOwner(path.join(folder, 'lock'));
  const children = Object.values(recordedChildren(folder));
  expect(children).toHaveLength(3);
  npm.kill('SIGKILL');
  await vi.waitFor(() => expect(children.filter(isRunning)).toEqual([]), { timeout: 40_000, interval: 200 });
  await vi.waitFor(() => expect(owner && isRunning(owner)).toBe(false), 10_000);
});

test('without a Temporal it says what was tried and what to do, and leaves no Postgres running', async () => {
  const empty = await home();
  const start = await launch({
    home: await home(),
    // The SDK's download is refused by a proxy that isn't there.
    env: { PATH: empty, HOME: empty, XDG_CACHE_HOME: undefined, HTTPS_PROXY: 'http://127.0.0.1:1' },
  });
  expect(await start.ended).toBe(1);
  expect(start.output()).toMatch(
    /needs Temporal and found none[\s\S]*https:\/\/docs\.temporal\.io\/cli[\s\S]*TEMPORAL_ADDRESS=host:port/,
  );
  expect(start.pids()).toEqual({});
});

test.runIf(process.getuid?.() === 0)(
  'a home that only root can enter: the data go where Postgres can, and it says so',
  async () => {
    const parent = await mkdtemp(path.join(os.tmpdir(), 'teloring-test-closed-'));
    homes.push(parent);
    const product = await startProduct({ home: path.join(parent, 'home') });
    const place = (await readFile(path.join(product.home, 'postgres-place'), 'utf8')).trim();
    homes.push(path.dirname(place));
    expect(product.output()).toContain(`${parent} keeps out: its data are in ${place}`);
    expect(await inboxIds(product)).toHaveLength(2);
    expect(await product.stop()).toBe(0);
    const again = await startProduct({ home: product.home });
    expect(await inboxIds(again)).toHaveLength(2);
    expect(await again.stop()).toBe(0);
  },
);
