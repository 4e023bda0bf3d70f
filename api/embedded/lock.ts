/** One running Teloring per TELORING_HOME. The lock counts only while the process that took it lives. */
import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { createPrivateFile, readJsonIfThere, writePrivateFile } from './files.ts';
import { identify, isRunning } from './processes.ts';

const ownerSchema = z.object({ pid: z.int(), startTime: z.string(), url: z.string().optional() });
export type LockOwner = z.infer<typeof ownerSchema>;

export interface Lock {
  /** Says where we are reached, for the message of a second start. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** @returns the lock, or the living process that holds it */
export async function takeLock(file: string): Promise<Lock | { heldBy: LockOwner }> {
  const self = identify(process.pid);
  if (!self) throw new Error('This process does not find itself in the process table.');
  for (;;) {
    if (await createPrivateFile(file, JSON.stringify(self))) {
      return {
        announce: (url) => writePrivateFile(file, JSON.stringify({ ...self, url })),
        release: () => rm(file, { force: true }),
      };
    }
    const owner = lockOwner(file);
    if (owner) return { heldBy: owner };
    await setAside(file);
  }
}

/** The living process that holds the lock, or null. */
export function lockOwner(file: string): LockOwner | null {
  const parsed = ownerSchema.safeParse(readJsonIfThere(file));
  return parsed.success && isRunning(parsed.data) ? parsed.data : null;
}

/** Removes a dead owner's lock; one that was taken between our look and the rename is put back. */
async function setAside(file: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const owner = lockOwner(aside);
  if (owner) await createPrivateFile(file, JSON.stringify(owner));
  await rm(aside, { force: true });
}
