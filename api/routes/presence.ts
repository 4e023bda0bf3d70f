/** Who is there. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { PRESENCE_CHOICES } from '#domain/call.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';
import { presenceShape } from '../shapes/voice.ts';

const list = createRoute({
  method: 'get',
  path: '/api/presence',
  summary: 'Every member, as others see them now',
  middleware: [requirePermission('members:read')] as const,
  responses: { 200: jsonAnswer(z.object({ items: z.array(presenceShape) }), 'Members.'), ...refusals },
});
const choose = createRoute({
  method: 'put',
  path: '/api/presence',
  summary: 'Say whether you take calls; counts as a sign of life',
  middleware: [requirePermission('members:read')] as const,
  request: { body: jsonBody(z.object({ status: z.enum(PRESENCE_CHOICES) })) },
  responses: { 200: jsonAnswer(presenceShape, 'You, as others see you now.'), ...refusals },
});

const later = (): never => {
  throw new ApiError(501, 'not_there_yet', 'This is not there yet; nothing was done.');
};

export function presenceRoutes(_deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(list, later).openapi(choose, later);
}
