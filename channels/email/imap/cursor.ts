/** How far a folder was read. Pure. UIDs only rise, as long as the folder's UIDVALIDITY stays; when it changes they mean nothing. */
import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import type { FolderState, MailFacts } from './folder.ts';

const cursorSchema = z.object({
  folder: z.string(),
  uidValidity: z.string(),
  /** Everything up to it was taken in, or is none of ours. */
  lastUid: z.number(),
  /** What came before is none of ours, Unix milliseconds: counts for UIDs up to `oldUpTo`. */
  sinceMs: z.number(),
  oldUpTo: z.number(),
});
export type ImapCursor = z.infer<typeof cursorSchema>;

const DAY_MS = 86_400_000;
/** Two clocks, the server's and ours. */
const CLOCKS_MS = 120_000;

/** Where to begin: behind everything that is there. */
export function fromNow(folder: string, state: FolderState, nowMs: number): ImapCursor {
  const { uidValidity, uidNext } = state;
  return { folder, uidValidity, lastUid: uidNext - 1, sinceMs: nowMs, oldUpTo: uidNext - 1 };
}

/**
 * Where to go on in a folder that has just been opened. Nothing stored, or another folder: from now, or from so many days ago. Another
 * UIDVALIDITY (the mailbox was restored or moved): once more through everything since the beginning, for what is known already is known
 * by its Message-ID, and what is not would be lost.
 */
export function resume(
  stored: JsonObject,
  state: FolderState,
  wanted: { folder: string; importDays: number; nowMs: number },
): ImapCursor {
  const { folder, importDays, nowMs } = wanted;
  const read = cursorSchema.safeParse(stored);
  if (!read.success || read.data.folder !== folder) {
    if (importDays === 0) return fromNow(folder, state, nowMs);
    return { ...fromNow(folder, state, nowMs), lastUid: 0, sinceMs: nowMs - importDays * DAY_MS };
  }
  if (read.data.uidValidity === state.uidValidity) return read.data;
  return { ...fromNow(folder, state, nowMs), lastUid: 0, sinceMs: read.data.sinceMs };
}

/**
 * Was there before our time. A restored mailbox may have new times of arrival for old mails, so what its sender dated days before our
 * time is old as well.
 */
export function isOld(cursor: ImapCursor, mail: MailFacts): boolean {
  if (mail.uid > cursor.oldUpTo) return false;
  if (mail.receivedAtMs < cursor.sinceMs - CLOCKS_MS) return true;
  return mail.datedMs !== null && mail.datedMs < cursor.sinceMs - 2 * DAY_MS;
}

/** What the server is asked for: among the old only what can be ours (by day, which may be of another time zone). */
export function rangesOf(cursor: ImapCursor): { after: number; upTo?: number; since?: Date }[] {
  const { lastUid, oldUpTo, sinceMs } = cursor;
  const rest = { after: Math.max(lastUid, oldUpTo) };
  if (lastUid >= oldUpTo) return [rest];
  return [{ after: lastUid, upTo: oldUpTo, since: new Date(sinceMs - 2 * DAY_MS) }, rest];
}
