import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { createApiKey, listApiKeys, revokeApiKey } from '#db/api-keys.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { ROLES } from '#domain/roles.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import {
  createRouter,
  idPage,
  idPageQuery,
  idParam,
  jsonAnswer,
  jsonBody,
  listOf,
  noContent,
  refusals,
} from '../openapi.ts';

const keyShape = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: z.enum(ROLES),
    prefix: z.string(),
    configured: z.boolean(),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable(),
  })
  .openapi('ApiKey');

const list = createRoute({
  method: 'get',
  path: '/api/api-keys',
  middleware: [requirePermission('settings:write')] as const,
  request: { query: idPageQuery },
  responses: { 200: jsonAnswer(listOf(keyShape), 'Newest first, without their text.'), ...refusals },
});
const create = createRoute({
  method: 'post',
  path: '/api/api-keys',
  summary: 'Make a key; its text is answered this once',
  middleware: [requirePermission('settings:write')] as const,
  request: {
    body: jsonBody(
      z.object({
        name: z.string().trim().min(1).max(100),
        role: z.enum(ROLES),
        expiresInDays: z.number().int().min(1).max(3650).optional(),
      }),
    ),
  },
  responses: { 201: jsonAnswer(keyShape.extend({ key: z.string() }), 'The key.'), ...refusals },
});
const revoke = createRoute({
  method: 'delete',
  path: '/api/api-keys/{id}',
  summary: 'Revoke a key, at once',
  middleware: [requirePermission('settings:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});

export function apiKeyRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const read = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listApiKeys(tx, limit + 1, cursor ?? null),
      );
      return c.json(idPage(read, limit), 200);
    })
    .openapi(create, async (c) => {
      const actor = c.get('actor');
      const { name, role, expiresInDays } = c.req.valid('json');
      const expiresAt =
        expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * 24 * 3600 * 1000);
      const made = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const created = await createApiKey(tx, {
          workspaceId: actor.workspaceId,
          name,
          role,
          expiresAt,
          createdBy: actor.userId,
        });
        const subject = { kind: 'api_key', id: created.apiKey.id };
        await audit(tx, actor, 'api_key.created', subject, {
          name,
          role,
          expiresAt: expiresAt?.toISOString() ?? null,
        });
        return created;
      });
      return c.json({ ...made.apiKey, key: made.key }, 201);
    })
    .openapi(revoke, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const revoked = await revokeApiKey(tx, id);
        if (!revoked) throw notFound('API key');
        await audit(tx, actor, 'api_key.revoked', { kind: 'api_key', id }, { name: revoked.name });
      });
      return c.body(null, 204);
    });
}
