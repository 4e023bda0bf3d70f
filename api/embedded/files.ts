/** Files in TELORING_HOME: private, and whole or absent. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Replaces the file at once: a reader, or a crash, sees the old text or the new. Mode 0600. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  await rename(temporary, file);
}

/** @returns whether this call made it: of several at once exactly one does */
export async function createPrivateFile(file: string, text: string): Promise<boolean> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The file's text; where it doesn't exist yet, `make()` becomes its text. Idempotent, also across processes. */
export async function keptText(file: string, make: () => string): Promise<string> {
  const existing = await readTextIfThere(file);
  if (existing !== null && existing.trim() !== '') return existing.trim();
  if (existing !== null) await rm(file);
  await createPrivateFile(file, make() + '\n');
  return (await readFile(file, 'utf8')).trim();
}

export async function readTextIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns null if it isn't there or isn't JSON (cut off by a full disk): the caller starts from nothing */
export function readJsonIfThere(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The folder itself is 0711: Postgres, as another user where we are root, passes through it and can list nothing. */
export async function makeHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o711 });
  await mkdir(path.join(home, 'logs'), { recursive: true, mode: 0o700 });
}
