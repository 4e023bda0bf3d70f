/** The feed for this process's open streams: one reader of the table, only while somebody listens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Db } from '#db/client.ts';
import { feedEnd, readEvents, type FeedCursor, type UiEvent } from '#db/ui-events.ts';

export interface Feed {
  /** Something was committed in this process: look now rather than at the next tick. */
  poke(): void;
  /** Counts a listener in and out; without any the table isn't read. */
  join(): () => void;
  /**
   * The events of a workspace after a place, oldest first, waiting up to `waitMs` for one. From memory where the listener keeps up,
   * else from the table: a slow listener costs itself, nobody else, and loses nothing.
   */
  next(
    workspaceId: string,
    after: FeedCursor,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<{ events: UiEvent[]; at: FeedCursor }>;
}

const tickMs = 150;
const retryMs = 1_000;
const batch = 500;
const keep = 2_000;

export function createFeed(deps: { engineDb: Db; log: Pick<Logger, 'warn'> }): Feed {
  let listeners = 0;
  let reading = false;
  /** Everything after `floor` up to `head` is in `recent`; null before the first reading. */
  let floor: FeedCursor | null = null;
  let head: FeedCursor = { xid: '0', position: 0 };
  let recent: UiEvent[] = [];
  let tick = Promise.withResolvers<void>();
  let hurry = new AbortController();

  async function read(): Promise<void> {
    // oxlint-disable-next-line no-unmodified-loop-condition -- join and leave change it while this waits
    while (listeners > 0) {
      try {
        if (floor === null) {
          floor = head = await feedEnd(deps.engineDb);
          // What was committed between a listener's own look and this end is nobody's news any more: look once again.
          wakeAll();
        }
        hurry = new AbortController();
        const events = await readEvents(deps.engineDb, null, head, batch);
        if (events.length > 0) {
          remember(events);
          wakeAll();
        }
        if (events.length < batch)
          await sleep(tickMs, undefined, { ref: false, signal: hurry.signal }).catch(() => undefined);
      } catch (error) {
        deps.log.warn({ err: error }, 'The event feed could not be read; open screens catch up when it can.');
        await sleep(retryMs, undefined, { ref: false });
      }
    }
    reading = false;
    // While nobody listened events went by unread.
    floor = null;
    recent = [];
  }

  function wakeAll(): void {
    tick.resolve();
    tick = Promise.withResolvers<void>();
  }

  function remember(events: readonly UiEvent[]): void {
    recent.push(...events);
    head = events.at(-1) ?? head;
    if (recent.length <= keep) return;
    const dropped = recent.splice(0, recent.length - keep);
    floor = dropped.at(-1) ?? floor;
  }

  async function take(
    workspaceId: string,
    after: FeedCursor,
  ): Promise<{ events: UiEvent[]; at: FeedCursor }> {
    if (floor !== null && !isBefore(after, floor)) {
      const events = recent.filter((event) => event.workspaceId === workspaceId && isBefore(after, event));
      return { events, at: isBefore(after, head) ? head : after };
    }
    // Where the reading ends, so that a quiet workspace's cursor moves on too.
    const end = await feedEnd(deps.engineDb);
    const events = await readEvents(deps.engineDb, workspaceId, after, batch);
    const last = events.at(-1);
    if (events.length === batch && last) return { events, at: last };
    return { events, at: last && isBefore(end, last) ? last : isBefore(after, end) ? end : after };
  }

  return {
    poke: () => hurry.abort(),
    join() {
      listeners += 1;
      if (!reading) {
        reading = true;
        void read();
      }
      let joined = true;
      return () => {
        if (joined) listeners -= 1;
        joined = false;
        if (listeners === 0) hurry.abort();
      };
    },
    async next(workspaceId, after, waitMs, signal) {
      const until = performance.now() + waitMs;
      let at = after;
      for (;;) {
        const ticked = tick.promise;
        const found = await take(workspaceId, at);
        const leftMs = until - performance.now();
        if (found.events.length > 0 || leftMs <= 0 || signal.aborted) return found;
        at = found.at;
        await Promise.race([ticked, sleep(leftMs, undefined, { ref: false, signal }).catch(() => undefined)]);
      }
    },
  };
}

/** Order of the feed: transaction first, position second. */
export function isBefore(one: FeedCursor, other: FeedCursor): boolean {
  const [first, second] = [BigInt(one.xid), BigInt(other.xid)];
  return first < second || (first === second && one.position < other.position);
}
