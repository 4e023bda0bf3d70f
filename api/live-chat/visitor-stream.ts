/** The visitor's live thread, as server-sent events over a fetch that carries the session in its header. */
import type { Hono } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { inWorkspace } from '#db/client.ts';
import { visitorThread, type ThreadPlace, type VisitorMessageRow } from '#db/visitors.ts';
import type { VisitorSession } from '#channels/live_chat/visitor-token.ts';
import type { AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import type { VisitorHub } from './visitor-hub.ts';
import { parsePlace, placeText } from './visitor-routes.ts';
import { completeUpTo, visitorMessage, type MediaLink } from './visitor-shapes.ts';
import type { LiveChatDeps, LiveChatInbox, Visitors } from './visitors.ts';

const heartbeatMs = 15_000;
const batch = 100;
const maxStreamsPerVisitor = 8;

/**
 * `message` events: each message the visitor may see, once per connection (again if it changed), oldest first; `place` after
 * each batch: what to give as `?after=` next time; `update`: a message from before the place as it is now (for who has it); `ping`
 * every 15 s.
 */
export function addVisitorStream(
  routes: Hono<AppEnv>,
  deps: LiveChatDeps,
  visitors: Visitors,
  hub: VisitorHub,
  link: MediaLink,
): void {
  const open = new Map<string, number>();

  routes.get('/live-chat/:inboxId/stream', async (c) => {
    const { inbox, session } = await visitors.visitor(c);
    const after = c.req.query('after') ?? '';
    const place = parsePlace(after);
    if (after !== '' && !place)
      throw new ApiError(400, 'malformed', 'after takes a place as the last answer gave it.');
    const streams = open.get(session.visitorId) ?? 0;
    if (streams >= maxStreamsPerVisitor) {
      throw new ApiError(429, 'too_many_streams', 'This chat is open in too many places. Close one of them.');
    }
    open.set(session.visitorId, streams + 1);
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream) => {
      try {
        await follow(stream, { deps, hub, link, inbox, session, place });
      } catch (error) {
        deps.log.warn(
          { err: error, inboxId: inbox.id },
          'live chat: a stream ended early; its browser connects again',
        );
      } finally {
        const left = (open.get(session.visitorId) ?? 1) - 1;
        if (left > 0) open.set(session.visitorId, left);
        else open.delete(session.visitorId);
      }
    });
  });
}

interface Following {
  deps: LiveChatDeps;
  hub: VisitorHub;
  link: MediaLink;
  inbox: LiveChatInbox;
  session: VisitorSession;
  place: ThreadPlace | null;
}

async function follow(
  stream: SSEStreamingApi,
  { deps, hub, link, inbox, session, place }: Following,
): Promise<void> {
  const bell = createBell();
  const stop = await hub.subscribe(session, bell.ring);
  stream.onAbort(() => bell.ring([]));
  const shown = new Map<string, string>();
  let current = place;
  try {
    await stream.writeSSE({ event: 'ping', data: '' });
    while (!stream.aborted && !stream.closed && Date.now() < session.expiresAtMs) {
      const rows = await inWorkspace(deps.appDb, inbox.workspaceId, (tx) =>
        visitorThread(tx, session, current ? { after: current } : 'end', batch),
      );
      await show(rows, 'message');
      // What has changed behind the place (a message taken back, an edit), and what was settled since that look or lies beyond its end.
      const others = bell.named().filter((id) => !rows.some((row) => row.id === id));
      if (others.length > 0) {
        const found = await inWorkspace(deps.appDb, inbox.workspaceId, (tx) =>
          visitorThread(tx, session, { only: others, seenFrom: current }, batch),
        );
        await show(
          found.filter((row) => row.behind),
          'update',
        );
        // Not an update: who hasn't got it would leave it aside, and it would count as shown.
        await show(
          found.filter((row) => !row.behind),
          'message',
        );
      }
      current = completeUpTo(rows) ?? current;
      const next = placeText(current);
      if (rows.length > 0 && next) await stream.writeSSE({ event: 'place', data: next });
      // Held back by an unsettled message, the same full batch would come again: then only news go on.
      if (rows.length === batch && completeUpTo(rows)?.seq === rows.at(-1)?.seq) continue;
      while (!(await bell.rung(heartbeatMs)) && !stream.aborted)
        await stream.writeSSE({ event: 'ping', data: '' });
    }
  } finally {
    stop();
  }

  async function show(rows: readonly VisitorMessageRow[], event: 'message' | 'update'): Promise<void> {
    for (const row of rows) {
      const message = visitorMessage(row, session.visitorId, link);
      // Links are signed anew each time, so what is compared is what they lead to.
      const content = JSON.stringify(visitorMessage(row, session.visitorId, (mediaId) => mediaId));
      if (shown.get(row.id) === content) continue;
      shown.set(row.id, content);
      await stream.writeSSE({ event, data: JSON.stringify(message) });
    }
  }
}

/** Rings are remembered until somebody waits, so that none is missed between two looks. */
function createBell() {
  let rang = false;
  let wake: (() => void) | null = null;
  let about = new Set<string>();
  return {
    ring: (messageIds: readonly string[]): void => {
      rang = true;
      for (const id of messageIds) about.add(id);
      wake?.();
    },
    /** The messages rung for since it was asked last. */
    named(): string[] {
      const named = [...about];
      about = new Set();
      return named;
    },
    /** @returns whether it rang before the time was over */
    async rung(timeoutMs: number): Promise<boolean> {
      if (!rang) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
      const result = rang;
      rang = false;
      return result;
    },
  };
}
