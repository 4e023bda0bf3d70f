/** What every route group shares: its router, and the shapes of lists, ids and errors. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { ZodType } from 'zod';
import type { AppEnv } from './deps.ts';
import { rejectInvalid } from './middleware/errors.ts';

/** A router whose invalid input answers in the contract's error shape: body 422, query and headers 400, path 404. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });
}

export const errorShape = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      requestId: z.string(),
      details: z.unknown().optional(),
    }),
  })
  .openapi('Error');

export const idParam = z.object({ id: z.uuid() });

/** `?limit=&cursor=`: 50 unless told, at most 100. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(500).optional(),
});

/** For lists in the order of their (time-sorted) ids: the cursor is the last id given out. */
export const idPageQuery = pageQuery.extend({ cursor: z.uuid().optional() });

/** Cuts what was read with `limit + 1` to a page. */
export function idPage<Item extends { id: string }>(
  items: Item[],
  limit: number,
): { items: Item[]; nextCursor: string | null } {
  const page = items.slice(0, limit);
  return { items: page, nextCursor: items.length > limit ? (page.at(-1)?.id ?? null) : null };
}

export function listOf<Item extends ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export function jsonBody<Schema extends ZodType>(schema: Schema) {
  return { content: { 'application/json': { schema } }, required: true };
}

export function jsonAnswer<Schema extends ZodType>(schema: Schema, description: string) {
  return { content: { 'application/json': { schema } }, description };
}

/** The refusals that any guarded route may give; spread into `responses`. */
export const refusals = {
  default: {
    content: { 'application/json': { schema: errorShape } },
    description: 'Refused; nothing was changed.',
  },
};

export const noContent = { description: 'Done.' };
