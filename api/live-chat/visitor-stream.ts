/** The visitor's live thread, as server-sent events over a fetch that carries the session in its header. */
import type { Hono } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import type { AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { followVisitor } from './visitor-following.ts';
import type { VisitorHub } from './visitor-hub.ts';
import { parsePlace } from './visitor-places.ts';
import type { MediaLink } from './visitor-shapes.ts';
import type { LiveChatDeps, Visitors } from './visitors.ts';

const maxStreamsPerVisitor = 8;

/**
 * `message` events: each message the visitor may see, once per connection (again if it changed), oldest first; `place` after
 * each batch: what to give as `?after=` next time; `update`: a message from before the place as it is now (for who has it); `state`:
 * what the chat is like for them, first and whenever it changes; `typing`; `ping` every 15 s.
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
    const request = await visitors.visitor(c);
    const { visitorId } = request.session;
    const after = c.req.query('after') ?? '';
    const place = parsePlace(after);
    if (after !== '' && !place)
      throw new ApiError(400, 'malformed', 'after takes a place as the last answer gave it.');
    const streams = open.get(visitorId) ?? 0;
    if (streams >= maxStreamsPerVisitor) {
      throw new ApiError(429, 'too_many_streams', 'This chat is open in too many places. Close one of them.');
    }
    open.set(visitorId, streams + 1);
    const language = c.req.query('language')?.slice(0, 35) ?? null;
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream: SSEStreamingApi) => {
      try {
        await followVisitor(stream, { deps, hub, link, request, place, language });
      } catch (error) {
        deps.log.warn(
          { err: error, inboxId: request.inbox.id },
          'live chat: a stream ended early; its browser connects again',
        );
      } finally {
        const left = (open.get(visitorId) ?? 1) - 1;
        if (left > 0) open.set(visitorId, left);
        else open.delete(visitorId);
      }
    });
  });
}
