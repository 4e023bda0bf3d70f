/** Tells each visitor's open streams that their thread may have changed. One reader of the feed per process, only while streams are open. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Db } from '#db/client.ts';
import { feedEnd, readEvents, type FeedCursor, type UiEvent } from '#db/ui-events.ts';
import { visitorOfConversation, type VisitorKey } from '#db/visitors.ts';

export interface VisitorHub {
  /**
   * From when this resolves on, every committed change of the visitor's thread is followed by a call of `changed` (at least one,
   * maybe for several) with the ids of the messages it is about. @returns stops it
   */
  subscribe(visitor: VisitorKey, changed: Changed): Promise<() => void>;
}

type Changed = (messageIds: readonly string[]) => void;

const pollMs = 150;
const retryMs = 1000;
const batch = 500;
const maxKnownConversations = 10_000;

export function createVisitorHub(deps: { engineDb: Db; log: Pick<Logger, 'warn'> }): VisitorHub {
  const listeners = new Map<string, Set<Changed>>();
  const conversations = new Map<string, string | null>();
  let reading: Promise<FeedCursor> | null = null;

  async function keyOf(conversationId: string): Promise<string | null> {
    const known = conversations.get(conversationId);
    if (known !== undefined) return known;
    const visitor = await visitorOfConversation(deps.engineDb, conversationId);
    const key = visitor && keyText(visitor);
    // A conversation never changes hands, so that this never goes stale; the oldest are forgotten.
    conversations.set(conversationId, key);
    if (conversations.size > maxKnownConversations) {
      for (const oldest of conversations.keys()) {
        conversations.delete(oldest);
        break;
      }
    }
    return key;
  }

  async function tell(events: readonly UiEvent[]): Promise<void> {
    const changed = new Map<string, string[]>();
    for (const { name, data } of events) {
      const { conversationId, messageId } = data;
      if (!name.startsWith('message.') || typeof conversationId !== 'string') continue;
      const messageIds = changed.get(conversationId) ?? [];
      if (typeof messageId === 'string') messageIds.push(messageId);
      changed.set(conversationId, messageIds);
    }
    for (const [conversationId, messageIds] of changed) {
      const key = await keyOf(conversationId);
      for (const listener of (key && listeners.get(key)) || []) listener(messageIds);
    }
  }

  async function read(start: FeedCursor): Promise<void> {
    let cursor = start;
    while (listeners.size > 0) {
      try {
        const events = await readEvents(deps.engineDb, null, cursor, batch);
        await tell(events);
        cursor = events.at(-1) ?? cursor;
        if (events.length < batch) await sleep(pollMs, undefined, { ref: false });
      } catch (error) {
        deps.log.warn(
          { err: error },
          'live chat: the feed could not be read; open chats catch up when it can',
        );
        await sleep(retryMs, undefined, { ref: false });
      }
    }
    reading = null;
  }

  return {
    async subscribe(visitor, changed) {
      const key = keyText(visitor);
      const mine = listeners.get(key) ?? new Set();
      mine.add(changed);
      listeners.set(key, mine);
      const stop = (): void => {
        mine.delete(changed);
        if (mine.size === 0 && listeners.get(key) === mine) listeners.delete(key);
      };
      if (!reading) {
        reading = feedEnd(deps.engineDb);
        reading.then(read).catch(() => (reading = null));
      }
      try {
        await reading;
      } catch (error) {
        stop();
        throw error;
      }
      return stop;
    },
  };
}

function keyText({ inboxId, visitorId }: VisitorKey): string {
  return `${inboxId}/${visitorId}`;
}
