/** The codec endpoint of Temporal's own UI: `<PUBLIC_URL>/api/temporal/codec`, to which it adds `/decode`. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';

const payloadsShape = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), z.string()).optional(), data: z.string().optional() }))
    .max(1000),
});

const decode = createRoute({
  method: 'post',
  path: '/api/temporal/codec/decode',
  summary: "Open payloads of Temporal's history",
  middleware: [requirePermission('codec:decode')] as const,
  request: { body: jsonBody(payloadsShape) },
  responses: { 200: jsonAnswer(payloadsShape, 'The same payloads, readable.'), ...refusals },
});

export function codecRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(decode, async (c) => {
    const actor = c.get('actor');
    const { payloads } = c.req.valid('json');
    const decoded = await deps.decodePayloads(payloads).catch((error: unknown) => {
      deps.log.warn({ err: error, requestId: actor.requestId }, 'payloads could not be opened');
      throw new ApiError(
        422,
        'undecodable',
        "These payloads don't open: they were sealed with a key this deployment doesn't have, or changed on the way.",
      );
    });
    // Before anything is handed out.
    await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
      audit(tx, actor, 'temporal.decoded', { kind: 'payloads', id: null }, { count: payloads.length }),
    );
    return c.json({ payloads: decoded }, 200);
  });
}
