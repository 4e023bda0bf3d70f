/** Children of a start that was killed: found again by pid and start time, and stopped in order before new ones start. */
import path from 'node:path';
import { z } from 'zod';
import { CHILD_NAMES, stopByName, type Child, type ChildName } from './child.ts';
import { readJsonIfThere, writePrivateFile } from './files.ts';
import { isRunning, type ProcessIdentity } from './processes.ts';

const recordSchema = z.partialRecord(z.enum(CHILD_NAMES), z.object({ pid: z.int(), startTime: z.string() }));
export type ChildRecord = Partial<Record<ChildName, ProcessIdentity>>;

const fileOf = (home: string): string => path.join(home, 'children.json');

/** The children last written down; some may have ended since. */
export function recordedChildren(home: string): ChildRecord {
  const parsed = recordSchema.safeParse(readJsonIfThere(fileOf(home)));
  return parsed.success ? parsed.data : {};
}

export interface ChildRegister {
  add(child: Child): Promise<void>;
  remove(name: ChildName): Promise<void>;
}

export function createChildRegister(home: string): ChildRegister {
  const record: ChildRecord = {};
  let writing = Promise.resolve();
  const write = (): Promise<void> => {
    // One after another, so that an older list never replaces a newer one.
    writing = writing.then(() => writePrivateFile(fileOf(home), JSON.stringify(record) + '\n'));
    return writing;
  };
  return {
    add(child) {
      record[child.name] = child.identity;
      return write();
    },
    remove(name) {
      delete record[name];
      return write();
    },
  };
}

/** Stops what a killed start left running. Idempotent. @returns the names that were still there */
export async function stopLeftovers(home: string): Promise<ChildName[]> {
  const record = recordedChildren(home);
  const stopped: ChildName[] = [];
  // In the order of a proper stop: the server first, then what it uses.
  for (const name of CHILD_NAMES.toReversed()) {
    const identity = record[name];
    if (!identity || !isRunning(identity)) continue;
    await stopByName(name, identity);
    stopped.push(name);
  }
  await writePrivateFile(fileOf(home), '{}\n');
  return stopped;
}
