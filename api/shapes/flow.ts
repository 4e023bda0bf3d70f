import { z } from '@hono/zod-openapi';
import type { FlowRow, FlowVersionRow } from '#db/flows.ts';
import type { FlowProblem } from '#domain/flow/types.ts';
import { asObject } from './inbox.ts';

export const flowShape = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    position: z.number(),
    /** Null until it is published for the first time. */
    publishedVersionNo: z.number().nullable(),
    publishedAt: z.string().nullable(),
    hasUnpublishedChanges: z.boolean(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .openapi('Flow');

export const problemShape = z
  .object({
    severity: z.enum(['error', 'warning']),
    step: z.string().nullable(),
    exit: z.string().optional(),
    path: z.string().optional(),
    code: z.string(),
    message: z.string(),
  })
  .openapi('FlowProblem');

export const flowDetailShape = flowShape
  .extend({ draft: z.record(z.string(), z.unknown()), problems: z.array(problemShape) })
  .openapi('FlowDetail');

export const versionShape = z
  .object({
    versionNo: z.number(),
    definition: z.record(z.string(), z.unknown()),
    authorId: z.string().nullable(),
    note: z.string().nullable(),
    createdAt: z.string(),
  })
  .openapi('FlowVersion');

export function toFlow(row: FlowRow): z.infer<typeof flowShape> {
  return {
    id: row.id,
    name: row.name,
    enabled: row.enabled,
    position: row.position,
    publishedVersionNo: row.published_version_no,
    publishedAt: row.published_at?.toISOString() ?? null,
    hasUnpublishedChanges: row.draft_differs,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toFlowDetail(row: FlowRow, problems: FlowProblem[]): z.infer<typeof flowDetailShape> {
  return { ...toFlow(row), draft: asObject(row.draft), problems };
}

export function toVersion(row: FlowVersionRow): z.infer<typeof versionShape> {
  return {
    versionNo: row.version_no,
    definition: asObject(row.definition),
    authorId: row.author_id,
    note: row.note,
    createdAt: row.created_at.toISOString(),
  };
}
