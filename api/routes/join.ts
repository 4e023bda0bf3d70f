/** What the holder of an invitation link may do: see what it is for, and join. Open: they are nobody yet. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { acceptInvitation, openInvitation, type OpenInvitation } from '#db/invitations.ts';
import { userIdByEmail } from '#db/members.ts';
import { activateWorkspace } from '#db/sessions.ts';
import { ROLES } from '#domain/roles.ts';
import { createAccount } from '../auth/accounts.ts';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../auth/auth.ts';
import { authRequest, signIn } from '../auth/sign-in.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';

const token = z.string().min(20).max(100);
const lookup = createRoute({
  method: 'post',
  path: '/api/invitations/lookup',
  summary: 'What an invitation link is for',
  request: { body: jsonBody(z.object({ token })) },
  responses: {
    200: jsonAnswer(
      z.object({
        workspaceName: z.string(),
        email: z.string(),
        role: z.enum(ROLES),
        expiresAt: z.string(),
        hasAccount: z.boolean(),
      }),
      'The invitation.',
    ),
    ...refusals,
  },
});
const accept = createRoute({
  method: 'post',
  path: '/api/invitations/accept',
  summary: 'Join: with a name and a new password, or with the password of the account you have',
  request: {
    body: jsonBody(
      z.object({
        token,
        name: z.string().trim().min(1).max(200).optional(),
        password: z.string().max(MAX_PASSWORD_LENGTH).optional(),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(
      z.object({ workspace: z.object({ id: z.uuid(), slug: z.string() }) }),
      'You are in, and signed in.',
    ),
    ...refusals,
  },
});

const gone = (): ApiError =>
  new ApiError(404, 'not_found', 'This invitation was used, taken back or has expired. Ask for a new one.');

export function joinRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.use('/api/invitations/lookup', rateLimit({ burst: 30, perSecond: 0.5, key: forwardedAddress }));
  app.use('/api/invitations/accept', rateLimit({ burst: 20, perSecond: 0.2, key: forwardedAddress }));
  return app
    .openapi(lookup, async (c) => {
      const invitation = await openInvitation(deps.engineDb, c.req.valid('json').token);
      if (!invitation) throw gone();
      const { workspaceName, email, role, expiresAt, userId } = invitation;
      return c.json(
        { workspaceName, email, role, expiresAt: expiresAt.toISOString(), hasAccount: userId !== null },
        200,
      );
    })
    .openapi(accept, async (c) => {
      const input = c.req.valid('json');
      const invitation = await openInvitation(deps.engineDb, input.token);
      if (!invitation) throw gone();
      const session = await deps.auth.api.getSession({ headers: c.req.raw.headers });
      if (session && session.user.email === invitation.email) {
        await join(deps, invitation, session.user.id, session.user.name, c.get('requestId'));
        await activateWorkspace(deps.engineDb, session.session.token, invitation.workspaceId);
        return c.json({ workspace: { id: invitation.workspaceId, slug: invitation.workspaceSlug } }, 200);
      }
      const password = requiredPassword(input.password);
      if (invitation.userId === null) await newAccount(deps, invitation, input.name, password);
      const body = JSON.stringify({ email: invitation.email, password });
      const address = forwardedAddress(c);
      const inner = new Request(new URL('/api/auth/sign-in/email', deps.config.publicUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': c.req.header('user-agent') ?? '' },
      });
      const signedIn = await signIn(
        deps,
        invitation.email,
        address,
        authRequest(inner, deps.config.publicUrl, address, body),
      );
      if (signedIn.status === 429)
        throw new ApiError(429, 'rate_limited', 'Too many tries. Wait 15 minutes, then try again.');
      if (signedIn.status !== 200)
        throw new ApiError(
          401,
          'wrong_password',
          'This address has an account, and that is not its password. The invitation stays open.',
        );
      const { token: sessionToken, user } = signedInShape.parse(await signedIn.json());
      await join(deps, invitation, user.id, user.name, c.get('requestId'));
      await activateWorkspace(deps.engineDb, sessionToken, invitation.workspaceId);
      for (const cookie of signedIn.headers.getSetCookie()) c.header('Set-Cookie', cookie, { append: true });
      return c.json({ workspace: { id: invitation.workspaceId, slug: invitation.workspaceSlug } }, 200);
    });
}

const signedInShape = z.object({ token: z.string(), user: z.object({ id: z.string(), name: z.string() }) });

function requiredPassword(password: string | undefined): string {
  if (password !== undefined && password.length >= MIN_PASSWORD_LENGTH) return password;
  const message = `Must have at least ${MIN_PASSWORD_LENGTH} characters`;
  throw new ApiError(422, 'invalid', 'The body is not valid.', [
    { path: 'password', code: 'too_small', message },
  ]);
}

async function newAccount(
  deps: ApiDeps,
  invitation: OpenInvitation,
  name: string | undefined,
  password: string,
): Promise<void> {
  if (name === undefined) {
    throw new ApiError(422, 'invalid', 'The body is not valid.', [
      { path: 'name', code: 'required', message: 'Say your name' },
    ]);
  }
  try {
    await createAccount(deps.auth, { email: invitation.email, name, password });
  } catch (error) {
    // Made by another request meanwhile: its password decides.
    if ((await userIdByEmail(deps.engineDb, invitation.email)) === null) throw error;
  }
}

async function join(
  deps: ApiDeps,
  invitation: OpenInvitation,
  userId: string,
  name: string,
  requestId: string,
): Promise<void> {
  await deps.engineDb.transaction().execute(async (tx) => {
    if (!(await acceptInvitation(tx, invitation, userId))) throw gone();
    const actor = { userId, apiKeyId: null, name, workspaceId: invitation.workspaceId, requestId };
    await audit(
      tx,
      actor,
      'invitation.accepted',
      { kind: 'invitation', id: invitation.id },
      { email: invitation.email, role: invitation.role },
    );
  });
}
