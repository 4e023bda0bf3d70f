import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace } from '#db/client.ts';
import { createInvitation, listInvitations, revokeInvitation } from '#db/invitations.ts';
import { workspaceById } from '#db/workspaces.ts';
import { ROLES } from '#domain/roles.ts';
import { normalEmail } from '../auth/accounts.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import {
  createRouter,
  idPage,
  idPageQuery,
  idParam,
  jsonAnswer,
  jsonBody,
  listOf,
  noContent,
  refusals,
} from '../openapi.ts';

const validDays = 7;

const invitationShape = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role: z.enum(ROLES),
    status: z.enum(['pending', 'expired', 'accepted', 'canceled']),
    expiresAt: z.string(),
    createdAt: z.string(),
  })
  .openapi('Invitation');

const list = createRoute({
  method: 'get',
  path: '/api/invitations',
  summary: 'Invitations into this workspace',
  middleware: [requirePermission('members:write')] as const,
  request: { query: idPageQuery },
  responses: { 200: jsonAnswer(listOf(invitationShape), 'Newest first.'), ...refusals },
});
const create = createRoute({
  method: 'post',
  path: '/api/invitations',
  summary: 'Invite somebody; an earlier link to the same address stops working',
  middleware: [requirePermission('members:write')] as const,
  request: { body: jsonBody(z.object({ email: z.email().max(320), role: z.enum(ROLES) })) },
  responses: {
    201: jsonAnswer(
      invitationShape.extend({ sent: z.boolean(), link: z.string().nullable() }),
      'The link, this once, where no mail was sent.',
    ),
    ...refusals,
  },
});
const revoke = createRoute({
  method: 'delete',
  path: '/api/invitations/{id}',
  summary: 'Take an invitation back',
  middleware: [requirePermission('members:write')] as const,
  request: { params: idParam },
  responses: { 204: noContent, ...refusals },
});

export function invitationRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const read = await inWorkspace(deps.appDb, c.get('actor').workspaceId, (tx) =>
        listInvitations(tx, limit + 1, cursor ?? null),
      );
      return c.json(idPage(read, limit), 200);
    })
    .openapi(create, async (c) => {
      const actor = c.get('actor');
      const { email, role } = c.req.valid('json');
      const made = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const invited = await createInvitation(tx, {
          workspaceId: actor.workspaceId,
          email: normalEmail(email),
          role,
          expiresAt: new Date(Date.now() + validDays * 24 * 3600 * 1000),
          inviterId: actor.userId,
        });
        if (!invited)
          throw new ApiError(409, 'already_member', `${email} is a member of this workspace already.`);
        const { id } = invited.invitation;
        await audit(
          tx,
          actor,
          'invitation.created',
          { kind: 'invitation', id },
          { email: normalEmail(email), role },
        );
        return { ...invited, workspace: await workspaceById(tx, actor.workspaceId) };
      });
      const link = `${deps.config.publicUrl}/invite#${made.token}`;
      const sent = await mailed(deps, actor, normalEmail(email), made.workspace?.name ?? 'Teloring', link);
      return c.json({ ...made.invitation, sent, link: sent ? null : link }, 201);
    })
    .openapi(revoke, async (c) => {
      const actor = c.get('actor');
      await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const revoked = await revokeInvitation(tx, c.req.valid('param').id);
        if (!revoked) throw notFound('pending invitation');
        await audit(
          tx,
          actor,
          'invitation.revoked',
          { kind: 'invitation', id: revoked.id },
          { email: revoked.email },
        );
      });
      return c.body(null, 204);
    });
}

/** @returns false where no mail could be sent: the admin then passes the link on */
async function mailed(
  deps: ApiDeps,
  actor: RequestActor,
  to: string,
  workspace: string,
  link: string,
): Promise<boolean> {
  if (!deps.mailer) return false;
  try {
    await deps.mailer.send({
      to,
      subject: `${actor.name} invites you to ${workspace} on Teloring`,
      text: `${actor.name} invites you to the workspace "${workspace}" on Teloring.\n\nOpen this link within ${validDays} days to join:\n\n${link}\n`,
    });
    return true;
  } catch (error) {
    deps.log.warn(
      { err: error, requestId: actor.requestId },
      'the invitation mail was refused; the admin got the link instead',
    );
    return false;
  }
}
