/** Who is there. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { inWorkspace } from '#db/client.ts';
import { choosePresence, listPresences } from '#db/presence.ts';
import { PRESENCE_CHOICES } from '#domain/call.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';
import { presenceShape, toPresence } from '../shapes/voice.ts';

const list = createRoute({
  method: 'get',
  path: '/api/presence',
  summary: 'Every member, as others see them now',
  middleware: [requirePermission('members:read')] as const,
  responses: { 200: jsonAnswer(z.object({ items: z.array(presenceShape) }), 'Members.'), ...refusals },
});
const choose = createRoute({
  method: 'put',
  path: '/api/presence',
  summary: 'Say whether you take calls; counts as a sign of life',
  middleware: [requirePermission('members:read')] as const,
  request: { body: jsonBody(z.object({ status: z.enum(PRESENCE_CHOICES) })) },
  responses: { 200: jsonAnswer(presenceShape, 'You, as others see you now.'), ...refusals },
});

export function presenceRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { workspaceId } = c.get('actor');
      const rows = await inWorkspace(deps.appDb, workspaceId, (tx) => listPresences(tx, workspaceId));
      return c.json({ items: rows.map(toPresence) }, 200);
    })
    .openapi(choose, async (c) => {
      const { workspaceId, userId } = c.get('actor');
      if (userId === null)
        throw new ApiError(422, 'no_person', 'An API key is nobody who could be there; nothing was changed.');
      await choosePresence(deps.engineDb, workspaceId, userId, c.req.valid('json').status);
      deps.feed.poke();
      const rows = await inWorkspace(deps.appDb, workspaceId, (tx) => listPresences(tx, workspaceId));
      const own = rows.find((row) => row.userId === userId);
      if (!own) throw notFound('member');
      return c.json(toPresence(own), 200);
    });
}
