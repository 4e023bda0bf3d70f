import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { changeMember, listMembers, memberById } from '#db/members.ts';
import { ROLES } from '#domain/roles.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
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

const memberShape = z
  .object({
    id: z.uuid(),
    userId: z.uuid(),
    name: z.string(),
    email: z.string(),
    image: z.string().nullable(),
    role: z.enum(ROLES),
    createdAt: z.string(),
  })
  .openapi('Member');

const list = createRoute({
  method: 'get',
  path: '/api/members',
  summary: 'The members of this workspace',
  middleware: [requirePermission('members:read')] as const,
  request: { query: idPageQuery },
  responses: { 200: jsonAnswer(listOf(memberShape), 'Newest first.'), ...refusals },
});
const change = createRoute({
  method: 'patch',
  path: '/api/members/{id}',
  summary: "Change a member's role",
  middleware: [requirePermission('members:write')] as const,
  request: { params: idParam, body: jsonBody(z.object({ role: z.enum(ROLES) })) },
  responses: { 200: jsonAnswer(memberShape, 'As it is now.'), ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/members/{id}',
  summary: 'Take a member out of this workspace, at once',
  middleware: [requirePermission('members:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});

const lastAdmin = (): ApiError =>
  new ApiError(
    409,
    'last_admin',
    'This is the last admin, so nothing was changed. Make somebody else an admin first.',
  );

export function memberRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const read = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listMembers(tx, limit + 1, cursor ?? null),
      );
      return c.json(idPage(read, limit), 200);
    })
    .openapi(change, async (c) => {
      const actor = c.get('actor');
      const { role } = c.req.valid('json');
      const changed = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const member = await memberById(tx, c.req.valid('param').id);
        if (!member) throw notFound('member');
        if (!(await changeMember(tx, member, { role }))) throw lastAdmin();
        await audit(
          tx,
          actor,
          'member.role_changed',
          { kind: 'member', id: member.id },
          { name: member.name, role: [member.role, role] },
        );
        return { ...member, role };
      });
      return c.json(changed, 200);
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const member = await memberById(tx, c.req.valid('param').id);
        if (!member) throw notFound('member');
        if (!(await changeMember(tx, member, 'remove'))) throw lastAdmin();
        await audit(
          tx,
          actor,
          'member.removed',
          { kind: 'member', id: member.id },
          { name: member.name, role: member.role },
        );
      });
      return c.body(null, 204);
    });
}
