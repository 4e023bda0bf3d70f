import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import {
  createTeam,
  deleteTeam,
  listTeams,
  renameTeam,
  setTeamMembers,
  teamById,
  type Team,
} from '#db/teams.ts';
import { isForeignKeyViolation, isUniqueViolation } from '#db/violations.ts';
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

const teamShape = z
  .object({ id: z.uuid(), name: z.string(), memberIds: z.array(z.uuid()), createdAt: z.string() })
  .openapi('Team');
const teamInput = z.object({
  name: z.string().trim().min(1).max(100),
  memberIds: z.array(z.uuid()).max(500).optional(),
});

const list = createRoute({
  method: 'get',
  path: '/api/teams',
  summary: 'Teams and who is in them',
  middleware: [requirePermission('members:read')] as const,
  request: { query: idPageQuery },
  responses: { 200: jsonAnswer(listOf(teamShape), 'Newest first.'), ...refusals },
});
const create = createRoute({
  method: 'post',
  path: '/api/teams',
  middleware: [requirePermission('settings:write')] as const,
  request: { body: jsonBody(teamInput) },
  responses: { 201: jsonAnswer(teamShape, 'The team.'), ...refusals },
});
const change = createRoute({
  method: 'patch',
  path: '/api/teams/{id}',
  middleware: [requirePermission('settings:write')] as const,
  request: { params: idParam, body: jsonBody(teamInput.partial()) },
  responses: { 200: jsonAnswer(teamShape, 'As it is now.'), ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/teams/{id}',
  summary: 'Dissolve a team; its conversations stay, without one',
  middleware: [requirePermission('settings:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});

export function teamRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const read = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listTeams(tx, limit + 1, cursor ?? null),
      );
      return c.json(idPage(read, limit), 200);
    })
    .openapi(create, async (c) => {
      const actor = c.get('actor');
      const { name, memberIds } = c.req.valid('json');
      const made = await named(() =>
        inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
          const id = await createTeam(tx, actor.workspaceId, name);
          if (memberIds) await setTeamMembers(tx, actor.workspaceId, id, memberIds);
          await audit(tx, actor, 'team.created', { kind: 'team', id }, { name, memberIds: memberIds ?? [] });
          return existing(tx, id);
        }),
      );
      return c.json(made, 201);
    })
    .openapi(change, async (c) => {
      const actor = c.get('actor');
      const { name, memberIds } = c.req.valid('json');
      const { id } = c.req.valid('param');
      const changed = await named(() =>
        inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
          const before = await existing(tx, id);
          if (name !== undefined) await renameTeam(tx, id, name);
          if (memberIds !== undefined) await setTeamMembers(tx, actor.workspaceId, id, memberIds);
          await audit(
            tx,
            actor,
            'team.changed',
            { kind: 'team', id },
            {
              ...(name !== undefined && { name: [before.name, name] }),
              ...(memberIds !== undefined && { memberIds: [before.memberIds, memberIds] }),
            },
          );
          return existing(tx, id);
        }),
      );
      return c.json(changed, 200);
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const { name } = await existing(tx, id);
        await deleteTeam(tx, id);
        await audit(tx, actor, 'team.deleted', { kind: 'team', id }, { name });
      });
      return c.body(null, 204);
    });
}

async function existing(tx: Tx, id: string): Promise<Team> {
  const team = await teamById(tx, id);
  if (!team) throw notFound('team');
  return team;
}

async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error))
      throw new ApiError(409, 'name_taken', 'There is a team of this name already; nothing was changed.');
    if (isForeignKeyViolation(error))
      throw new ApiError(
        422,
        'unknown_member',
        'One of these people is no member of this workspace; nothing was changed.',
      );
    throw error;
  }
}
