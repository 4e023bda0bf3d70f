/** What an answer by email starts from: who it would go to, its subject, what stands below it. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { inWorkspace } from '#db/client.ts';
import { findConversation } from '#db/conversations.ts';
import { findInbox } from '#db/inboxes.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { carriesEmail, firstMailDefaults, replyDefaults } from '../email/outgoing.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';

const address = z.object({ address: z.string(), name: z.string().optional() });
const shape = z
  .object({
    from: address.nullable(),
    subject: z.string(),
    /** Whom an ordinary answer goes to. */
    to: z.array(address),
    /** Everybody else of the last mail, as an answer to all has them; never ourselves. */
    others: z.array(address),
    /** As it will stand below what you write. */
    signature: z.string(),
  })
  .openapi('EmailReplyDefaults');

const ofConversation = createRoute({
  method: 'get',
  path: '/api/conversations/{id}/email-reply',
  summary: 'What an answer by email starts from; 422 where messages are no emails',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(shape, 'Defaults; what is sent says what differs.'), ...refusals },
});
const ofInbox = createRoute({
  method: 'get',
  path: '/api/inboxes/{id}/email-reply',
  summary: 'The same for a first mail from an inbox',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(shape, 'Defaults; the subject is empty.'), ...refusals },
});

export function emailReplyRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(ofConversation, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const defaults = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const row = await findConversation(tx, id, null);
        if (!row) throw notFound('conversation');
        if (!carriesEmail(row.inbox_type)) throw noEmail();
        return replyDefaults(tx, deps.inboxes, row, actor.name);
      });
      return c.json(defaults, 200);
    })
    .openapi(ofInbox, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const defaults = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const inbox = await findInbox(tx, id);
        if (!inbox) throw notFound('inbox');
        if (!carriesEmail(inbox.type)) throw noEmail();
        return firstMailDefaults(deps.inboxes, id, actor.name);
      });
      return c.json(defaults, 200);
    });
}

const noEmail = (): ApiError =>
  new ApiError(
    422,
    'not_supported',
    'Messages of this channel are no emails: they have no subject and no copies.',
  );
