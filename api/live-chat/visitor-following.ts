/** One visitor's open stream: what is new in their thread, what the chat is like for them, who types. */
import type { SSEStreamingApi } from 'hono/streaming';
import { inWorkspace } from '#db/client.ts';
import { markSeen } from '#db/visitor-profiles.ts';
import { isEnded } from '#db/visitor-sessions.ts';
import {
  botIsTyping,
  visitorThread,
  type ThreadPlace,
  type ThreadRange,
  type VisitorMessageRow,
} from '#db/visitors.ts';
import { acceptReceipt } from './accept.ts';
import { createBell } from './bell.ts';
import type { VisitorHub } from './visitor-hub.ts';
import { placeText } from './visitor-places.ts';
import { completeUpTo, visitorMessage, type MediaLink } from './visitor-shapes.ts';
import { visitorState } from './visitor-state.ts';
import type { LiveChatDeps, LiveChatInbox, VisitorRequest } from './visitors.ts';

const heartbeatMs = 15_000;
const seenEveryMs = 30_000;
const batch = 100;
const mostBeside = 1000;
/** Typing is shown for as long, unless it is said again. */
const typingForMs = { agent: 6_000, bot: 30_000 };

export interface Following {
  deps: LiveChatDeps;
  hub: VisitorHub;
  link: MediaLink;
  request: VisitorRequest;
  place: ThreadPlace | null;
  /** The browser's, for what is sent to them later. */
  language: string | null;
}

export async function followVisitor(
  stream: SSEStreamingApi,
  { deps, hub, link, request, place, language }: Following,
): Promise<void> {
  const { session, visitor } = request;
  const { workspaceId } = request.inbox;
  const bell = createBell();
  const stop = await hub.subscribe(visitor, (change) => bell.ring(change));
  stream.onAbort(() => bell.ring({}));
  const stopTyping = deps.typing.listen((signal) => {
    const { from, typing, inboxId, contactExternalId } = signal;
    if (from === 'agent' && inboxId === visitor.inboxId && contactExternalId === visitor.externalId)
      void tellTyping(typing, 'agent');
  });
  const shown = new Map<string, string>();
  let current = place;
  let lastState = '';
  let botTyping = false;
  let seenAtMs = -seenEveryMs;
  try {
    await stream.writeSSE({ event: 'ping', data: '' });
    // What came meanwhile in an older conversation, or was sent late, lies before the place.
    if (place) await show(await read({ beside: place }, mostBeside), 'message');
    while (!stream.aborted && !stream.closed && Date.now() < session.expiresAtMs) {
      if (await isOver()) break;
      await beSeen();
      const { messageIds, conversation, run } = bell.taken();
      if (conversation || lastState === '') await tellState();
      const rows = await read(current ? { after: current } : 'end');
      await show(rows, 'message');
      // What has changed behind the place (a message taken back, an edit), and what was settled since that look or lies beyond its end.
      const others = messageIds.filter((id) => !rows.some((row) => row.id === id));
      if (others.length > 0) {
        const found = await read({ only: others, seenFrom: current });
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
      if (run || botTyping) await tellBotTyping();
      // Held back by an unsettled message, the same full batch would come again: then only news go on.
      if (rows.length === batch && completeUpTo(rows)?.seq === rows.at(-1)?.seq) continue;
      while (!(await bell.rung(heartbeatMs)) && !stream.aborted && !(await isOver())) {
        await stream.writeSSE({ event: 'ping', data: '' });
        await beSeen();
        // Hours begin and end without anybody's doing.
        await tellState();
      }
    }
  } finally {
    stop();
    stopTyping();
    await markSeen(deps.engineDb, visitor, language);
  }

  /** Signed out elsewhere, or a person's by now: what comes is no longer for this browser as it was. */
  async function isOver(): Promise<boolean> {
    return isEnded(deps.engineDb, { ...visitor, visitorId: session.visitorId });
  }

  async function read(range: ThreadRange, limit = batch): Promise<VisitorMessageRow[]> {
    return inWorkspace(deps.appDb, workspaceId, (tx) => visitorThread(tx, visitor, range, limit));
  }

  async function show(rows: readonly VisitorMessageRow[], event: 'message' | 'update'): Promise<void> {
    for (const row of rows) {
      const message = visitorMessage(row, link);
      // Links are signed anew each time, so what is compared is what they lead to.
      const content = JSON.stringify(visitorMessage(row, (mediaId) => mediaId));
      if (shown.get(row.id) === content) continue;
      shown.set(row.id, content);
      await stream.writeSSE({ event, data: JSON.stringify(message) });
    }
    const arrived = rows.filter(({ direction, status }) => direction === 'out' && status === 'sent');
    if (arrived.length === 0 || stream.aborted) return;
    const inbox = await inboxNow();
    await acceptReceipt(deps, inbox, visitor, {
      status: 'delivered',
      messageIds: arrived.map(({ id }) => id),
    });
  }

  async function tellState(): Promise<void> {
    const inbox = await inboxNow();
    const state = await inWorkspace(deps.appDb, workspaceId, (tx) =>
      visitorState(tx, inbox, session, new Date()),
    );
    const data = JSON.stringify(state);
    if (data === lastState) return;
    lastState = data;
    await stream.writeSSE({ event: 'state', data });
  }

  async function tellBotTyping(): Promise<void> {
    const typing = await inWorkspace(deps.appDb, workspaceId, (tx) => botIsTyping(tx, visitor));
    if (typing !== botTyping) await tellTyping(typing, 'bot');
    botTyping = typing;
  }

  async function tellTyping(typing: boolean, from: 'agent' | 'bot'): Promise<void> {
    if (stream.aborted || stream.closed) return;
    await stream.writeSSE({
      event: 'typing',
      data: JSON.stringify({ typing, from, forMs: typingForMs[from] }),
    });
  }

  /** Settings may have changed since the stream began. */
  async function inboxNow(): Promise<LiveChatInbox> {
    return (await deps.inboxes.byId(request.inbox.id)) ?? request.inbox;
  }

  async function beSeen(): Promise<void> {
    if (performance.now() - seenAtMs < seenEveryMs) return;
    // Until they have written there is nobody to be seen: asked again at the next news.
    if (await markSeen(deps.engineDb, visitor, language)) seenAtMs = performance.now();
  }
}
