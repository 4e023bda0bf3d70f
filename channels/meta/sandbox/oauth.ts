/** Both logins: the dialog with its page picking, the code, the tokens it becomes. */
import { randomBytes } from 'node:crypto';
import type { ProviderApp } from '#domain/channel.ts';
import { answer, GraphRefusal } from './answers.ts';
import { textOf, type CallFields } from './fields.ts';
import { derivedId } from './ids.ts';
import { instagramOfPage } from './recall.ts';
import type { World } from './world.ts';

interface Grant {
  appId: string;
  redirectUri: string;
  /** Pages, or the one Instagram account. */
  accountIds: string[];
  scopes: string[];
  expiresAtMs: number;
}
export interface OAuth {
  /** The page a browser is sent to. */
  dialog(product: 'facebook' | 'instagram', request: Request): Response;
  /** `/oauth/access_token` of graph.facebook.com. @throws GraphRefusal */
  facebookToken(fields: CallFields): Response;
  /** `/oauth/access_token` of api.instagram.com: its errors have a shape of their own. */
  instagramToken(fields: CallFields): Response;
}

/** What the sandbox's one Facebook user has: three pages, each with an Instagram account. */
export const USER_PAGES: readonly { id: string; name: string }[] = [
  { id: '104200000001', name: 'Sandbox Bakery' },
  { id: '104200000002', name: 'Sandbox Bikes' },
  { id: '104200000003', name: 'Café Zürich 🥐' },
];
const CODE_MS = 10 * 60_000;
const LONG_SECONDS = 5_183_944;

export function createOAuth(world: World): OAuth {
  const grants = new Map<string, Grant>();

  const redeem = (fields: CallFields, app: ProviderApp | undefined): Grant => {
    const code = textOf(fields.values['code']).replace(/#_$/, '');
    const grant = grants.get(code);
    const { id } = provenApp(fields, app);
    if (!grant || grant.appId !== id || grant.expiresAtMs < world.now())
      throw new GraphRefusal(100, 'Invalid verification code format.', { subcode: 36_009 });
    const redirectUri = textOf(fields.values['redirect_uri']);
    if (redirectUri !== grant.redirectUri)
      throw new GraphRefusal(
        100,
        'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
        { subcode: 36_008 },
      );
    grants.delete(code);
    return grant;
  };
  const decide = (query: URLSearchParams): Response => {
    const target = new URL(query.get('redirect_uri') ?? '');
    const state = query.get('state');
    if (query.get('decision') === 'deny') {
      target.searchParams.set('error', 'access_denied');
      target.searchParams.set('error_reason', 'user_denied');
      target.searchParams.set('error_description', 'Permissions error');
    } else {
      const code = `AQ${randomBytes(60).toString('base64url')}`;
      grants.set(code, {
        appId: query.get('client_id') ?? '',
        redirectUri: query.get('redirect_uri') ?? '',
        accountIds: query.getAll('account'),
        scopes: (query.get('scope') ?? '').split(/[ ,]+/).filter(Boolean),
        expiresAtMs: world.now() + CODE_MS,
      });
      target.searchParams.set('code', code);
    }
    if (state !== null) target.searchParams.set('state', state);
    // Instagram appends this to every redirect; whoever doesn't strip it has a wrong code.
    return new Response(null, { status: 302, headers: { location: `${target.href}#_` } });
  };
  return {
    dialog(product, request) {
      const query = new URL(request.url).searchParams;
      const app = product === 'facebook' ? world.deps.apps.meta : world.deps.apps.instagram;
      const problem = dialogProblem(query, app, world.deps.publicUrl);
      if (problem !== null)
        return page(`<h1>Sorry, something went wrong.</h1><p>${escapeHtml(problem)}</p>`, 400);
      return query.has('decision') ? decide(query) : page(form(product, query));
    },
    facebookToken(fields) {
      const grantType = textOf(fields.values['grant_type']);
      if (grantType === 'fb_exchange_token') {
        const token = textOf(fields.values['fb_exchange_token']);
        if (!token.startsWith('sandbox-')) throw new GraphRefusal(190, 'Invalid OAuth access token.');
        const long = token.replace('sandbox-user-', 'sandbox-longuser-');
        return answer({ access_token: long, token_type: 'bearer', expires_in: LONG_SECONDS });
      }
      if (grantType === 'client_credentials') {
        const { id, secret } = provenApp(fields, world.deps.apps.meta);
        return answer({ access_token: `${id}|${secret}`, token_type: 'bearer' });
      }
      const { accountIds } = redeem(fields, world.deps.apps.meta);
      // The pages that were ticked travel in the token: the picking holds after a restart too.
      const access_token = `sandbox-user-${accountIds.map((id) => `p${id}`).join('.')}-u`;
      return answer({ access_token, token_type: 'bearer', expires_in: 5_184 });
    },
    instagramToken(fields) {
      try {
        const { accountIds, scopes } = redeem(fields, world.deps.apps.instagram);
        const userId = accountIds[0] ?? '';
        // The real one gives a number beyond 2^53 here: written as text, so that it isn't rounded by us.
        const body = `{"access_token":"sandbox-ig-${userId}","user_id":${userId},"permissions":${JSON.stringify(scopes)}}`;
        return new Response(body, { headers: { 'content-type': 'application/json' } });
      } catch (error) {
        if (!(error instanceof GraphRefusal)) throw error;
        return answer({ error_type: 'OAuthException', code: 400, error_message: error.message }, 400);
      }
    },
  };
}

/** Pages a user's token was given; all of them where it doesn't say. */
export function grantedPages(token: string): readonly { id: string; name: string }[] {
  const ids = [...token.matchAll(/p(\d{5,})/g)].map(([, id]) => id);
  return ids.length === 0 ? USER_PAGES : USER_PAGES.filter(({ id }) => ids.includes(id));
}

/** Whoever knows the app's secret: with it webhooks are signed, so nobody else is given anything made of it. @throws GraphRefusal */
function provenApp({ values }: CallFields, app: ProviderApp | undefined): ProviderApp {
  if (!app || textOf(values['client_id']) !== app.id)
    throw new GraphRefusal(
      101,
      'Error validating application. Cannot get application info due to a system error.',
    );
  if (textOf(values['client_secret']) !== app.secret)
    throw new GraphRefusal(1, 'Error validating client secret.');
  return app;
}

/** The list of allowed addresses is this installation. */
function dialogProblem(
  query: URLSearchParams,
  app: ProviderApp | undefined,
  publicUrl: string,
): string | null {
  if (!app || query.get('client_id') !== app.id)
    return 'Invalid App ID: The provided app ID does not look like a valid app ID.';
  const redirect = query.get('redirect_uri') ?? '';
  if (!redirect.startsWith(`${publicUrl}/`) || !URL.canParse(redirect))
    return 'URL blocked: the redirect URI is not in the app’s list of allowed ones.';
  return query.get('response_type') === 'code' ? null : 'Only response_type=code is known here.';
}

function form(product: 'facebook' | 'instagram', query: URLSearchParams): string {
  const kept = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const accounts =
    product === 'facebook'
      ? USER_PAGES.map(({ id, name }) => choice('checkbox', id, `${name} (page ${id})`))
      : USER_PAGES.map(({ id }, at) =>
          choice('radio', instagramOfPage(id), `sandbox_shop_${derivedId(3, id)}`, at === 0),
        );
  return `<h1>${product === 'facebook' ? 'Sandbox of Facebook' : 'Sandbox of Instagram'}</h1>
<p>An app asks for: <code>${escapeHtml(query.get('scope') ?? query.get('config_id') ?? '')}</code></p>
<form method="get">${kept.join('')}<fieldset><legend>Choose what it may use</legend>${accounts.join('')}</fieldset>
<button name="decision" value="approve">Continue</button> <button name="decision" value="deny">Cancel</button></form>`;
}
function choice(type: 'checkbox' | 'radio', id: string, label: string, checked = true): string {
  return `<p><label><input type="${type}" name="account" value="${id}"${checked ? ' checked' : ''}> ${escapeHtml(label)}</label></p>`;
}
function page(body: string, status = 200): Response {
  return new Response(
    `<!doctype html><meta charset="utf-8"><title>Sandbox login</title><main>${body}</main>`,
    {
      status,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    },
  );
}
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
