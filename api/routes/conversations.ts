import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { findConversation, listConversations, markRead } from '#db/conversations.ts';
import { listActivities } from '#db/messages.ts';
import { CONVERSATION_STATUSES, PRIORITIES } from '#domain/conversation.ts';
import { allows } from '#domain/roles.ts';
import { changeOneConversation } from '../conversation-changes.ts';
import { storable } from '../body.ts';
import { badCursor, decodeCursor, encodeCursor, pageOf } from '../cursor.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import {
  createRouter,
  idParam,
  jsonAnswer,
  jsonBody,
  listOf,
  noContent,
  pageQuery,
  refusals,
} from '../openapi.ts';
import {
  conversationItemShape,
  conversationShape,
  toConversation,
  toConversationItem,
} from '../shapes/conversation.ts';
import { activityShape, toActivity } from '../shapes/message.ts';
import { createSignals } from '../signals.ts';

const list = createRoute({
  method: 'get',
  path: '/api/conversations',
  middleware: [requirePermission('conversations:read')] as const,
  request: {
    query: pageQuery.extend({
      inboxId: z.uuid().optional(),
      status: z.enum(CONVERSATION_STATUSES).optional(),
      /** me, none, or a member's user id */
      assigneeId: z.union([z.enum(['me', 'none']), z.uuid()]).optional(),
      label: z.string().max(60).optional(),
      priority: z.enum(PRIORITIES).optional(),
      customerId: z.uuid().optional(),
      /** Part of a contact's name or of a message. */
      q: z.string().trim().max(200).optional(),
    }),
  },
  responses: {
    200: jsonAnswer(listOf(conversationItemShape), 'The one with the newest message first.'),
    ...refusals,
  },
});
const read = createRoute({
  method: 'get',
  path: '/api/conversations/{id}',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(conversationShape, 'The conversation.'), ...refusals },
});
const change = createRoute({
  method: 'patch',
  path: '/api/conversations/{id}',
  summary: 'Resolve, snooze, assign, label, prioritize, take over or give back, connect to a customer',
  middleware: [requirePermission('conversations:write')] as const,
  request: {
    params: idParam,
    body: jsonBody(
      z.object({
        status: z.enum(CONVERSATION_STATUSES).optional(),
        snoozedUntil: z.iso.datetime({ offset: true }).nullable().optional(),
        assigneeId: z.uuid().nullable().optional(),
        teamId: z.uuid().nullable().optional(),
        labels: z.array(z.string().trim().min(1).max(60)).max(50).optional(),
        priority: z.enum(PRIORITIES).optional(),
        owner: z.enum(['human', 'bot']).optional(),
        customerId: z.uuid().nullable().optional(),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(
      conversationShape.extend({
        /** Bot messages that were already on their way when a person took over; at most one, it may still arrive. */
        stillSending: z.number(),
      }),
      'The conversation as it is now.',
    ),
    ...refusals,
  },
});
const markAsRead = createRoute({
  method: 'post',
  path: '/api/conversations/{id}/read',
  summary: 'You have read up to this seq; the contact is told, where the channel can',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam, body: jsonBody(z.object({ seq: z.int().min(0) })) },
  responses: { 204: noContent, ...refusals },
});
const activities = createRoute({
  method: 'get',
  path: '/api/conversations/{id}/activities',
  middleware: [requirePermission('conversations:read')] as const,
  request: {
    params: idParam,
    query: z.object({
      fromSeq: z.coerce.number().int().min(0).optional(),
      toSeq: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(100),
    }),
  },
  responses: {
    200: jsonAnswer(z.object({ items: z.array(activityShape) }), 'Oldest first; the newest of the range.'),
    ...refusals,
  },
});

export function conversationRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const signals = createSignals(deps);
  return createRouter()
    .openapi(list, async (c) => {
      const actor = c.get('actor');
      const { limit, cursor, q, label, assigneeId, ...rest } = c.req.valid('query');
      const place = decodeCursor(cursor, 2);
      const filter = {
        ...rest,
        ...(assigneeId !== undefined && { assigneeId: assigneeId === 'me' ? myself(actor) : assigneeId }),
        ...(label !== undefined && { label: storable(label) }),
        ...(q !== undefined && q !== '' && { q: storable(q) }),
      };
      const rows = await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
        listConversations(tx, filter, actor.userId, limit + 1, place && readPlace(place)),
      );
      return c.json(
        pageOf(rows, limit, toConversationItem, (row) => encodeCursor(row.position, row.id)),
        200,
      );
    })
    .openapi(read, async (c) => {
      const actor = c.get('actor');
      const row = await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
        findConversation(tx, c.req.valid('param').id, actor.userId),
      );
      if (!row) throw notFound('conversation');
      return c.json(toConversation(row), 200);
    })
    .openapi(change, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const input = c.req.valid('json');
      const { row, wakes, stillSending } = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const result = await changeOneConversation(tx, actor, id, input);
        await audit(tx, actor, 'conversation.changed', { kind: 'conversation', id }, { ...input });
        const row = await findConversation(tx, id, actor.userId);
        if (!row) throw notFound('conversation');
        return { ...result, row };
      });
      await deps.engine.payWakes(wakes, input.owner === 'bot' ? 'giveback.committed' : 'takeover.committed');
      deps.feed.poke();
      return c.json({ ...toConversation(row), stillSending }, 200);
    })
    .openapi(markAsRead, async (c) => {
      const actor = c.get('actor');
      const { userId, workspaceId } = actor;
      if (userId === null)
        throw new ApiError(409, 'not_a_member', 'An API key has no read mark; sign in as a member.');
      const { id } = c.req.valid('param');
      const { seq } = c.req.valid('json');
      const row = await inWorkspace(deps.appDb, workspaceId, async (tx) => {
        const row = await findConversation(tx, id, null);
        if (!row) throw notFound('conversation');
        await markRead(tx, workspaceId, id, userId, Math.min(seq, row.last_seq));
        return row;
      });
      deps.feed.poke();
      // Whoever may only look leaves no trace at the contact's.
      if (seq >= row.last_in_seq && row.last_in_seq > 0 && allows(actor.role, 'conversations:write'))
        void signals(row, 'read');
      return c.body(null, 204);
    })
    .openapi(activities, async (c) => {
      const { id } = c.req.valid('param');
      const { limit, ...range } = c.req.valid('query');
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        if (!(await findConversation(tx, id, null))) throw notFound('conversation');
        return listActivities(tx, id, range, limit);
      });
      return c.json({ items: rows.map(toActivity) }, 200);
    });
}

function myself(actor: RequestActor): string {
  if (actor.userId === null)
    throw new ApiError(400, 'not_a_member', '`assigneeId=me` is for signed-in members; name a user id.');
  return actor.userId;
}

function readPlace([position = '', id = '']: string[]): { position: string; id: string } {
  if (!/^[\d\s:.+-]{10,40}$/.test(position) || !/^[0-9a-f-]{36}$/.test(id)) throw badCursor();
  return { position, id };
}
