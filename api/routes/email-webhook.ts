/** `/webhooks/email/<inbox id>`: a mail provider hands a mail over. Signed like an API inbox's messages. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { emailDefinition } from '#channels/email/definition.ts';
import { readPostedMail } from '#channels/email/webhook-body.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createEmailReceiver } from '../email/receive.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { createRouter } from '../openapi.ts';

const perAddress = { burst: 500, perSecond: 100 };

export function emailWebhookRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const receiver = createEmailReceiver(deps);
  const routes = createRouter();
  const limited = rateLimit({ ...perAddress, key: forwardedAddress });
  routes.post('/webhooks/email/:inboxId', limited, async (c) => {
    const inboxId = c.req.param('inboxId');
    const inbox = isUuid(inboxId) ? await deps.inboxes.byId(inboxId) : null;
    if (!inbox || inbox.deletedAt || inbox.type !== emailDefinition.type)
      throw new ApiError(404, 'unknown_inbox', 'There is no such inbox here; nothing was stored.');
    const request = {
      method: c.req.method,
      url: c.req.url,
      headers: c.req.header(),
      body: new Uint8Array(await c.req.arrayBuffer()),
      receivedAtMs: Date.now(),
    };
    const verdict = deps.registry.email.verify(inbox, request);
    if (verdict.kind === 'reject') throw new ApiError(verdict.status, verdict.code, verdict.message);
    const posted = readPostedMail(request);
    if ('kind' in posted) throw new ApiError(400, 'malformed', posted.message);
    const { raw, sender, recipient } = posted;
    const reception = await receiver.receive(inbox, {
      raw,
      envelope: {
        to: recipient === undefined ? [] : [recipient],
        ...(sender === undefined ? {} : { from: sender }),
      },
      receivedAtMs: request.receivedAtMs,
    });
    return reception.kind === 'accepted'
      ? c.json({ eventId: reception.eventId, duplicate: reception.duplicate }, 202)
      : c.json({ eventId: null, duplicate: false, setAside: reception.reason }, 202);
  });
  return routes;
}
