/** Whom a call rings. Pure: who is there is handed in. */
import type { PresenceStatus, RingStrategy } from './call.ts';

/** Providers ring so many at once (Twilio: 10). */
export const MOST_RINGING = 10;

export interface Candidate {
  userId: string;
  status: PresenceStatus;
  /** A phone of theirs rings for another call. */
  isRung: boolean;
  lastRungAtMs: number | null;
  lastCallAtMs: number | null;
}

/**
 * Those who are online and not on the phone, in order; `all` of them at once or the one whose turn it is. Nobody: an empty list.
 * round_robin: who was rung longest ago (or never); longest_idle: whose last call ended longest ago (or who had none).
 */
export function whoRings(
  candidates: readonly Candidate[],
  strategy: RingStrategy,
  most = MOST_RINGING,
): string[] {
  const free = candidates.filter(({ status, isRung }) => status === 'online' && !isRung);
  const since = strategy === 'round_robin' ? rung : idle;
  const inOrder = free.toSorted((a, b) => since(a) - since(b) || (a.userId < b.userId ? -1 : 1));
  return inOrder.slice(0, strategy === 'all' ? most : 1).map(({ userId }) => userId);
}

const rung = ({ lastRungAtMs }: Candidate): number => lastRungAtMs ?? 0;
const idle = ({ lastCallAtMs }: Candidate): number => lastCallAtMs ?? 0;
