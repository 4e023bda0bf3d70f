import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keptText } from '../../../api/embedded/files.ts';
import { lockOwner, takeLock } from '../../../api/embedded/lock.ts';
import { isFree, rememberedPorts } from '../../../api/embedded/ports.ts';
import { identify } from '../../../api/embedded/processes.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'teloring-lock-'));
});
afterEach(() => rm(home, { recursive: true }));
async function staleClaim(text: string): Promise<void> {
  await mkdir(file(), { recursive: true });
  await writeFile(path.join(file(), '0000.json'), text);
}
const file = (): string => path.join(home, 'lock');

test('one holder; free again when released', async () => {
  const lock = await takeLock(file());
  if ('heldBy' in lock) throw new Error('held');
  await lock.announce('http://here');
  expect(await takeLock(file())).toEqual({
    heldBy: expect.objectContaining({ pid: process.pid, url: 'http://here' }),
  });
  await lock.release();
  expect(lockOwner(file())).toBeNull();
  expect(await takeLock(file())).toHaveProperty('release');
});

test.each([
  [
    'a process that ended',
    () => ({ pid: Number(execFileSync('sh', ['-c', 'echo $$'])), startTime: 'then', held: true }),
  ],
  [
    'a living process with another start time',
    () => ({ pid: process.pid, startTime: 'long ago', held: true }),
  ],
  ['nonsense', () => 'cut off'],
])('a lock of %s does not count', async (_name, owner) => {
  await staleClaim(JSON.stringify(owner()));
  expect(await takeLock(file())).toHaveProperty('release');
  expect(lockOwner(file())?.pid).toBe(process.pid);
});

test('of many that find a stale lock at once, exactly one gets it', async () => {
  for (let round = 0; round < 30; round++) {
    await staleClaim(JSON.stringify({ pid: process.pid, startTime: 'long ago', held: true }));
    const results = await Promise.all(Array.from({ length: 8 }, () => takeLock(file())));
    expect(results.filter((result) => 'release' in result)).toHaveLength(1);
    expect(await readdir(file())).toHaveLength(1);
    await rm(file(), { recursive: true });
  }
});

test('a process is told apart by its start time', () => {
  expect(identify(process.pid)).toEqual(identify(process.pid));
  expect(identify(process.pid)?.startTime).not.toBe(identify(process.ppid)?.startTime);
  expect(identify(2 ** 22 + 1)).toBeNull();
});

test('a kept secret is made once, by whoever is first, and is private', async () => {
  const place = path.join(home, 'secret-key');
  let made = 0;
  const texts = await Promise.all(Array.from({ length: 8 }, () => keptText(place, () => `secret ${made++}`)));
  expect(new Set(texts).size).toBe(1);
  expect((await stat(place)).mode & 0o777).toBe(0o600);
});

test('ports are free, different, remembered, and never PORT', async () => {
  const ports = await rememberedPorts(home);
  const all = Object.values(ports);
  expect(new Set(all).size).toBe(all.length);
  expect(await Promise.all(all.map((port) => isFree('127.0.0.1', port)))).not.toContain(false);
  expect(await rememberedPorts(home)).toEqual(ports);
  const moved = await rememberedPorts(home, { reserved: [ports.postgres] });
  expect(moved.postgres).not.toBe(ports.postgres);
  expect(moved.temporal).toBe(ports.temporal);
});
