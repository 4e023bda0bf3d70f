import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { definitions } from '#channels/definitions.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import {
  deleteFlow,
  findFlow,
  findVersion,
  insertFlow,
  knownForChecks,
  listFlows,
  listVersions,
  publishVersion,
  rollbackFlow,
  updateFlow,
} from '#db/flows.ts';
import { blocksPublishing, checkFlow } from '#domain/flow/check.ts';
import type { JsonObject } from '#domain/json.ts';
import { storable, storableObject } from '../body.ts';
import { badCursor, decodeCursor, encodeCursor, idCursor, pageOf } from '../cursor.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import {
  createRouter,
  idParam,
  jsonAnswer,
  jsonBody,
  listOf,
  noContent,
  pageQuery,
  refusals,
} from '../openapi.ts';
import { asObject } from '../shapes/inbox.ts';
import { flowDetailShape, flowShape, toFlow, toFlowDetail, toVersion, versionShape } from '../shapes/flow.ts';

const name = z.string().trim().min(1).max(100);
/** Inbox types whose conversations are calls. */
const callTypes = Object.values(definitions).flatMap(({ type, capabilities }) =>
  capabilities.voice ? [type] : [],
);
const emptyDraft: JsonObject = { schemaVersion: 1, triggers: [], entry: '', steps: {} };

const list = createRoute({
  method: 'get',
  path: '/api/flows',
  middleware: [requirePermission('flows:read')] as const,
  request: { query: pageQuery },
  responses: {
    200: jsonAnswer(listOf(flowShape), 'Newest first; which one takes a message first is `position`.'),
    ...refusals,
  },
});
const create = createRoute({
  method: 'post',
  path: '/api/flows',
  middleware: [requirePermission('flows:write')] as const,
  request: { body: jsonBody(z.object({ name })) },
  responses: { 201: jsonAnswer(flowDetailShape, 'The flow, with an empty draft.'), ...refusals },
});
const read = createRoute({
  method: 'get',
  path: '/api/flows/{id}',
  middleware: [requirePermission('flows:read')] as const,
  request: { params: idParam },
  responses: {
    200: jsonAnswer(flowDetailShape, 'The flow, its draft and what is wrong with it.'),
    ...refusals,
  },
});
const change = createRoute({
  method: 'patch',
  path: '/api/flows/{id}',
  middleware: [requirePermission('flows:write')] as const,
  request: {
    params: idParam,
    body: jsonBody(
      z.object({
        name: name.optional(),
        enabled: z.boolean().optional(),
        position: z.int().min(0).max(1_000_000).optional(),
      }),
    ),
  },
  responses: { 200: jsonAnswer(flowDetailShape, 'The flow as it is now.'), ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/flows/{id}',
  summary: 'Delete: it takes no more messages, runs under way finish',
  middleware: [requirePermission('flows:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});
const saveDraft = createRoute({
  method: 'put',
  path: '/api/flows/{id}/draft',
  summary:
    'Store the draft: the bare definition. Any JSON object is stored; what keeps it from being published is in `problems`',
  middleware: [requirePermission('flows:write')] as const,
  request: { params: idParam, body: jsonBody(z.record(z.string(), z.unknown())) },
  responses: { 200: jsonAnswer(flowDetailShape, 'The flow with its problems.'), ...refusals },
});
const publish = createRoute({
  method: 'post',
  path: '/api/flows/{id}/publish',
  summary:
    'Publish the draft as a new version. 422 with `details` [{step, exit?, code, message}] where it is not sound',
  middleware: [requirePermission('flows:write')] as const,
  request: {
    params: idParam,
    body: {
      content: { 'application/json': { schema: z.object({ note: z.string().max(500).optional() }) } },
      required: false,
    },
  },
  responses: {
    200: jsonAnswer(z.object({ versionNo: z.number() }), 'The new version, published.'),
    ...refusals,
  },
});
const rollback = createRoute({
  method: 'post',
  path: '/api/flows/{id}/rollback',
  summary: 'Publish an earlier version again; the draft stays as it is',
  middleware: [requirePermission('flows:write')] as const,
  request: { params: idParam, body: jsonBody(z.object({ versionNo: z.int().min(1) })) },
  responses: {
    200: jsonAnswer(z.object({ versionNo: z.number() }), 'The version that is published now.'),
    ...refusals,
  },
});
const versions = createRoute({
  method: 'get',
  path: '/api/flows/{id}/versions',
  middleware: [requirePermission('flows:read')] as const,
  request: { params: idParam, query: pageQuery },
  responses: { 200: jsonAnswer(listOf(versionShape), 'Newest first.'), ...refusals },
});
const version = createRoute({
  method: 'get',
  path: '/api/flows/{id}/versions/{versionNo}',
  middleware: [requirePermission('flows:read')] as const,
  request: { params: idParam.extend({ versionNo: z.coerce.number().int().min(1).max(2_000_000_000) }) },
  responses: { 200: jsonAnswer(versionShape, 'The version.'), ...refusals },
});
const later = (what: 'simulate' | 'replay') =>
  createRoute({
    method: 'post',
    path: `/api/flows/{id}/${what}` as const,
    summary: 'Not available in this version yet: answers 501',
    middleware: [requirePermission('flows:write')] as const,
    request: { params: idParam },
    responses: { ...refusals },
  });

export function flowRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const routes = createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listFlows(tx, limit + 1, idCursor(cursor)),
      );
      return c.json(
        pageOf(rows, limit, toFlow, (row) => encodeCursor(row.id)),
        200,
      );
    })
    .openapi(create, async (c) => {
      const actor = c.get('actor');
      const flowName = storable(c.req.valid('json').name);
      const id = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const id = await insertFlow(tx, actor.workspaceId, flowName, emptyDraft);
        await audit(tx, actor, 'flow.created', { kind: 'flow', id }, { name: flowName });
        return id;
      });
      deps.feed.poke();
      return c.json(await detail(deps, actor, id), 201);
    })
    .openapi(read, async (c) => c.json(await detail(deps, c.get('actor'), c.req.valid('param').id), 200))
    .openapi(change, async (c) => {
      const { name: flowName, ...rest } = c.req.valid('json');
      const changes = { ...rest, ...(flowName !== undefined && { name: storable(flowName) }) };
      return c.json(
        await changeFlow(deps, c.get('actor'), c.req.valid('param').id, 'flow.changed', changes, changes),
        200,
      );
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (!(await deleteFlow(tx, actor.workspaceId, id))) throw notFound('flow');
        await audit(tx, actor, 'flow.deleted', { kind: 'flow', id });
      });
      deps.feed.poke();
      return c.body(null, 204);
    })
    .openapi(saveDraft, async (c) => {
      const draft = storableObject(c.req.valid('json'));
      return c.json(
        await changeFlow(deps, c.get('actor'), c.req.valid('param').id, 'flow.draft_saved', { draft }, {}),
        200,
      );
    })
    .openapi(publish, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const { note } = c.req.valid('json') ?? {};
      const versionNo = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const row = await findFlow(tx, id);
        if (!row) throw notFound('flow');
        const problems = checkFlow(row.draft, await knownForChecks(tx, id, callTypes));
        if (blocksPublishing(problems)) {
          const details = problems.filter((problem) => problem.severity === 'error');
          throw new ApiError(
            422,
            'not_publishable',
            `${details.length} problem(s) keep this flow from being published; what is published stays.`,
            details,
          );
        }
        const versionNo = await publishVersion(tx, {
          workspaceId: actor.workspaceId,
          flowId: id,
          definition: asObject(row.draft),
          authorId: actor.userId,
          note: note === undefined ? null : storable(note),
        });
        if (versionNo === null) throw notFound('flow');
        await audit(tx, actor, 'flow.published', { kind: 'flow', id }, { versionNo });
        return versionNo;
      });
      deps.feed.poke();
      return c.json({ versionNo }, 200);
    })
    .openapi(rollback, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const { versionNo } = c.req.valid('json');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        if (!(await findFlow(tx, id))) throw notFound('flow');
        if (!(await rollbackFlow(tx, actor.workspaceId, id, versionNo))) {
          throw new ApiError(
            422,
            'unknown_version',
            `This flow has no version ${versionNo}; what is published stays.`,
          );
        }
        await audit(tx, actor, 'flow.rolled_back', { kind: 'flow', id }, { versionNo });
      });
      deps.feed.poke();
      return c.json({ versionNo }, 200);
    })
    .openapi(versions, async (c) => {
      const { id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        if (!(await findFlow(tx, id))) throw notFound('flow');
        return listVersions(tx, id, limit + 1, readNumber(decodeCursor(cursor, 1)));
      });
      return c.json(
        pageOf(rows, limit, toVersion, (row) => encodeCursor(String(row.version_no))),
        200,
      );
    })
    .openapi(version, async (c) => {
      const { id, versionNo } = c.req.valid('param');
      const row = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        if (!(await findFlow(tx, id))) throw notFound('flow');
        return findVersion(tx, id, versionNo);
      });
      if (!row) throw notFound('version');
      return c.json(toVersion(row), 200);
    });
  for (const what of ['simulate', 'replay'] as const) {
    routes.openapi(later(what), async (c) => {
      await detail(deps, c.get('actor'), c.req.valid('param').id);
      throw new ApiError(501, 'not_available_yet', `To ${what} a flow is not available in this version yet.`);
    });
  }
  return routes;
}

async function detail(deps: ApiDeps, actor: RequestActor, id: string) {
  return inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    const row = await findFlow(tx, id);
    if (!row) throw notFound('flow');
    return toFlowDetail(row, checkFlow(row.draft, await knownForChecks(tx, id, callTypes)));
  });
}

async function changeFlow(
  deps: ApiDeps,
  actor: RequestActor,
  id: string,
  action: string,
  changes: Parameters<typeof updateFlow>[3],
  diff: JsonObject,
) {
  await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
    if (!(await updateFlow(tx, actor.workspaceId, id, changes))) throw notFound('flow');
    await audit(tx, actor, action, { kind: 'flow', id }, diff);
  });
  deps.feed.poke();
  return detail(deps, actor, id);
}

function readNumber(parts: string[] | null): number | null {
  if (parts === null) return null;
  const number = Number(parts[0]);
  if (!Number.isSafeInteger(number)) throw badCursor();
  return number;
}
