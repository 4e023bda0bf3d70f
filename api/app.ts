/** The HTTP side, put together: what is open, what asks who you are, and in which order. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps, AppEnv } from './deps.ts';
import { authenticate } from './middleware/authenticate.ts';
import { bodyLimit } from './middleware/body-limit.ts';
import { handleErrors, handleNotFound } from './middleware/errors.ts';
import { measure } from './middleware/measure.ts';
import { requestId } from './middleware/request-id.ts';
import { codecCors, sameOrigin } from './middleware/same-origin.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { storableBody } from './middleware/storable-body.ts';
import { createRouter } from './openapi.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes } from './routes/audit.ts';
import { authRoutes } from './routes/auth.ts';
import { codecRoutes } from './routes/codec.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { joinRoutes } from './routes/join.ts';
import { labelRoutes } from './routes/labels.ts';
import { liveChatRoutes } from './routes/live-chat.ts';
import { meRoutes } from './routes/me.ts';
import { memberRoutes } from './routes/members.ts';
import { sandboxRoutes } from './routes/sandbox.ts';
import { teamRoutes } from './routes/teams.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { customerRoutes } from './routes/customers.ts';
import { eventRoutes } from './routes/events.ts';
import { flowRoutes } from './routes/flows.ts';
import { inboxCheckRoutes } from './routes/inbox-checks.ts';
import { inboxRoutes } from './routes/inboxes.ts';
import { mediaLinkRoutes, mediaRoutes } from './routes/media.ts';
import { messageRoutes } from './routes/messages.ts';
import { presenceRoutes } from './routes/presence.ts';
import { providerActionRoutes } from './routes/provider-actions.ts';
import { runActionRoutes } from './routes/run-actions.ts';
import { runRoutes } from './routes/runs.ts';
import { voiceRoutes } from './routes/voice.ts';
import { uiRoutes } from './ui.ts';

export type { ApiDeps, AppEnv, CodecPayload, DecodePayloads, RequestActor } from './deps.ts';

type RouteGroup = (deps: ApiDeps) => OpenAPIHono<AppEnv>;

/** Reachable without a key or session; each checks its callers itself where it must. */
const openGroups: RouteGroup[] = [
  healthRoutes,
  webhookRoutes,
  liveChatRoutes,
  sandboxRoutes,
  authRoutes,
  joinRoutes,
  mediaLinkRoutes,
];
/** Below /api, behind `authenticate`; every route names its permission. */
const guardedGroups: RouteGroup[] = [
  meRoutes,
  memberRoutes,
  invitationRoutes,
  teamRoutes,
  labelRoutes,
  apiKeyRoutes,
  auditRoutes,
  codecRoutes,
  conversationRoutes,
  customerRoutes,
  eventRoutes,
  flowRoutes,
  inboxCheckRoutes,
  inboxRoutes,
  mediaRoutes,
  messageRoutes,
  presenceRoutes,
  providerActionRoutes,
  runActionRoutes,
  runRoutes,
  voiceRoutes,
];

/** Meta's deliveries have up to 3 MB. */
const MAX_WEBHOOK_BYTES = 4 * 1024 * 1024;
/** What the providers' doubles take, as the providers do: media. */
const MAX_DOUBLE_BYTES = 64 * 1024 * 1024;

export function createApp(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.onError(handleErrors(deps.log));
  app.notFound(handleNotFound);
  app.use('*', requestId, measure(deps.log), securityHeaders(deps.config.publicUrl));
  const limit = bodyLimit();
  const doubleLimit = bodyLimit(MAX_DOUBLE_BYTES);
  const webhookLimit = bodyLimit(MAX_WEBHOOK_BYTES);
  app.use('*', (c, next) => {
    if (isUpload(c.req.path)) return next();
    if (c.req.path.startsWith('/webhooks/')) return webhookLimit(c, next);
    return c.req.path.startsWith('/sandbox/') ? doubleLimit(c, next) : limit(c, next);
  });
  app.use('/api/temporal/codec/*', codecCors(deps.config));
  app.use('/api/*', sameOrigin(deps.config));
  app.use('/api/*', (c, next) => (isUpload(c.req.path) ? next() : storableBody(c, next)));
  for (const group of openGroups) app.route('/', group(deps));
  for (const group of deps.extraRoutes ?? []) app.route('/', group(deps));
  app.route('/', docsRoutes(app, deps.config.publicUrl));
  app.use('/api/*', authenticate(deps));
  for (const group of guardedGroups) app.route('/', group(deps));
  app.all('/api/*', handleNotFound);
  app.route('/', uiRoutes());
  return app;
}

/** Uploads of members and visitors: their routes say how much they take, and read it themselves. */
function isUpload(path: string): boolean {
  return path === '/api/media' || /^\/live-chat\/[^/]+\/media$/.test(path);
}
