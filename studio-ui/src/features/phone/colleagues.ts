/** Whom a call can be handed to. Pure. */
import type { PresenceStatus } from '#domain/call.ts';
import type { Json } from '#domain/json.ts';
import type { Member } from '../../lib/api/types.ts';
import type { Presence } from '../../lib/api/voice-types.ts';

export interface Colleague {
  userId: string;
  name: string;
  status: PresenceStatus;
  /** Where an exchange reaches them; null where the server does. */
  extension: string | null;
}
interface Given {
  members: readonly Pick<Member, 'userId' | 'name' | 'email'>[];
  presences: readonly Pick<Presence, 'userId' | 'status'>[];
  me: string;
  /** "anna@example.com = 201", one a line, where an exchange reaches people; null where the server does. */
  extensions: Json | null;
}
const ORDER: Record<PresenceStatus, number> = { online: 0, busy: 1, away: 2, offline: 3 };

/** Who is there first. Of an exchange those only whose extension is known. */
export function colleagues({ members, presences, me, extensions }: Given): Colleague[] {
  const known = extensions === null ? null : parseExtensions(extensions);
  const status = new Map(presences.map((one) => [one.userId, one.status]));
  return members
    .filter(({ userId }) => userId !== me)
    .map(({ userId, name, email }) => ({
      userId,
      name,
      status: status.get(userId) ?? 'offline',
      extension: known?.get(email.toLowerCase()) ?? null,
    }))
    .filter(({ extension }) => known === null || extension !== null)
    .toSorted((a, b) => ORDER[a.status] - ORDER[b.status] || a.name.localeCompare(b.name));
}
export function parseExtensions(lines: Json): Map<string, string> {
  const pairs = (Array.isArray(lines) ? lines : []).flatMap((line): [string, string][] => {
    const found = typeof line === 'string' ? /^\s*(\S+@\S+)\s*=\s*([\w.*#+-]{1,32})\s*$/.exec(line) : null;
    return found?.[1] && found[2] ? [[found[1].toLowerCase(), found[2]]] : [];
  });
  return new Map(pairs);
}
