/** Messages, activity lines and what is still on its way → the rows of a thread. Pure. */
import type { Part } from '#domain/message.ts';
import type { Activity, Message } from '../../lib/api/types.ts';
import type { SendAs } from './reply-target.ts';
import { dayWord, startOfDay } from '../../lib/time.ts';

/** An agent's message that the server hasn't confirmed yet. */
export interface PendingMessage {
  clientMessageId: string;
  parts: Part[];
  sendAs: SendAs;
  state: 'sending' | 'failed';
  reason?: string;
  atMs: number;
}
export type ThreadRow =
  | { kind: 'day'; key: string; word: string }
  | { kind: 'message'; key: string; message: Message; isFirst: boolean; isLast: boolean }
  | { kind: 'activity'; key: string; activity: Activity }
  | { kind: 'pending'; key: string; pending: PendingMessage };

const GROUP_MS = 5 * 60 * 1000;

/** Provider time where there is one, with seq as tie-break; activities stand after the message they name. */
export function threadRows(
  messages: readonly Message[],
  activities: readonly Activity[],
  pending: readonly PendingMessage[],
  nowMs: number,
): ThreadRow[] {
  const shown = new Set(messages.map((message) => message.providerMessageId));
  const lines = activities.filter((activity) => !isReactionOn(activity, shown));
  const entries = [...messages.map(messageEntry), ...lines.map(activityEntry(messages))].sort(
    (a, b) => a.seq - b.seq || a.rank - b.rank || a.atMs - b.atMs,
  );
  const rows: ThreadRow[] = [];
  let day = Number.NaN;
  for (const [index, entry] of entries.entries()) {
    const entryDay = startOfDay(entry.atMs);
    if (entryDay !== day) {
      day = entryDay;
      rows.push({ kind: 'day', key: `day-${entryDay}-${index}`, word: dayWord(entry.atMs, nowMs) });
    }
    if (entry.activity) rows.push({ kind: 'activity', key: entry.activity.id, activity: entry.activity });
    if (entry.message) {
      rows.push({
        kind: 'message',
        key: entry.message.id,
        message: entry.message,
        isFirst: !isSameGroup(entries[index - 1], entry),
        isLast: !isSameGroup(entries[index + 1], entry),
      });
    }
  }
  for (const one of pending) rows.push({ kind: 'pending', key: one.clientMessageId, pending: one });
  return rows;
}

/** A reaction stands on its message; a line of its own is for messages that aren't there. */
function isReactionOn(activity: Activity, shown: ReadonlySet<string | null>): boolean {
  const { providerMessageId } = activity.data;
  return (
    activity.kind === 'reaction' && typeof providerMessageId === 'string' && shown.has(providerMessageId)
  );
}

interface Entry {
  seq: number;
  rank: number;
  atMs: number;
  message?: Message;
  activity?: Activity;
}
const messageEntry = (message: Message): Entry => ({
  seq: message.seq,
  rank: 0,
  atMs: shownAtMs(message),
  message,
});
/** An activity never dates itself before the message it follows: their clocks differ. */
const activityEntry =
  (messages: readonly Message[]) =>
  (activity: Activity): Entry => {
    const after = messages.find((message) => message.seq === activity.afterSeq);
    const atMs = Date.parse(activity.createdAt);
    return {
      seq: activity.afterSeq,
      rank: 1,
      atMs: after ? Math.max(atMs, shownAtMs(after)) : atMs,
      activity,
    };
  };

export function shownAtMs(message: Message): number {
  return Date.parse(message.sentAt ?? message.createdAt);
}

function isSameGroup(a: Entry | undefined, b: Entry | undefined): boolean {
  if (!a?.message || !b?.message) return false;
  const [one, other] = [a.message, b.message];
  return (
    one.direction === other.direction &&
    one.author.kind === other.author.kind &&
    one.author.id === other.author.id &&
    one.author.externalId === other.author.externalId &&
    Math.abs(a.atMs - b.atMs) < GROUP_MS &&
    startOfDay(a.atMs) === startOfDay(b.atMs)
  );
}

/** Puts newer copies over older ones; ascending by seq, each message once. */
export function mergeMessages(known: readonly Message[], fresh: readonly Message[]): Message[] {
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of fresh) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}

/** Whether a stored message is the one that is still shown as pending, seen through the feed before its own answer. */
export function isSameSend(message: Message, pending: PendingMessage): boolean {
  return message.clientMessageId === pending.clientMessageId;
}
