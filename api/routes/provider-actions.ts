/** What an agent does at the provider beside writing: show that they type, hide, like or delete a comment. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { ChannelError } from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { markComment } from '#db/comments.ts';
import { findConversation } from '#db/conversations.ts';
import { findMessage } from '#db/messages.ts';
import type { CommentAction } from '#domain/channel.ts';
import type { Part } from '#domain/message.ts';
import { isComment } from '#domain/private-reply.ts';
import { changing } from '../acting.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { mediaLinks } from '../media-links.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, jsonBody, noContent, refusals } from '../openapi.ts';
import { messageShape, toMessage } from '../shapes/message.ts';
import { createSignals } from '../signals.ts';

const timeoutMs = 15_000;
const ACTIONS = ['hide', 'unhide', 'like', 'unlike', 'delete'] as const satisfies readonly CommentAction[];

const typing = createRoute({
  method: 'post',
  path: '/api/conversations/{id}/typing',
  summary: 'Show the contact that you type, where the channel can; nothing happens where it can’t',
  middleware: [requirePermission('conversations:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});
const act = createRoute({
  method: 'post',
  path: '/api/messages/{id}/actions',
  summary: 'Hide, like or delete a contact’s comment at the provider',
  middleware: [requirePermission('conversations:write')] as const,
  request: { params: idParam, body: jsonBody(z.object({ action: z.enum(ACTIONS) })) },
  responses: { 200: jsonAnswer(messageShape, 'The provider has done it.'), ...refusals },
});

export function providerActionRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  const signals = createSignals(deps);
  return createRouter()
    .openapi(typing, async (c) => {
      const { workspaceId } = c.get('actor');
      const { id } = c.req.valid('param');
      const row = await inWorkspace(deps.appDb, workspaceId, (tx) => findConversation(tx, id, null));
      if (!row) throw notFound('conversation');
      void signals(row, 'typing');
      return c.body(null, 204);
    })
    .openapi(act, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const { action } = c.req.valid('json');
      const message = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findMessage(tx, id));
      if (!message) throw notFound('message');
      const inbox = await deps.inboxes.byId(message.inbox_id);
      if (!inbox || inbox.deletedAt !== null || !isChannelType(inbox.type))
        throw new ApiError(
          422,
          'not_supported',
          'The inbox of this message is no longer connected; nothing was done.',
        );
      const adapter = deps.registry[inbox.type];
      const comment = message.direction === 'in' && isComment(message.parts as unknown as Part[]);
      if (!comment || message.provider_message_id === null)
        throw new ApiError(
          422,
          'not_a_comment',
          'Only contacts’ comments can be hidden, liked or deleted; nothing was done.',
        );
      if (!adapter.act || !definitions[inbox.type].actions?.includes(action))
        throw new ApiError(422, 'not_supported', `The channel can’t ${action} comments; nothing was done.`);
      await adapter
        .act(
          inbox,
          action,
          { providerMessageId: message.provider_message_id },
          AbortSignal.timeout(timeoutMs),
        )
        .catch((error: unknown) => {
          if (!(error instanceof ChannelError)) throw error;
          throw new ApiError(422, 'refused_by_provider', error.message, {
            kind: error.kind,
            ...(error.providerCode !== undefined && { providerCode: error.providerCode }),
          });
        });
      const row = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        await markComment(tx, changing(actor), message, action);
        await audit(
          tx,
          actor,
          `comment.${action}`,
          { kind: 'message', id },
          { conversationId: message.conversation_id },
        );
        return findMessage(tx, id);
      });
      if (!row) throw notFound('message');
      deps.feed.poke();
      return c.json(
        toMessage(row, (mediaId) => links.link(mediaId)),
        200,
      );
    });
}
