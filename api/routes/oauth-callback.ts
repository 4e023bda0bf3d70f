/** Where Microsoft sends the browser back to: the state is used up, the code becomes an inbox, and a page says what came of it. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ChannelError } from '#channels/contract.ts';
import { emailDefinition } from '#channels/email/definition.ts';
import { readMe } from '#channels/email/microsoft/connect.ts';
import { loginCode, loginSentence } from '#channels/email/microsoft/errors.ts';
import { createGraph } from '#channels/email/microsoft/graph.ts';
import { exchangeCode, type MicrosoftTokens } from '#channels/email/microsoft/login.ts';
import { poolOf } from '#db/client.ts';
import { open } from '#db/keyring.ts';
import { memberships, type Membership } from '#db/members.ts';
import { finishSignIn, type OAuthState } from '#db/oauth-states.ts';
import { allows } from '#domain/roles.ts';
import { resolveProviderUrls } from '../config.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { callbackUrl, verifierPurpose } from '../oauth-callback.ts';
import { outcomePage, outcomePolicy, type Outcome } from '../oauth-page.ts';
import { createRouter } from '../openapi.ts';
import { appsOf } from '../provider-apps.ts';
import { changeInbox, connectInbox, ownInbox } from './inboxes.ts';

const SIGN_IN_MS = 20_000;

export function oauthCallbackRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.get('/oauth/microsoft/callback', async (c) => {
    const outcome = await finish(deps, c).catch((error: unknown) => refusal(error));
    if (outcome.kind === 'done' && outcome.warnings.length === 0) return c.redirect(outcome.href, 303);
    c.header('Content-Security-Policy', outcomePolicy);
    // Nothing of this address, which holds a code, goes to whom a link leads.
    c.header('Referrer-Policy', 'no-referrer');
    return c.html(outcomePage(outcome), outcome.kind === 'done' ? 200 : outcome.status);
  });
  return routes;
}

async function finish(deps: ApiDeps, c: Context<AppEnv>): Promise<Outcome> {
  const session = await deps.auth.api.getSession({ headers: c.req.raw.headers });
  if (!session)
    return {
      kind: 'failed',
      status: 401,
      title: 'You are not signed in to Teloring',
      text: 'Nothing was connected. Sign in to Teloring in this browser, then begin again in My Ring.',
      href: '/sign-in',
      action: 'Sign in',
    };
  const may = (await memberships(deps.engineDb, session.user.id)).filter(({ role }) =>
    allows(role, 'inboxes:write'),
  );
  const state = c.req.query('state') ?? '';
  const begun = await finishSignIn(poolOf(deps.engineDb), state, {
    provider: 'microsoft',
    userId: session.user.id,
    workspaceIds: may.map(({ workspaceId }) => workspaceId),
  });
  const member = begun && may.find(({ workspaceId }) => workspaceId === begun.workspaceId);
  if (!begun || !member)
    return {
      kind: 'failed',
      status: 400,
      title: 'This sign-in can’t be used',
      text: 'It was used already, is older than ten minutes, or was begun by somebody else. Nothing was connected. Begin again in My Ring.',
      href: '/',
      action: 'Open Teloring',
    };
  return await connect(deps, c, begun, member, state).catch((error: unknown) =>
    refusal(error, ringOf(member, begun.inboxId)),
  );
}

async function connect(
  deps: ApiDeps,
  c: Context<AppEnv>,
  begun: OAuthState,
  member: Membership,
  state: string,
): Promise<Outcome> {
  const code = c.req.query('code');
  if (c.req.query('error') !== undefined || !code)
    return declined(
      c.req.query('error_description') ?? c.req.query('error') ?? '',
      ringOf(member, begun.inboxId),
    );
  const { tokens, addresses } = await signedIn(deps, begun, state, code);
  const actor: RequestActor = {
    userId: member.userId,
    apiKeyId: null,
    name: member.userName,
    role: member.role,
    workspaceId: member.workspaceId,
    requestId: c.get('requestId'),
  };
  const { refreshToken } = tokens;
  if (begun.inboxId !== null) {
    const inbox = await ownInbox(deps, actor, begun.inboxId);
    const { accountKey: address, credentials } = inbox;
    if (credentials['shared'] !== true && !addresses.includes(address))
      throw new ApiError(
        422,
        'other_account',
        `You signed in as ${addresses[0] ?? 'somebody else'}, and this inbox is ${address}. Nothing was changed. Sign in with that account, or connect the other one as an inbox of its own.`,
      );
    const changed = await changeInbox(deps, actor, inbox.id, {
      credentials: { kind: 'microsoft', address, refreshToken },
    });
    return {
      kind: 'done',
      title: `${address} is connected again`,
      warnings: changed.warnings,
      href: ringOf(member, inbox.id),
    };
  }
  const [address] = addresses;
  if (address === undefined)
    throw new ApiError(
      422,
      'no_mailbox',
      'This Microsoft account has no mail address. Nothing was connected.',
    );
  const created = await connectInbox(deps, actor, {
    type: 'email',
    name: begun.name || address,
    credentials: { kind: 'microsoft', address, refreshToken },
    settings: {},
    sandbox: begun.sandbox,
  });
  const id = created.inbox ? created.inbox.id : created.id;
  return {
    kind: 'done',
    title: `${address} is connected`,
    warnings: created.warnings,
    href: ringOf(member, id),
  };
}

/** The code, and who it is of. @throws ChannelError */
async function signedIn(
  deps: ApiDeps,
  begun: OAuthState,
  state: string,
  code: string,
): Promise<{ tokens: MicrosoftTokens; addresses: string[] }> {
  const { microsoft: app } = appsOf(deps, begun.sandbox);
  if (!app)
    throw new ApiError(
      422,
      'no_provider_app',
      'This installation has no Microsoft app any more. Nothing was connected.',
    );
  const urls = resolveProviderUrls(deps.config, emailDefinition.providerUrls, begun.sandbox);
  const signal = AbortSignal.timeout(SIGN_IN_MS);
  const verifier = open(deps.keyring, begun.verifier, verifierPurpose(state)).toString('utf8');
  const redirectUri = callbackUrl(deps.config, 'microsoft');
  const login = { base: urls['microsoftLogin'] ?? '', app, signal };
  const tokens = await exchangeCode(deps.http, login, { code, redirectUri, verifier });
  const graph = createGraph({
    http: deps.http,
    token: async () => tokens.accessToken,
    base: urls['microsoftGraph'] ?? '',
    owner: '/me',
    gate: `sign-in/${state}`,
  });
  return { tokens, ...(await readMe(graph, signal)) };
}

const ringOf = ({ workspaceSlug }: Membership, inboxId: string | null): string =>
  `/w/${encodeURIComponent(workspaceSlug)}/ring/email${inboxId === null ? '' : `/${inboxId}/setup`}`;

/** Microsoft's dialog ended without a code. */
function declined(description: string, href: string): Outcome {
  const code = loginCode(description);
  const [words = ''] = description.split(/\r?\n| Trace ID:/);
  const needsAdmin = code === 90094 || code === 90099 || code === 65001;
  return {
    kind: 'failed',
    status: 422,
    title: needsAdmin ? 'Your organization has to agree first' : 'Nothing was connected',
    text: needsAdmin
      ? 'Ask an administrator of your Microsoft organization to approve this app, then begin again.'
      : `${loginSentence(code) ?? 'Microsoft did not let Teloring in.'} You can begin again at any time.`,
    ...(words ? { details: `Microsoft: ${words}` } : {}),
    href,
    action: 'Back to My Ring',
  };
}

/** @throws what is a defect of ours */
function refusal(error: unknown, href = '/'): Outcome {
  const known = error instanceof ChannelError || error instanceof ApiError;
  if (!known) throw error;
  const inboxId =
    error instanceof ApiError && error.code === 'already_connected' ? inboxIdOf(error.details) : undefined;
  return {
    kind: 'failed',
    status: error instanceof ApiError && error.status === 409 ? 409 : 422,
    title:
      error instanceof ApiError && error.status === 409
        ? 'This mailbox is connected already'
        : 'Nothing was connected',
    text: error.message,
    href:
      inboxId === undefined ? href : `${href.replace(/\/ring\/email.*$/, '')}/ring/email/${inboxId}/setup`,
    action: inboxId === undefined ? 'Back to My Ring' : 'Open that inbox',
  };
}

function inboxIdOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('inboxId' in details)) return undefined;
  return typeof details.inboxId === 'string' ? details.inboxId : undefined;
}
