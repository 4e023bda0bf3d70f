import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { inWorkspace } from '#db/client.ts';
import { findMessage } from '#db/messages.ts';
import {
  effectsOfRun,
  findRun,
  listRuns,
  RUN_KINDS,
  RUN_STATUSES,
  stepsOfRun,
  type RunRow,
} from '#db/runs.ts';
import { traceRows } from '#db/trace.ts';
import { badCursor, decodeCursor, encodeCursor, idCursor, pageOf } from '../cursor.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, listOf, pageQuery, refusals } from '../openapi.ts';
import { runShape, stepShape, toRun, toStep } from '../shapes/run.ts';
import { toTrace, traceShape } from '../shapes/trace.ts';
import { workflowHistory } from '../workflow-history.ts';

const list = createRoute({
  method: 'get',
  path: '/api/runs',
  middleware: [requirePermission('runs:read')] as const,
  request: {
    query: pageQuery.extend({
      status: z.enum(RUN_STATUSES).optional(),
      kind: z.enum(RUN_KINDS).optional(),
      flowId: z.uuid().optional(),
      inboxId: z.uuid().optional(),
      conversationId: z.uuid().optional(),
    }),
  },
  responses: {
    200: jsonAnswer(listOf(runShape), 'Everything that has a workflow, newest first.'),
    ...refusals,
  },
});
const read = createRoute({
  method: 'get',
  path: '/api/runs/{id}',
  middleware: [requirePermission('runs:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(runShape, 'The run.'), ...refusals },
});
const steps = createRoute({
  method: 'get',
  path: '/api/runs/{id}/steps',
  summary: 'Executions of steps, first to last. Only flow runs have steps; others answer an empty list',
  middleware: [requirePermission('runs:read')] as const,
  request: { params: idParam, query: pageQuery },
  responses: {
    200: jsonAnswer(listOf(stepShape), 'With inputs, outputs, waits, errors and effects.'),
    ...refusals,
  },
});
const history = createRoute({
  method: 'get',
  path: '/api/runs/{id}/history',
  summary: "Temporal's record of the run's workflow, oldest first; payloads stay encrypted and out",
  middleware: [requirePermission('runs:read')] as const,
  request: { params: idParam, query: pageQuery },
  responses: {
    200: jsonAnswer(
      listOf(
        z.object({
          id: z.number(),
          type: z.string(),
          at: z.string(),
          details: z.record(z.string(), z.unknown()),
        }),
      ),
      'Events.',
    ),
    ...refusals,
  },
});
const trace = createRoute({
  method: 'get',
  path: '/api/messages/{id}/trace',
  summary: "A message's whole way, each line with its evidence",
  middleware: [requirePermission('runs:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(traceShape, 'First to last.'), ...refusals },
});

export function runRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query');
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listRuns(tx, filter, limit + 1, idCursor(cursor)),
      );
      return c.json(
        pageOf(
          rows,
          limit,
          (row) => toRun(row, deps.config),
          (row) => encodeCursor(row.id),
        ),
        200,
      );
    })
    .openapi(read, async (c) =>
      c.json(toRun(await runOrRefuse(deps, c.get('actor'), c.req.valid('param').id), deps.config), 200),
    )
    .openapi(steps, async (c) => {
      const { id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const after = readNumber(decodeCursor(cursor, 1));
      const answer = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        const run = await findRun(tx, id);
        if (!run) throw notFound('run');
        const rows = await stepsOfRun(tx, id, limit + 1, after);
        const effects = await effectsOfRun(
          tx,
          id,
          rows.map((row) => row.step_no),
        );
        return pageOf(
          rows,
          limit,
          (row) => toStep(row, effects, run),
          (row) => encodeCursor(String(row.step_no)),
        );
      });
      return c.json(answer, 200);
    })
    .openapi(history, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const run = await runOrRefuse(deps, c.get('actor'), c.req.valid('param').id);
      const events = await workflowHistory(
        deps.temporal,
        run.workflow_id,
        limit + 1,
        readNumber(decodeCursor(cursor, 1)),
      );
      if (!events) {
        throw new ApiError(
          404,
          'no_history',
          'Temporal has no workflow of this run: it was not started yet, or its history is past retention. The rows here are what is kept.',
        );
      }
      return c.json(
        pageOf(
          events,
          limit,
          (event) => event,
          (event) => encodeCursor(String(event.id)),
        ),
        200,
      );
    })
    .openapi(trace, async (c) => {
      const { id } = c.req.valid('param');
      const story = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        const message = await findMessage(tx, id);
        if (!message) throw notFound('message');
        return toTrace(message, await traceRows(tx, message));
      });
      return c.json(story, 200);
    });
}

export async function runOrRefuse(deps: ApiDeps, actor: RequestActor, id: string): Promise<RunRow> {
  const run = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findRun(tx, id));
  if (!run) throw notFound('run');
  return run;
}

function readNumber(parts: string[] | null): number {
  const number = Number(parts?.[0] ?? 0);
  if (!Number.isSafeInteger(number)) throw badCursor();
  return number;
}
