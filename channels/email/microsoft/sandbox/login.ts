/** login.microsoftonline.com: the page on which an account is chosen and agreed, and the token endpoint. */
import { createHash } from 'node:crypto';
import type { ProviderApp } from '#domain/channel.ts';
import { constantTimeEquals } from '../../../hmac.ts';
import { escaped, page, TokenRefusal } from './answers.ts';
import { madeUpGrant, mailboxOf, newSecret, recall, type Grant, type World } from './world.ts';

/** What the sandbox's one Microsoft user may choose among. */
export const ACCOUNTS = [
  'support@bakery.example',
  'hello@bikes.example',
  'reception@zurich.example',
] as const;
const CODE_MS = 10 * 60_000;
const ACCESS_SECONDS = 3_900;
const GRACE_MS = 60_000;

export function dialog(world: World, url: URL): Response {
  const query = url.searchParams;
  const problem = problemOf(world, query);
  if (problem !== null)
    return page('Sorry, but we’re having trouble signing you in.', `<p>${escaped(problem)}</p>`, 400);
  const decision = query.get('decision');
  if (decision === null) return page('Sandbox of Microsoft', form(query));
  const target = new URL(query.get('redirect_uri') ?? '');
  for (const [name, value] of Object.entries(decide(world, query, decision)))
    target.searchParams.set(name, value);
  const state = query.get('state');
  if (state !== null) target.searchParams.set('state', state);
  return new Response(null, { status: 302, headers: { location: target.href } });
}

function decide(world: World, query: URLSearchParams, decision: string): Record<string, string> {
  if (decision === 'admin')
    return {
      error: 'access_denied',
      error_description:
        'AADSTS90094: The grant requires admin permission. An administrator of the organization must consent to the application.',
    };
  if (decision !== 'accept')
    return {
      error: 'access_denied',
      error_description: 'AADSTS65004: User declined to consent to access the app.',
    };
  const other = (query.get('other') ?? '').trim();
  const address = (other === '' ? (query.get('account') ?? ACCOUNTS[0]) : other).toLowerCase();
  const code = newSecret('1.AX');
  world.codes.set(code, {
    address,
    scope: query.get('scope') ?? '',
    redirectUri: query.get('redirect_uri') ?? '',
    challenge: query.get('code_challenge'),
    expiresAtMs: Date.now() + CODE_MS,
  });
  return { code, session_state: newSecret('').slice(0, 20) };
}

function problemOf({ deps }: World, query: URLSearchParams): string | null {
  const app = deps.apps.microsoft;
  if (!app || query.get('client_id') !== app.id)
    return 'AADSTS700016: Application with this identifier was not found in the directory.';
  const redirect = query.get('redirect_uri') ?? '';
  // Nobody is sent anywhere but home.
  if (!redirect.startsWith(`${deps.publicUrl}/`) || !URL.canParse(redirect))
    return 'AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured for the application.';
  if (query.get('response_type') !== 'code') return 'AADSTS70001: Only response_type=code is known here.';
  if (query.has('code_challenge') && query.get('code_challenge_method') !== 'S256')
    return 'AADSTS501491: Invalid code_challenge_method; only S256 is known here.';
  return null;
}

function form(query: URLSearchParams): string {
  const kept = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const accounts = ACCOUNTS.map(
    (address, at) =>
      `<p><label><input type="radio" name="account" value="${address}"${at === 0 ? ' checked' : ''}> ${address}</label></p>`,
  );
  return `<p>This is not Microsoft: a double of it, for trying things out. An app asks for:</p><p><code>${escaped(query.get('scope') ?? '')}</code></p>
<form method="get">${kept.join('')}<fieldset><legend>Pick an account</legend>${accounts.join('')}
<p><label>Use another account <input name="other" type="email" placeholder="name@example.com"></label></p></fieldset>
<button name="decision" value="accept">Accept</button> <button name="decision" value="deny">Cancel</button>
<button name="decision" value="admin">As if an administrator had to agree</button></form>`;
}

/** @throws TokenRefusal */
export async function token(world: World, request: Request): Promise<Response> {
  const fields = new URLSearchParams(await request.text());
  provenApp(fields, world.deps.apps.microsoft);
  await recall(world);
  const type = fields.get('grant_type');
  if (type === 'authorization_code') return issue(world, redeemCode(world, fields));
  if (type === 'refresh_token') return issue(world, redeemRefresh(world, fields.get('refresh_token') ?? ''));
  throw new TokenRefusal('unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
}

function provenApp(fields: URLSearchParams, app: ProviderApp | undefined): void {
  if (!app || fields.get('client_id') !== app.id)
    throw new TokenRefusal(
      'unauthorized_client',
      700016,
      'Application with this identifier was not found in the directory.',
    );
  if (!constantTimeEquals(fields.get('client_secret') ?? '', app.secret))
    throw new TokenRefusal('invalid_client', 7000215, 'Invalid client secret provided.', 401);
}

function redeemCode(world: World, fields: URLSearchParams): Grant {
  const code = fields.get('code') ?? '';
  if (world.usedCodes.has(code))
    throw new TokenRefusal(
      'invalid_grant',
      54005,
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code.',
    );
  const found = world.codes.get(code);
  if (!found)
    throw new TokenRefusal('invalid_grant', 70000, 'The provided value for the code parameter is not valid.');
  if (found.expiresAtMs < Date.now())
    throw new TokenRefusal(
      'invalid_grant',
      70008,
      'The provided authorization code or refresh token has expired due to inactivity.',
    );
  if (fields.get('redirect_uri') !== found.redirectUri)
    throw new TokenRefusal(
      'invalid_grant',
      500112,
      'The reply address does not match the reply address provided when requesting Authorization code.',
    );
  if (found.challenge !== null && !fitsChallenge(fields.get('code_verifier'), found.challenge))
    throw new TokenRefusal(
      'invalid_grant',
      501481,
      'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
    );
  world.codes.delete(code);
  world.usedCodes.add(code);
  return found;
}

function fitsChallenge(verifier: string | null, challenge: string): boolean {
  if (verifier === null || !/^[\w.~-]{43,128}$/.test(verifier)) return false;
  return constantTimeEquals(createHash('sha256').update(verifier).digest('base64url'), challenge);
}

/** Each refresh token works once. Where the fault `refresh_grace` is set, a used one does again for a minute. */
function redeemRefresh(world: World, given: string): Grant {
  const spent = world.spent.get(given);
  const known = world.refreshTokens.get(given) ?? (spent ? null : madeUpGrant(given));
  if (known) {
    world.refreshTokens.delete(given);
    world.spent.set(given, { ...known, atMs: Date.now() });
    return known;
  }
  if (
    spent &&
    spent.atMs > Date.now() - GRACE_MS &&
    mailboxOf(world, spent.address).faults.take(['refresh_grace'])
  )
    return spent;
  if (spent)
    throw new TokenRefusal(
      'invalid_grant',
      50173,
      'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
    );
  throw new TokenRefusal('invalid_grant', 9002313, 'Invalid request. Request is malformed or invalid.');
}

function issue(world: World, { address, scope }: Grant): Response {
  const accessToken = newSecret('EwB4');
  const refreshToken = newSecret('M.C5');
  world.accessTokens.set(accessToken, { address, scope, expiresAtMs: Date.now() + ACCESS_SECONDS * 1000 });
  world.refreshTokens.set(refreshToken, { address, scope });
  mailboxOf(world, address);
  return Response.json(
    {
      token_type: 'Bearer',
      scope: scope
        .split(' ')
        .filter((one) => one !== 'offline_access')
        .join(' '),
      expires_in: ACCESS_SECONDS,
      ext_expires_in: ACCESS_SECONDS,
      access_token: accessToken,
      ...(scope.includes('offline_access') ? { refresh_token: refreshToken } : {}),
    },
    { headers: { 'cache-control': 'no-store' } },
  );
}
