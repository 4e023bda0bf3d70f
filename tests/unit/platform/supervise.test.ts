import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startChild } from '../../../api/embedded/child.ts';
import { makeHome } from '../../../api/embedded/files.ts';
import { createChildRegister, recordedChildren, stopLeftovers } from '../../../api/embedded/leftovers.ts';
import { isRunning } from '../../../api/embedded/processes.ts';
import { createSupervisor, type StartService, type Supervisor } from '../../../api/embedded/supervise.ts';

let home: string;
let said: string[];
let gaveUp: string[];
let supervisor: Supervisor;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'teloring-supervise-'));
  await makeHome(home);
  [said, gaveUp] = [[], []];
  supervisor = createSupervisor({
    register: createChildRegister(home),
    say: (line) => said.push(line),
    giveUp: (reason) => gaveUp.push(reason),
    pausesMs: [10, 20],
  });
});
afterEach(async () => {
  await supervisor.stop();
  await rm(home, { recursive: true });
});

const running =
  (name: 'postgres' | 'temporal' | 'server', script: string): StartService =>
  async (track) => {
    const child = await startChild(home, {
      name,
      command: '/bin/sh',
      args: ['-c', script],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    await track(child);
    return child;
  };
const pidOf = (name: 'postgres' | 'temporal' | 'server'): number => supervisor.pids()[name] ?? 0;

test('a killed child is started again, and written down', async () => {
  await supervisor.run('temporal', running('temporal', 'exec sleep 60'));
  const first = pidOf('temporal');
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(said.at(-1)).toBe('Temporal is back.'));
  expect(said[0]).toMatch(/^Temporal was ended by SIGKILL; starting it again/);
  expect(pidOf('temporal')).not.toBe(first);
  expect(recordedChildren(home).temporal?.pid).toBe(pidOf('temporal'));
  expect(gaveUp).toEqual([]);
});

test('one that crashes again and again is given up, with a sentence', async () => {
  await supervisor.run('server', running('server', 'exit 3'));
  await vi.waitFor(() => expect(gaveUp).toHaveLength(1));
  expect(gaveUp[0]).toMatch(/The server ended with code 3, 3 times in a row/);
});

test('stops in order: the server before what it uses; nothing is left', async () => {
  const order = path.join(home, 'order');
  const script = (name: string): string =>
    `trap 'sleep 0.1; echo ${name} >> ${order}; exit 0' TERM INT; while :; do sleep 0.02; done`;
  for (const name of ['postgres', 'server', 'temporal'] as const)
    await supervisor.run(name, running(name, script(name)));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const identities = Object.values(recordedChildren(home));
  expect(identities).toHaveLength(3);
  await supervisor.stop();
  const { readFile } = await import('node:fs/promises');
  expect((await readFile(order, 'utf8')).trim().split('\n')).toEqual(['server', 'temporal', 'postgres']);
  expect(identities.filter(isRunning)).toEqual([]);
  expect(recordedChildren(home)).toEqual({});
});

test('a stop during a restart pause ends it', async () => {
  supervisor = createSupervisor({
    register: createChildRegister(home),
    say: (line) => said.push(line),
    giveUp: () => undefined,
    pausesMs: [60_000],
  });
  await supervisor.run('postgres', running('postgres', 'exit 1'));
  await vi.waitFor(() => expect(said).toHaveLength(1));
  await supervisor.stop();
});

test('what a killed start left is found and stopped; a reused pid is left alone', async () => {
  await supervisor.run('temporal', running('temporal', 'exec sleep 60'));
  const { temporal } = recordedChildren(home);
  if (!temporal) throw new Error('not written down');
  const stranger = await startChild(home, { name: 'server', command: '/bin/sleep', args: ['60'], env: {} });
  await createChildRegister(home).add({
    ...stranger,
    identity: { pid: stranger.identity.pid, startTime: 'of another process' },
  });
  expect(await stopLeftovers(home)).toEqual([]);
  expect(isRunning(stranger.identity)).toBe(true);
  await createChildRegister(home).add({ ...stranger, name: 'temporal', identity: temporal });
  expect(await stopLeftovers(home)).toEqual(['temporal']);
  expect(isRunning(temporal)).toBe(false);
  await stranger.stop();
});
