/** What the team sees and sets of Live Chat's visitors: who they say they are, and what websites vouch with. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { liveChatDefinition } from '#channels/live_chat/definition.ts';
import { personPrefix } from '#channels/live_chat/visitor-token.ts';
import { audit } from '#db/audit.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import { findConversation } from '#db/conversations.ts';
import { deleteSecret, listSecrets, rotateSecret } from '#db/identity-secrets.ts';
import { findInbox } from '#db/inboxes.ts';
import { visitorOf } from '#db/visitor-profiles.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';

/** A stream says twice a minute that it is open. */
const onlineMs = 90_000;

const visitorShape = z
  .object({
    contactId: z.string(),
    /** The website's id of the person, where it vouched for them; everything else here is what they say of themselves. */
    personId: z.string().nullable(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    language: z.string().nullable(),
    /** Before the first message; null where nothing was asked. */
    answers: z
      .array(z.object({ key: z.string(), kind: z.string(), label: z.string(), value: z.string() }))
      .nullable(),
    consentedAt: z.string().nullable(),
    online: z.boolean(),
    seenAt: z.string().nullable(),
    /** They want no mail about this conversation. */
    unsubscribedAt: z.string().nullable(),
  })
  .openapi('Visitor');
const secretShape = z.object({ id: z.string(), createdAt: z.string() }).openapi('IdentitySecret');

const visitor = createRoute({
  method: 'get',
  path: '/api/conversations/{id}/visitor',
  summary:
    'The visitor of a Live Chat conversation: what they answered, who the website says they are, whether they are there',
  middleware: [requirePermission('conversations:read')] as const,
  request: { params: idParam },
  responses: { 200: jsonAnswer(visitorShape, 'The visitor.'), ...refusals },
});
const secrets = createRoute({
  method: 'get',
  path: '/api/inboxes/{id}/identity-secrets',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam },
  responses: {
    200: jsonAnswer(z.object({ items: z.array(secretShape) }), 'Newest first; never what they are.'),
    ...refusals,
  },
});
const rotate = createRoute({
  method: 'post',
  path: '/api/inboxes/{id}/identity-secrets',
  summary:
    'A new identity secret, shown this once. The one before stays good beside it; any older one is gone',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam },
  responses: { 201: jsonAnswer(secretShape.extend({ secret: z.string() }), 'The secret.'), ...refusals },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/inboxes/{id}/identity-secrets/{secretId}',
  summary:
    'What is signed with it is refused from now on; who is signed in stays so until their session ends',
  middleware: [requirePermission('inboxes:write')] as const,
  request: { params: idParam.extend({ secretId: z.uuid() }) },
  responses: { 200: jsonAnswer(z.object({ id: z.string() }), 'Gone.'), ...refusals },
});

export function liveChatTeamRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(visitor, async (c) => {
      const { id } = c.req.valid('param');
      const found = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        const conversation = await findConversation(tx, id, null);
        if (!conversation) throw notFound('conversation');
        return conversation.inbox_type === liveChatDefinition.type ? visitorOf(tx, id) : null;
      });
      if (!found) throw new ApiError(404, 'no_visitor', 'This conversation has no website visitor.');
      const { externalId, identifiedAt, seenAt, answers } = found;
      return c.json(
        {
          contactId: found.contactId,
          personId: identifiedAt === null ? null : externalId.slice(personPrefix.length),
          name: found.name,
          email: found.email,
          phone: found.phone,
          language: found.language,
          answers:
            answers?.map(({ key, kind, label, value, shown }) => ({
              key,
              kind,
              label,
              value: shown ?? value,
            })) ?? null,
          consentedAt: found.consentedAt?.toISOString() ?? null,
          online: seenAt !== null && Date.now() - seenAt.getTime() < onlineMs,
          seenAt: seenAt?.toISOString() ?? null,
          unsubscribedAt: found.unsubscribedAt?.toISOString() ?? null,
        },
        200,
      );
    })
    .openapi(secrets, async (c) => {
      const { id } = c.req.valid('param');
      const rows = await inWorkspace(deps.appDb, c.get('actor').workspaceId, async (tx) => {
        await requireLiveChat(tx, id);
        return listSecrets(tx, id);
      });
      return c.json(
        { items: rows.map((row) => ({ id: row.id, createdAt: row.created_at.toISOString() })) },
        200,
      );
    })
    .openapi(rotate, async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const made = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        await requireLiveChat(tx, id);
        const { workspaceId } = actor;
        const secret = await rotateSecret(tx, deps.keyring, { workspaceId, inboxId: id });
        await audit(tx, actor, 'inbox.identity_secret_made', { kind: 'inbox', id }, { secretId: secret.id });
        return secret;
      });
      return c.json({ ...made, createdAt: new Date().toISOString() }, 201);
    })
    .openapi(remove, async (c) => {
      const actor = c.get('actor');
      const { id, secretId } = c.req.valid('param');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        await requireLiveChat(tx, id);
        if (!(await deleteSecret(tx, id, secretId))) throw notFound('identity secret');
        await audit(tx, actor, 'inbox.identity_secret_deleted', { kind: 'inbox', id }, { secretId });
      });
      return c.json({ id: secretId }, 200);
    });
}

async function requireLiveChat(tx: Tx, id: string): Promise<void> {
  const inbox = await findInbox(tx, id);
  if (inbox?.type !== liveChatDefinition.type) throw notFound('inbox');
}
