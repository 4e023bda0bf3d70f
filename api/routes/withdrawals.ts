/** Taking back what an agent wrote, while it has not left. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { findMessage } from '#db/messages.ts';
import { withdrawMessage, type Withdrawal } from '#db/run-actions.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { mediaLinks } from '../media-links.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';
import { messageShape, toMessage } from '../shapes/message.ts';

const cancel = createRoute({
  method: 'post',
  path: '/api/messages/{id}/cancel',
  summary: 'Withdraw a message of ours that has not left. Repeating it changes nothing',
  middleware: [requirePermission('conversations:write')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(messageShape, 'It stays in the thread, as withdrawn.'), ...refusals },
});

export function withdrawalRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  return createRouter().openapi(cancel, async (c) => {
    const actor = c.get('actor');
    const { id } = c.req.valid('param');
    const row = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
      if (!(await findMessage(tx, id))) throw notFound('message');
      const result = await withdrawMessage(tx, actor.workspaceId, id, actor.name);
      const refusal = refusals409[result];
      if (refusal) throw new ApiError(409, ...refusal);
      const row = await findMessage(tx, id);
      if (!row) throw notFound('message');
      if (result === 'withdrawn') {
        const about = { conversationId: row.conversation_id };
        await audit(tx, actor, 'message.withdrawn', { kind: 'message', id }, about);
      }
      return row;
    });
    deps.feed.poke();
    return c.json(
      toMessage(row, (mediaId) => links.link(mediaId)),
      200,
    );
  });
}

const refusals409: Record<Withdrawal, readonly [string, string] | null> = {
  withdrawn: null,
  before: null,
  on_its_way: ['on_its_way', 'This message is already on its way and can’t be withdrawn any more.'],
  settled: ['already_left', 'This message has left already and can’t be withdrawn any more.'],
  not_ours: ['not_ours', 'Only what people here have sent can be withdrawn; nothing was changed.'],
};
