import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { findConversation, markRead } from '#db/conversations.ts';
import { attachMedia } from '#db/media.ts';
import { findMessage, listActivities, listMessages, wasSent } from '#db/messages.ts';
import { agentReply, AnsweredBeforeError } from '#db/ownership.ts';
import { actingAs } from '../acting.ts';
import { storable } from '../body.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { completeEmail } from '../email/outgoing.ts';
import { mediaLinks } from '../media-links.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, jsonBody, refusals } from '../openapi.ts';
import { completeParts, contentFields, eitherTextOrParts, mediaIds, unitsFor } from '../outgoing.ts';
import { checkReply } from '../replies.ts';
import { activityShape, messageShape, toActivity, toMessage } from '../shapes/message.ts';
import { holdMsOf } from '../undo.ts';

const list = createRoute({
  method: 'get',
  path: '/api/conversations/{id}/messages',
  summary: 'Ascending by seq; the newest page unless told `before`, `after` or `cursor` (towards older ones)',
  middleware: [requirePermission('conversations:read')] as const,
  request: {
    params: idParam,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(100).default(50),
      cursor: z.string().max(500).optional(),
      before: z.coerce.number().int().min(0).optional(),
      after: z.coerce.number().int().min(0).optional(),
      include: z.enum(['activities']).optional(),
    }),
  },
  responses: {
    200: jsonAnswer(
      z.object({
        items: z.array(messageShape),
        nextCursor: z.string().nullable(),
        /** Lines between these messages, with ?include=activities. */
        activities: z.array(activityShape).optional(),
      }),
      'Messages; `nextCursor` leads on in the direction asked for.',
    ),
    ...refusals,
  },
});
const send = createRoute({
  method: 'post',
  path: '/api/conversations/{id}/messages',
  summary: 'Reply, or leave a private note. Repeating a clientMessageId sends nothing twice',
  middleware: [requirePermission('conversations:write')] as const,
  request: {
    params: idParam,
    body: jsonBody(
      z
        .object({
          clientMessageId: z.string().min(1).max(200),
          ...contentFields,
          private: z.boolean().default(false),
          /** The message it answers, of this conversation. */
          inReplyToId: z.uuid().optional(),
          /** By direct message to the writer of the comment `inReplyToId`: once per comment. */
          as: z.enum(['private_reply']).optional(),
        })
        .refine(...eitherTextOrParts),
    ),
  },
  responses: {
    200: jsonAnswer(messageShape, 'This clientMessageId was here before: the first message.'),
    201: jsonAnswer(messageShape, 'The message; sending has begun, watch its status.'),
    ...refusals,
  },
});

export function messageRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const links = mediaLinks(deps);
  const link = (mediaId: string): string => links.link(mediaId);
  return createRouter()
    .openapi(list, async (c) => {
      const { id } = c.req.valid('param');
      const { limit, cursor, before, after, include } = c.req.valid('query');
      const range = cursor === undefined ? { before, after } : readRange(cursor);
      const { rows, lines } = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        if (!(await findConversation(tx, id, null))) throw notFound('conversation');
        const rows = await listMessages(tx, id, range, limit);
        const page = pageTowards(rows, limit, range);
        const fromSeq =
          range.before === undefined && range.after === undefined && rows.length <= limit ? 0 : page[0]?.seq;
        const lines =
          include === undefined
            ? undefined
            : await listActivities(tx, id, { fromSeq, toSeq: range.before && range.before - 1 }, 500);
        return { rows, lines };
      });
      const page = pageTowards(rows, limit, range);
      const forward = isForward(range);
      const edge = forward ? page.at(-1) : page[0];
      const nextCursor =
        rows.length > limit && edge ? encodeCursor(forward ? 'after' : 'before', String(edge.seq)) : null;
      return c.json(
        {
          items: page.map((row) => toMessage(row, link)),
          nextCursor,
          ...(lines && { activities: lines.map(toActivity) }),
        },
        200,
      );
    })
    .openapi(send, async (c) => {
      const actor = c.get('actor');
      const conversationId = c.req.valid('param').id;
      const body = c.req.valid('json');
      const { row, created, wakes } = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const conversation = await findConversation(tx, conversationId, null);
        if (!conversation) throw notFound('conversation');
        const parts = await completeEmail(
          tx,
          deps.inboxes,
          {
            inboxId: conversation.inbox_id,
            // A note for colleagues is no mail.
            inboxType: body.private ? '' : conversation.inbox_type,
            conversationId,
            contactExternalId: conversation.contact_external_id,
          },
          await completeParts(tx, body),
        );
        const units = body.private ? [parts] : unitsFor(conversation.inbox_type, parts, link);
        const { inReplyToId, as } = body;
        const clientMessageId = storable(body.clientMessageId);
        // A repeat is answered with the first, whatever has closed meanwhile.
        if (!(await wasSent(tx, conversationId, clientMessageId)))
          await checkReply(tx, conversation, body, units);
        const reply = await agentReply(tx, {
          workspaceId: actor.workspaceId,
          conversationId,
          actor: actingAs(actor),
          authorName: actor.name,
          clientMessageId,
          units,
          isPrivate: body.private,
          ...(inReplyToId !== undefined && { inReplyToId }),
          ...(as !== undefined && { as }),
          holdMs: body.private ? 0 : holdMsOf(conversation, actor),
        }).catch((error: unknown) => {
          if (error instanceof AnsweredBeforeError) throw new ApiError(409, 'answered_before', error.message);
          throw error;
        });
        const row = await findMessage(tx, reply.messageId);
        if (!row) throw new Error(`Message ${reply.messageId} was just stored and can't be read.`);
        if (reply.created) {
          await attachMedia(tx, row.id, mediaIds(parts));
          if (actor.userId !== null)
            await markRead(tx, actor.workspaceId, conversationId, actor.userId, row.seq);
          await audit(
            tx,
            actor,
            body.private ? 'message.noted' : 'message.sent',
            { kind: 'message', id: row.id },
            { conversationId },
          );
        }
        return { row, created: reply.created, wakes: reply.wakes };
      });
      // A repeat pays too: the first request may have died between its commit and this line.
      if (row.direction === 'out' && row.status === 'planned') await deps.engine.startOutbound(row.id);
      await deps.engine.payWakes(wakes);
      deps.feed.poke();
      return created ? c.json(toMessage(row, link), 201) : c.json(toMessage(row, link), 200);
    });
}

interface Range {
  before?: number;
  after?: number;
}

function isForward(range: Range): boolean {
  return range.after !== undefined && range.before === undefined;
}

/** Drops the one row read too many, at the end that leads on. */
function pageTowards<Row>(rows: readonly Row[], limit: number, range: Range): readonly Row[] {
  if (rows.length <= limit) return rows;
  return isForward(range) ? rows.slice(0, limit) : rows.slice(rows.length - limit);
}

function readRange(cursor: string): Range {
  const [direction, seq] = decodeCursor(cursor, 2) ?? [];
  const place = Number(seq);
  if (!Number.isSafeInteger(place))
    throw new ApiError(400, 'bad_cursor', 'This cursor is not one that this list gave.');
  return direction === 'after' ? { after: place } : { before: place };
}
