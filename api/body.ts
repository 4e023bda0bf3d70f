/** What a body may be before it is stored. */
import { z } from '@hono/zod-openapi';
import type { Json, JsonObject } from '#domain/json.ts';
import { storableJson, storableText } from '#domain/text.ts';
import { ApiError } from './middleware/errors.ts';

const maxDepth = 60;

/** Any JSON object, in a form that Postgres stores. @throws ApiError 422 where it is nested so deep that walking it is no good */
export function storableObject(value: Record<string, unknown>): JsonObject {
  if (tooDeep(value))
    throw new ApiError(422, 'too_deep', `It is nested deeper than ${maxDepth} levels; nothing was stored.`);
  return storableJson(value as JsonObject);
}

/** A text of a body or query, in a form that Postgres stores: what it can't hold becomes U+FFFD. */
export const storable = (text: string): string => storableText(text);

/** Refuses what is too deep before `schema` walks it. */
export function shallow<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (tooDeep(value) ? undefined : value), schema);
}

/** Iterative, so that no depth can hurt it. */
function tooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= maxDepth; depth++) {
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? Object.values(item as Json[]) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
