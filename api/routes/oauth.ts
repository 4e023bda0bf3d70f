/** Signing in at a provider to connect an inbox: begun by a member, finished by their browser. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { randomBytes } from 'node:crypto';
import { emailDefinition } from '#channels/email/definition.ts';
import { isMicrosoftInbox } from '#channels/email/microsoft/accounts.ts';
import { authorizeUrl, newVerifier } from '#channels/email/microsoft/login.ts';
import { inWorkspace } from '#db/client.ts';
import { seal } from '#db/keyring.ts';
import { beginSignIn } from '#db/oauth-states.ts';
import { storable } from '../body.ts';
import { resolveProviderUrls } from '../config.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { callbackUrl, verifierPurpose } from '../oauth-callback.ts';
import { createRouter, jsonAnswer, jsonBody, refusals } from '../openapi.ts';
import { appsOf } from '../provider-apps.ts';
import { ownInbox } from './inboxes.ts';

const authorize = createRoute({
  method: 'post',
  path: '/api/oauth/microsoft/authorize',
  summary: 'Begin to connect a Microsoft mailbox: where the browser goes to sign in',
  middleware: [requirePermission('inboxes:write')] as const,
  request: {
    body: jsonBody(
      z.object({
        /** What the new inbox is called; the address where it is left out. */
        name: z.string().trim().max(100).default(''),
        sandbox: z.boolean().default(false),
        /** An inbox to authorize again: it keeps its history. */
        inboxId: z.uuid().optional(),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(z.object({ url: z.string() }).openapi('OAuthStart'), 'Good for ten minutes, once.'),
    ...refusals,
  },
});

export function oauthRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  return createRouter().openapi(authorize, async (c) => {
    return c.json({ url: await begin(deps, c.get('actor'), c.req.valid('json')) }, 200);
  });
}

async function begin(
  deps: ApiDeps,
  actor: RequestActor,
  given: { name: string; sandbox: boolean; inboxId?: string | undefined },
): Promise<string> {
  const { config, keyring } = deps;
  const inbox = given.inboxId === undefined ? null : await ownInbox(deps, actor, given.inboxId);
  if (inbox && !isMicrosoftInbox(inbox))
    throw new ApiError(422, 'not_microsoft', 'This inbox isn’t a Microsoft mailbox; nothing was changed.');
  const sandbox = inbox?.sandbox ?? given.sandbox;
  if (sandbox && !config.sandbox)
    throw new ApiError(
      422,
      'sandbox_disabled',
      'This deployment has no sandboxes (TELORING_SANDBOX); nothing was connected.',
    );
  const { microsoft: app } = appsOf(deps, sandbox);
  if (!app)
    throw new ApiError(
      422,
      'no_provider_app',
      'This installation has no Microsoft app yet. Set MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET and restart, or try the sandbox.',
    );
  const state = randomBytes(32).toString('base64url');
  const { verifier, challenge } = newVerifier();
  await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
    beginSignIn(tx, state, {
      workspaceId: actor.workspaceId,
      provider: 'microsoft',
      userId: actor.userId,
      apiKeyId: actor.apiKeyId,
      inboxId: inbox?.id ?? null,
      name: storable(given.name),
      sandbox,
      verifier: seal(keyring, Buffer.from(verifier), verifierPurpose(state)),
    }),
  );
  // Where a browser goes: the sandbox by the address that it knows us by.
  const browser = { ...config, loopbackUrl: config.publicUrl };
  const { microsoftLogin = '' } = resolveProviderUrls(browser, emailDefinition.providerUrls, sandbox);
  return authorizeUrl(microsoftLogin, {
    clientId: app.id,
    redirectUri: callbackUrl(config, 'microsoft'),
    state,
    challenge,
    ...(inbox ? { loginHint: inbox.accountKey } : {}),
  });
}
