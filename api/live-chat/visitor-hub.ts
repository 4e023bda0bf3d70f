/** Tells each visitor's open streams that their thread may have changed. One reader of the feed per process, only while streams are open. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Db } from '#db/client.ts';
import { feedEnd, readEvents, type FeedCursor, type UiEvent } from '#db/ui-events.ts';
import { visitorOfConversation, type VisitorKey } from '#db/visitors.ts';

export interface VisitorHub {
  /**
   * From when this resolves on, every committed change of the visitor's conversations is followed by a call of `changed` (at least
   * one, maybe for several). @returns stops it
   */
  subscribe(visitor: VisitorKey, changed: (change: VisitorChange) => void): Promise<() => void>;
}

/** What it is about: messages by their ids, the conversation itself (its state, who has read it), its flow run. */
export interface VisitorChange {
  messageIds: string[];
  conversation: boolean;
  run: boolean;
}
type Changed = (change: VisitorChange) => void;

const pollMs = 150;
const retryMs = 1000;
const batch = 500;
const maxKnownConversations = 10_000;
const told = new Set(['message', 'conversation', 'run']);

export function createVisitorHub(deps: { engineDb: Db; log: Pick<Logger, 'warn'> }): VisitorHub {
  const listeners = new Map<string, Set<Changed>>();
  const conversations = new Map<string, string | null>();
  let reading: Promise<FeedCursor> | null = null;

  async function keyOf(conversationId: string): Promise<string | null> {
    const known = conversations.get(conversationId);
    if (known !== undefined) return known;
    const visitor = await visitorOfConversation(deps.engineDb, conversationId);
    const key = visitor && keyText(visitor);
    // Forgotten when it changes, see below; the oldest also without.
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
    const changes = new Map<string, VisitorChange>();
    for (const { name, data } of events) {
      const { conversationId, messageId } = data;
      const [about] = name.split('.');
      if (typeof conversationId !== 'string' || about === undefined || !told.has(about)) continue;
      const change = changes.get(conversationId) ?? { messageIds: [], conversation: false, run: false };
      if (about === 'message' && typeof messageId === 'string') change.messageIds.push(messageId);
      if (about === 'conversation') change.conversation = true;
      if (about === 'run') change.run = true;
      changes.set(conversationId, change);
      // Whose it is may be what has changed: its visitor signed in.
      if (name === 'conversation.updated') conversations.delete(conversationId);
    }
    for (const [conversationId, change] of changes) {
      const key = await keyOf(conversationId);
      for (const listener of (key && listeners.get(key)) || []) listener(change);
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

export function keyText({ inboxId, externalId }: VisitorKey): string {
  return `${inboxId}/${externalId}`;
}
