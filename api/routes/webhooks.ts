/**
 * Ingress: rate limit → size → inbox → signature on the raw bytes → events → one statement → 200. Once the rows are committed nothing
 * else is owed to the provider; the workflows start behind the answer.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { appWebhook } from '#channels/app-webhooks.ts';
import type { RawRequest } from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { webhookPlace } from '#channels/webhook-place.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { createRouter } from '../openapi.ts';
import { receiveForApp } from './app-webhooks.ts';
import { addMicrosoftWebhook } from './microsoft-webhook.ts';

/** Far above any provider's pace from one address; it only keeps a flood from reaching Postgres. */
const perAddress = { burst: 5_000, perSecond: 2_000 };

export function webhookRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.use('/webhooks/*', rateLimit({ ...perAddress, key: forwardedAddress }));
  for (const path of ['/webhooks/:segment/:inboxId', '/webhooks/:segment/:inboxId/:path'])
    routes.on(['GET', 'POST'], path, (c) => receive(deps, c));
  addMicrosoftWebhook(routes, deps);
  routes.on(['GET', 'POST'], '/webhooks/:app', async (c) => {
    const webhook = appWebhook(c.req.param('app'));
    if (!webhook)
      throw new ApiError(404, 'unknown_webhook', 'There is no such webhook here; nothing was stored.');
    return receiveForApp(deps, c, webhook, await rawRequest(deps, c));
  });
  return routes;
}

async function rawRequest(deps: ApiDeps, c: Context<AppEnv>): Promise<RawRequest> {
  const url = new URL(c.req.url);
  return {
    method: c.req.method,
    url: `${deps.config.publicUrl}${url.pathname}${url.search}`,
    headers: c.req.header(),
    body: new Uint8Array(await c.req.arrayBuffer()),
    receivedAtMs: Date.now(),
  };
}

/** Whether this is where the inbox's provider was told to call. */
function isPlaceOf(inbox: CachedInbox, segment: string, path: string | undefined): boolean {
  const place = isChannelType(inbox.type) ? webhookPlace(definitions[inbox.type]) : null;
  return (
    place?.kind === 'inbox' &&
    place.segment === segment &&
    (path === undefined || (place.paths?.includes(path) ?? false))
  );
}

async function receive(deps: ApiDeps, c: Context<AppEnv>): Promise<Response> {
  const { segment = '', inboxId = '', path } = c.req.param() as Partial<Record<string, string>>;
  const inbox = isUuid(inboxId) ? await deps.inboxes.byId(inboxId) : null;
  if (!inbox || inbox.deletedAt || !isChannelType(inbox.type) || !isPlaceOf(inbox, segment, path)) {
    throw new ApiError(404, 'unknown_inbox', 'There is no such inbox here; nothing was stored.');
  }
  const adapter = deps.registry[inbox.type];
  const request = await rawRequest(deps, c);
  const verdict = adapter.verify(inbox, request);
  if (verdict.kind === 'reject') throw new ApiError(verdict.status, verdict.code, verdict.message);
  if (verdict.kind === 'respond') {
    return c.body(verdict.body, verdict.status as 200, {
      'content-type': verdict.contentType ?? 'text/plain',
    });
  }
  const events = await adapter.parse(inbox, request);
  if ('kind' in events) throw new ApiError(400, 'malformed', events.message);
  const accepted = await acceptEvents(deps.engineDb, { type: inbox.type, inbox, events, raw: request.body });
  deps.engine.eventsAccepted(accepted.filter(({ starts }) => starts));
  if (adapter.respond) {
    const { events: found = [], ...answer } = await adapter.respond(inbox, request);
    const more = await acceptEvents(deps.engineDb, {
      type: inbox.type,
      inbox,
      events: found,
      raw: request.body,
    });
    deps.engine.eventsAccepted(more.filter(({ starts }) => starts));
    return c.body(answer.text, answer.status as 200, { 'content-type': answer.contentType });
  }
  const answer = adapter.accepted?.(accepted) ?? { status: 200, body: {} };
  return 'text' in answer
    ? c.body(answer.text, answer.status as 200, { 'content-type': answer.contentType })
    : c.json(answer.body, answer.status as 200);
}
