/**
 * One running Teloring per TELORING_HOME. The lock is a folder of claims, each naming a process; a claim counts only while its
 * process lives. Everybody writes a claim before looking at the others', so of two neither can overlook the other.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPrivateFile, readJsonIfThere, writePrivateFile } from './files.ts';
import { identify, isRunning } from './processes.ts';

const claimSchema = z.object({
  pid: z.int(),
  startTime: z.string(),
  held: z.boolean(),
  url: z.string().optional(),
});
export type LockOwner = z.infer<typeof claimSchema>;
type Claim = LockOwner & { name: string };

export interface Lock {
  /** Says where we are reached, for the message of a second start. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** @returns the lock, or the living process that holds it */
export async function takeLock(folder: string): Promise<Lock | { heldBy: LockOwner }> {
  const self = identify(process.pid);
  if (!self) throw new Error('This process does not find itself in the process table.');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = `${randomBytes(8).toString('hex')}.json`;
  const file = path.join(folder, name);
  await createPrivateFile(file, JSON.stringify({ ...self, held: false }));
  const release = (): Promise<void> => rm(file, { force: true });
  for (;;) {
    await removeDead(folder);
    const others = livingClaims(folder).filter((claim) => claim.name !== name);
    const holder = others.find(({ held }) => held);
    // Of several that only claim, the first by name stays; the rest take theirs back and look who became the holder.
    const rival = others.find((claim) => claim.name < name);
    if (holder ?? rival) {
      await release();
      if (holder) return { heldBy: withoutName(holder) };
      await sleep(20);
      return takeLock(folder);
    }
    if (others.length === 0) break;
    await sleep(5);
  }
  await writePrivateFile(file, JSON.stringify({ ...self, held: true }));
  return { announce: (url) => writePrivateFile(file, JSON.stringify({ ...self, held: true, url })), release };
}

/** The living process that holds the lock, or null. */
export function lockOwner(folder: string): LockOwner | null {
  const holder = livingClaims(folder).find(({ held }) => held);
  return holder ? withoutName(holder) : null;
}

function livingClaims(folder: string): Claim[] {
  return claimNames(folder).flatMap((name) => {
    const parsed = claimSchema.safeParse(readJsonIfThere(path.join(folder, name)));
    return parsed.success && isRunning(parsed.data) ? [{ ...parsed.data, name }] : [];
  });
}

async function removeDead(folder: string): Promise<void> {
  for (const name of claimNames(folder)) {
    const parsed = claimSchema.safeParse(readJsonIfThere(path.join(folder, name)));
    if (!parsed.success || !isRunning(parsed.data)) await rm(path.join(folder, name), { force: true });
  }
}

function claimNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function withoutName({ name: _name, ...owner }: Claim): LockOwner {
  return owner;
}
