import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { seen } from '#db/presence.ts';
import { feedCursorAt, feedEnd, type UiEvent } from '#db/ui-events.ts';
import { PRESENCE_GAP_SECONDS } from '#domain/call.ts';
import { allows, type Permission, type Role } from '#domain/roles.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createRouter, refusals } from '../openapi.ts';

const heartbeatMs = 15_000;
/** A third of the gap after which a member is offline. */
const aliveMs = (PRESENCE_GAP_SECONDS * 1000) / 3;
/** The browser comes back by itself; who may hear what is judged anew then. */
const longestMs = 10 * 60_000;

const stream = createRoute({
  method: 'get',
  path: '/api/events',
  summary:
    'Server-sent events of your workspace: named, ids only in data, id = position, resumes by Last-Event-ID. `ready` comes first; `resync` means: load afresh, your place is no longer known',
  responses: { 200: { content: { 'text/event-stream': {} }, description: 'The stream.' }, ...refusals },
});

export function eventRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(stream, async (c) => {
    const { workspaceId, role, userId } = c.get('actor');
    const lastId = c.req.header('last-event-id');
    const resumed =
      lastId === undefined || !/^\d{1,15}$/.test(lastId)
        ? null
        : await feedCursorAt(deps.engineDb, Number(lastId));
    const lost = lastId !== undefined && lastId !== '' && resumed === null;
    const leave = deps.feed.join();
    c.header('Cache-Control', 'no-store');
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (out) => {
      const ended = new AbortController();
      out.onAbort(() => ended.abort());
      const closeAt = setTimeout(() => ended.abort(), longestMs);
      try {
        let at = resumed ?? (await feedEnd(deps.engineDb));
        const hello = { event: lost ? 'resync' : 'ready', data: '{}', id: String(at.position) };
        await out.writeSSE(hello);
        let aliveAtMs = -Infinity;
        while (!ended.signal.aborted && !out.closed) {
          // An open stream is a sign of life.
          if (userId !== null && performance.now() - aliveAtMs > aliveMs) {
            aliveAtMs = performance.now();
            await seen(deps.engineDb, workspaceId, userId);
          }
          const { events, at: reached } = await deps.feed.next(workspaceId, at, heartbeatMs, ended.signal);
          if (ended.signal.aborted) break;
          for (const event of events) {
            // Awaited: a reader who is slow is waited for, and what it misses meanwhile is read from the table.
            if (mayHear(role, event))
              await out.writeSSE({
                event: event.name,
                data: JSON.stringify(event.data),
                id: String(event.position),
              });
          }
          if (events.length === 0) await out.write(': still here\n\n');
          at = reached;
        }
      } finally {
        clearTimeout(closeAt);
        leave();
      }
    });
  });
}

const needs: Readonly<Record<string, Permission>> = {
  message: 'conversations:read',
  conversation: 'conversations:read',
  run: 'runs:read',
  inbox: 'inboxes:read',
  flow: 'flows:read',
  customer: 'customers:read',
  call: 'conversations:read',
  presence: 'members:read',
};

/** By the thing the event is about; what nobody has decided on is for nobody. */
function mayHear(role: Role, event: UiEvent): boolean {
  const permission = needs[event.name.slice(0, event.name.indexOf('.'))];
  return permission !== undefined && allows(role, permission);
}
