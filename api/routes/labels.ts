import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { changeLabel, createLabel, deleteLabel, listLabels } from '#db/labels.ts';
import { isUniqueViolation } from '#db/violations.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, jsonBody, listOf, noContent, pageQuery, refusals } from '../openapi.ts';

const COLORS = ['neutral', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink'] as const;

const name = z.string().trim().min(1).max(60);
const labelShape = z.object({ name: z.string(), color: z.string(), createdAt: z.string() }).openapi('Label');
const nameParam = z.object({ name });

const list = createRoute({
  method: 'get',
  path: '/api/labels',
  middleware: [requirePermission('conversations:read')] as const,
  request: { query: pageQuery },
  responses: { 200: jsonAnswer(listOf(labelShape), 'By name.'), ...refusals },
});
const create = createRoute({
  method: 'post',
  path: '/api/labels',
  middleware: [requirePermission('conversations:write')] as const,
  request: { body: jsonBody(z.object({ name, color: z.enum(COLORS).default('neutral') })) },
  responses: { 201: jsonAnswer(labelShape, 'The label.'), ...refusals },
});
const change = createRoute({
  method: 'patch',
  path: '/api/labels/{name}',
  summary: 'Rename or recolour a label, on its conversations too',
  middleware: [requirePermission('settings:write')] as const,
  request: {
    params: nameParam,
    body: jsonBody(z.object({ name: name.optional(), color: z.enum(COLORS).optional() })),
  },
  responses: { 204: noContent, ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/labels/{name}',
  summary: 'Delete a label and take it off its conversations',
  middleware: [requirePermission('settings:write')] as const,
  request: { params: nameParam },
  responses: { 204: noContent, ...refusals },
});

const taken = (): ApiError =>
  new ApiError(409, 'name_taken', 'There is a label of this name already; nothing was changed.');

export function labelRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const read = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listLabels(tx, limit + 1, cursor ?? null),
      );
      const items = read.slice(0, limit);
      return c.json({ items, nextCursor: read.length > limit ? (items.at(-1)?.name ?? null) : null }, 200);
    })
    .openapi(create, async (c) => {
      const actor = c.get('actor');
      const input = c.req.valid('json');
      const made = await orTaken(() =>
        inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
          const label = await createLabel(tx, actor.workspaceId, input);
          await audit(tx, actor, 'label.created', { kind: 'label', id: label.name }, { color: label.color });
          return label;
        }),
      );
      return c.json(made, 201);
    })
    .openapi(change, async (c) => {
      const actor = c.get('actor');
      const old = c.req.valid('param').name;
      const input = c.req.valid('json');
      await orTaken(() =>
        inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
          if (!(await changeLabel(tx, old, { ...input, name: input.name ?? old }))) throw notFound('label');
          await audit(tx, actor, 'label.changed', { kind: 'label', id: old }, { ...input });
        }),
      );
      return c.body(null, 204);
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      const old = c.req.valid('param').name;
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (!(await deleteLabel(tx, old))) throw notFound('label');
        await audit(tx, actor, 'label.deleted', { kind: 'label', id: old });
      });
      return c.body(null, 204);
    });
}

async function orTaken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isUniqueViolation(error) ? taken() : error;
  }
}
