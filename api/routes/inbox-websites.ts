/** Where an inbox's chat widget was seen: what an admin looks at after pasting the snippet. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { inWorkspace } from '#db/client.ts';
import { findInbox } from '#db/inboxes.ts';
import { websitesOf } from '#db/widget-websites.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';

const websitesShape = z
  .object({
    items: z.array(
      z.object({
        origin: z.string(),
        /** Whether the widget was shown there, at the last load. */
        isAllowed: z.boolean(),
        loads: z.number(),
        firstAt: z.string(),
        lastAt: z.string(),
      }),
    ),
  })
  .openapi('InboxWebsites');

const websites = createRoute({
  method: 'get',
  path: '/api/inboxes/{id}/websites',
  summary: 'Where a Live Chat inbox’s widget was loaded or refused, the latest first',
  middleware: [requirePermission('inboxes:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(websitesShape, 'Counted about every five seconds.'), ...refusals },
});

export function inboxWebsiteRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(websites, async (c) => {
    const { id } = c.req.valid('param');
    const found = await inWorkspace(deps.appDb, c.var.actor.workspaceId, async (tx) =>
      (await findInbox(tx, id)) ? websitesOf(tx, id) : null,
    );
    if (!found) throw notFound('inbox');
    return c.json(
      {
        items: found.map(({ firstAt, lastAt, ...website }) => ({
          ...website,
          firstAt: firstAt.toISOString(),
          lastAt: lastAt.toISOString(),
        })),
      },
      200,
    );
  });
}
