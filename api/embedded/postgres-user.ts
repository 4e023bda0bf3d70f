/** Postgres refuses to run as root: then another user runs it, and every directory above its files must let that user pass. */
import { constants } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from './start-error.ts';

export interface ServiceUser {
  name: string;
  uid: number;
  gid: number;
}

/** @returns null where we aren't root, and Postgres runs as ourselves */
export async function postgresUser(): Promise<ServiceUser | null> {
  if (process.getuid?.() !== 0) return null;
  const users = new Map<string, ServiceUser>();
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) users.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  const user = users.get('postgres') ?? users.get('nobody');
  if (user) return user;
  throw new StartError(
    'Postgres refuses to run as root, and there is no user "postgres" or "nobody" to run it as. ' +
      'Start Teloring as an ordinary user, or make one (useradd --system postgres); nothing was changed.',
  );
}

/** @returns the first directory on the way to `target` that keeps the user out, or null */
export async function blockingDirectory(target: string, user: ServiceUser): Promise<string | null> {
  const { root } = path.parse(target);
  let current = root;
  for (const part of path.relative(root, path.resolve(target)).split(path.sep)) {
    const info = await stat(current);
    if (info.isDirectory() && !mayPass(info, user)) return current;
    current = path.join(current, part);
  }
  return null;
}

function mayPass(info: { mode: number; uid: number; gid: number }, user: ServiceUser): boolean {
  if (info.uid === user.uid) return (info.mode & constants.S_IXUSR) !== 0;
  if (info.gid === user.gid) return (info.mode & constants.S_IXGRP) !== 0;
  return (info.mode & constants.S_IXOTH) !== 0;
}
