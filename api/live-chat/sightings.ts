/** Where the widget is loaded, for the admin's "seen on your site": gathered in memory, written down every few seconds. */
import type { Db } from '#db/client.ts';
import { recordWebsites, type WebsiteSeen } from '#db/widget-websites.ts';
import type { ApiDeps } from '../deps.ts';

export interface Sightings {
  /** A page asked for the widget. Cheap; never fails a request. */
  saw(inbox: { id: string; workspaceId: string }, origin: string, isAllowed: boolean): void;
  /** Writes down what is gathered. What can't be written is forgotten, with a line in the log. */
  flush(): Promise<void>;
}

/** Anybody can claim any origin: past this many between two writes, new ones are not noticed. */
const maxGathered = 1000;
const longestOrigin = 200;
const everyMs = 5000;

export function createSightings({ engineDb, log }: { engineDb: Db; log: ApiDeps['log'] }): Sightings {
  let gathered = new Map<string, WebsiteSeen>();
  let timer: NodeJS.Timeout | null = null;

  const flush = async (): Promise<void> => {
    if (timer) clearTimeout(timer);
    timer = null;
    const seen = [...gathered.values()];
    gathered = new Map();
    try {
      if (seen.length > 0) await recordWebsites(engineDb, seen);
    } catch (error) {
      log.warn(
        { err: error, websites: seen.length },
        'live chat: where the widget was loaded is not counted',
      );
    }
  };
  return {
    saw(inbox, origin, isAllowed) {
      if (origin.length > longestOrigin || !/^https?:\/\/[^\s/]+$/.test(origin)) return;
      const key = `${inbox.id} ${origin}`;
      const known = gathered.get(key);
      if (!known && gathered.size >= maxGathered) return;
      gathered.set(key, {
        inboxId: inbox.id,
        workspaceId: inbox.workspaceId,
        origin,
        isAllowed,
        loads: (known?.loads ?? 0) + 1,
        lastAt: new Date(),
      });
      // The process may end without waiting for it.
      timer ??= setTimeout(() => void flush(), everyMs).unref();
    },
    flush,
  };
}
