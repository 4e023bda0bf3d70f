import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { memberships, personById } from '#db/members.ts';
import { inWorkspace } from '#db/client.ts';
import { workspaceById } from '#db/workspaces.ts';
import { allows, PERMISSIONS, ROLES } from '#domain/roles.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { createRouter, jsonAnswer, refusals } from '../openapi.ts';

const workspaceShape = z.object({ id: z.uuid(), name: z.string(), slug: z.string() });
const meShape = z
  .object({
    user: z
      .object({ id: z.uuid(), name: z.string(), email: z.string(), image: z.string().nullable() })
      .nullable(),
    apiKey: z.object({ id: z.uuid(), name: z.string() }).nullable(),
    role: z.enum(ROLES),
    workspace: workspaceShape,
    workspaces: z.array(workspaceShape.extend({ role: z.enum(ROLES) })),
    permissions: z.array(z.enum(PERMISSIONS)),
    /** Provider doubles exist in this deployment. */
    sandbox: z.boolean(),
    /** Temporal's own UI, for those who may read runs. */
    temporalUiUrl: z.string().nullable(),
  })
  .openapi('Me');

const read = createRoute({
  method: 'get',
  path: '/api/me',
  summary: 'Who you are, where, and what you may do',
  responses: { 200: jsonAnswer(meShape, 'You.'), ...refusals },
});

export function meRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(read, async (c) => {
    const actor = c.get('actor');
    const [current, all] = await Promise.all([
      inWorkspace(deps.appDb, actor.workspaceId, async (tx) => ({
        workspace: await workspaceById(tx, actor.workspaceId),
        user: actor.userId === null ? null : await personById(tx, actor.userId),
      })),
      actor.userId === null ? [] : memberships(deps.engineDb, actor.userId),
    ]);
    if (!current.workspace) throw new ApiError(403, 'no_workspace', 'Your workspace was removed.');
    const own = { ...current.workspace, role: actor.role };
    const workspaces = all.map((one) => ({
      id: one.workspaceId,
      name: one.workspaceName,
      slug: one.workspaceSlug,
      role: one.role,
    }));
    return c.json(
      {
        user: current.user,
        apiKey: actor.apiKeyId === null ? null : { id: actor.apiKeyId, name: actor.name },
        role: actor.role,
        workspace: current.workspace,
        workspaces: actor.userId === null ? [own] : workspaces,
        permissions: PERMISSIONS.filter((permission) => allows(actor.role, permission)),
        sandbox: deps.config.sandbox,
        temporalUiUrl: allows(actor.role, 'runs:read') ? deps.config.temporalUiUrl : null,
      },
      200,
    );
  });
}
