/**
 * Ingress: rate limit → size → inbox → signature on the raw bytes → events → one statement → 200. Once the rows are committed nothing
 * else is owed to the provider; the workflows start behind the answer.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { RawRequest } from '#channels/contract.ts';
import { definitions, isAvailable } from '#channels/definitions.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { createRouter } from '../openapi.ts';

/** Far above any provider's pace from one address; it only keeps a flood from reaching Postgres. */
const perAddress = { burst: 5_000, perSecond: 2_000 };

export function webhookRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.use('/webhooks/*', rateLimit({ ...perAddress, key: forwardedAddress }));
  routes.post('/webhooks/:type/:inboxId', (c) => receive(deps, c));
  return routes;
}

async function receive(deps: ApiDeps, c: Context<AppEnv>): Promise<Response> {
  const { type, inboxId } = c.req.param() as { type: string; inboxId: string };
  const inbox = isUuid(inboxId) ? await deps.inboxes.byId(inboxId) : null;
  if (
    !inbox ||
    inbox.type !== type ||
    inbox.deletedAt ||
    !isAvailable(inbox.type) ||
    definitions[inbox.type].ownIngress
  ) {
    throw new ApiError(404, 'unknown_inbox', 'There is no such inbox here; nothing was stored.');
  }
  const adapter = deps.registry[inbox.type];
  const url = new URL(c.req.url);
  const request: RawRequest = {
    method: c.req.method,
    url: `${deps.config.publicUrl}${url.pathname}${url.search}`,
    headers: c.req.header(),
    body: new Uint8Array(await c.req.arrayBuffer()),
    receivedAtMs: Date.now(),
  };
  const verdict = adapter.verify(inbox, request);
  if (verdict.kind === 'reject') throw new ApiError(verdict.status, verdict.code, verdict.message);
  if (verdict.kind === 'respond') {
    return c.body(verdict.body, verdict.status as 200, {
      'content-type': verdict.contentType ?? 'text/plain',
    });
  }
  const events = adapter.parse(inbox, request);
  if ('kind' in events) throw new ApiError(400, 'malformed', events.message);
  const accepted = await acceptEvents(deps.engineDb, { type: inbox.type, inbox, events, raw: request.body });
  deps.engine.eventsAccepted(accepted.filter((event) => event.starts).map((event) => event.eventId));
  const answer = adapter.accepted?.(accepted) ?? { status: 200, body: {} };
  return c.json(answer.body, answer.status as 200);
}
