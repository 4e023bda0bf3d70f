/** How many mailboxes this process should hold. Pure. */

export interface ShareInput {
  /** Held now, those that are ending left out. */
  held: number;
  /** Held now with nothing to do but wait. */
  resting: number;
  /** The most this process may hold: its connections. */
  capacity: number;
  /** Processes alive, this one among them. */
  holders: number;
  /** All mailboxes there are. */
  mailboxes: number;
  /** Those of them that are due and held by nobody. */
  waiting: number;
}
export interface Share {
  /** How many to take now, if there are so many. */
  take: number;
  /** How many to give to others that have fewer. */
  give: number;
  /** How many waiting ones to end for a while, so that others get their turn. */
  rotate: number;
}

/** Gentle: so many looks begin or end at once. */
const AT_ONCE = 10;

export function share(input: ShareInput): Share {
  const { held, resting, capacity, mailboxes, waiting } = input;
  const fair = Math.ceil(mailboxes / Math.max(1, input.holders));
  const most = Math.min(capacity, fair);
  if (held > most) return { take: 0, give: Math.min(AT_ONCE, held - most), rotate: 0 };
  const take = Math.min(AT_ONCE, most - held);
  // Full, and some have no connection: with too few for all, each has one in turn.
  const rotate = held === capacity ? Math.min(AT_ONCE, waiting, resting) : 0;
  return { take, give: 0, rotate };
}
