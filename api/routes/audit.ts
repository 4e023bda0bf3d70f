import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { listAudit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idPage, idPageQuery, jsonAnswer, listOf, refusals } from '../openapi.ts';

const entryShape = z
  .object({
    id: z.uuid(),
    actor: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string() }),
    action: z.string(),
    subject: z.object({ kind: z.string(), id: z.string().nullable() }),
    diff: z.unknown(),
    requestId: z.string().nullable(),
    createdAt: z.string(),
  })
  .openapi('AuditEntry');

const list = createRoute({
  method: 'get',
  path: '/api/audit',
  summary: 'Who changed what',
  middleware: [requirePermission('audit:read')] as const,
  request: {
    query: idPageQuery.extend({
      subjectKind: z.string().max(100).optional(),
      subjectId: z.string().max(200).optional(),
      actorId: z.string().max(100).optional(),
      action: z.string().max(100).optional(),
    }),
  },
  responses: { 200: jsonAnswer(listOf(entryShape), 'Newest first.'), ...refusals },
});

export function auditRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const read = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
      listAudit(tx, filter, limit + 1, cursor ?? null),
    );
    return c.json(idPage(read, limit), 200);
  });
}
