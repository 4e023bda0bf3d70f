import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { inWorkspace } from '#db/client.ts';
import { listSurveys, summarizeSurveys, type SurveySummary } from '#db/csat.ts';
import { CSAT_SCORES, type CsatScale } from '#domain/live-chat/settings.ts';
import { encodeCursor, idCursor, pageOf } from '../cursor.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, listOf, pageQuery, refusals } from '../openapi.ts';

const answerShape = z
  .object({
    id: z.string(),
    inboxId: z.string(),
    conversationId: z.string(),
    contact: z.object({ id: z.string(), name: z.string().nullable() }),
    /** Whose conversation it was when it was resolved. */
    assigneeId: z.string().nullable(),
    scale: z.enum(['faces', 'thumbs']),
    /** Of faces 1 to 5, of thumbs 1 (down) or 2 (up). */
    score: z.number(),
    comment: z.string(),
    askedAt: z.string(),
    answeredAt: z.string(),
  })
  .openapi('SatisfactionAnswer');
const summaryShape = z
  .object({
    scale: z.enum(['faces', 'thumbs']),
    asked: z.number(),
    answered: z.number(),
    /** How often each score was given. */
    scores: z.record(z.string(), z.number()),
    average: z.number().nullable(),
    /** The share of answers that are good: the two best faces, thumbs up. */
    satisfied: z.number().nullable(),
  })
  .openapi('SatisfactionSummary');

const list = createRoute({
  method: 'get',
  path: '/api/csat',
  summary: 'What visitors said of their conversations, and how it adds up',
  middleware: [requirePermission('conversations:read')] as const,
  request: { query: pageQuery.extend({ inboxId: z.uuid().optional() }) },
  responses: {
    200: jsonAnswer(
      listOf(answerShape).extend({ summary: z.array(summaryShape) }),
      'Answers, the last asked first; the summary is of all of them, by scale.',
    ),
    ...refusals,
  },
});

export function csatRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(list, async (c) => {
    const { limit, cursor, inboxId } = c.req.valid('query');
    const filter = inboxId === undefined ? {} : { inboxId };
    const { rows, summary } = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => ({
      rows: await listSurveys(tx, filter, limit + 1, idCursor(cursor)),
      summary: await summarizeSurveys(tx, filter),
    }));
    const page = pageOf(
      rows,
      limit,
      (row) => ({
        id: row.id,
        inboxId: row.inbox_id,
        conversationId: row.conversation_id,
        contact: { id: row.contact_id, name: row.contact_name },
        assigneeId: row.assignee_id,
        scale: row.scale as CsatScale,
        score: row.score ?? 0,
        comment: row.comment,
        askedAt: row.created_at.toISOString(),
        answeredAt: (row.answered_at ?? row.created_at).toISOString(),
      }),
      (row) => encodeCursor(row.id),
    );
    return c.json({ ...page, summary: summary.map(toSummary) }, 200);
  });
}

function toSummary({ scale, asked, answered, scores }: SurveySummary): z.infer<typeof summaryShape> {
  const given = Object.entries(scores).map(([score, times]) => ({ score: Number(score), times }));
  const sum = given.reduce((total, { score, times }) => total + score * times, 0);
  const best = CSAT_SCORES[scale];
  const good = given
    .filter(({ score }) => score >= Math.max(2, best - 1))
    .reduce((total, { times }) => total + times, 0);
  return {
    scale,
    asked,
    answered,
    scores,
    average: answered === 0 ? null : sum / answered,
    satisfied: answered === 0 ? null : good / answered,
  };
}
