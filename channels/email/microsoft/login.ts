/** Microsoft's OAuth: where a person signs in, a code that becomes tokens, and a refresh token that becomes new ones. */
import { createHash, randomBytes } from 'node:crypto';
import type { ProviderApp } from '#domain/channel.ts';
import { ChannelError } from '../../contract.ts';
import { toChannelError } from '../../http-error.ts';
import type { HttpClient } from '../../http.ts';
import { jsonOf } from '../../json-body.ts';
import { loginRefusal } from './errors.ts';
import { tokenAnswer } from './wire.ts';

export const MICROSOFT_SCOPES = [
  'openid',
  'profile',
  'email',
  'offline_access',
  'https://graph.microsoft.com/User.Read',
  'https://graph.microsoft.com/Mail.ReadWrite',
  'https://graph.microsoft.com/Mail.Send',
  'https://graph.microsoft.com/Mail.ReadWrite.Shared',
  'https://graph.microsoft.com/Mail.Send.Shared',
] as const;

export interface MicrosoftTokens {
  accessToken: string;
  /** Replaces the one it was had with. */
  refreshToken: string;
  expiresAtMs: number;
}
export interface Login {
  /** login.microsoftonline.com; may name the tenant (`…/<tenant>`), else any account may sign in. */
  base: string;
  app: ProviderApp;
  signal: AbortSignal;
}

/** A PKCE pair: the challenge goes with the browser, the verifier stays with us. */
export function newVerifier(): { verifier: string; challenge: string } {
  const verifier = randomBytes(48).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export function authorizeUrl(
  base: string,
  given: { clientId: string; redirectUri: string; state: string; challenge: string; loginHint?: string },
): string {
  const query = new URLSearchParams({
    client_id: given.clientId,
    response_type: 'code',
    redirect_uri: given.redirectUri,
    response_mode: 'query',
    scope: MICROSOFT_SCOPES.join(' '),
    state: given.state,
    code_challenge: given.challenge,
    code_challenge_method: 'S256',
    prompt: 'select_account',
    ...(given.loginHint === undefined ? {} : { login_hint: given.loginHint }),
  });
  return `${tenantBase(base)}/oauth2/v2.0/authorize?${query.toString()}`;
}

/** @throws ChannelError with Microsoft's words */
export async function exchangeCode(
  http: HttpClient,
  login: Login,
  given: { code: string; redirectUri: string; verifier: string },
): Promise<MicrosoftTokens> {
  return await tokenCall(http, login, {
    grant_type: 'authorization_code',
    code: given.code,
    redirect_uri: given.redirectUri,
    code_verifier: given.verifier,
  });
}

/**
 * Whoever calls this stores the answer before anything else: the old refresh token may be gone with it.
 * @throws ChannelError reauthorize where the refresh token is used up, expired or withdrawn
 */
export async function refreshTokens(
  http: HttpClient,
  login: Login,
  refreshToken: string,
): Promise<MicrosoftTokens> {
  return await tokenCall(http, login, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

async function tokenCall(
  http: HttpClient,
  { base, app, signal }: Login,
  fields: Record<string, string>,
): Promise<MicrosoftTokens> {
  const body = new URLSearchParams({
    client_id: app.id,
    client_secret: app.secret,
    scope: MICROSOFT_SCOPES.join(' '),
    ...fields,
  }).toString();
  const response = await http
    .request({
      method: 'POST',
      url: `${tenantBase(base)}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body,
      signal,
      trusted: true,
    })
    .catch((error: unknown) => {
      throw toChannelError(error);
    });
  if (response.status !== 200) throw loginRefusal(response);
  const read = tokenAnswer.safeParse(jsonOf(response.body));
  if (!read.success)
    throw new ChannelError('no_answer', 'Microsoft’s answer to the sign-in could not be read.');
  const refreshToken = read.data.refresh_token ?? fields['refresh_token'];
  if (refreshToken === undefined)
    throw new ChannelError(
      'permanent',
      'Microsoft gave no lasting access (offline_access was not granted). Sign in again and accept everything that is asked.',
    );
  return {
    accessToken: read.data.access_token,
    refreshToken,
    expiresAtMs: Date.now() + read.data.expires_in * 1000,
  };
}

function tenantBase(base: string): string {
  return /\/(common|organizations|consumers|[0-9a-f]{8}-[0-9a-f-]{27}|[\w-]+\.onmicrosoft\.com)$/i.test(base)
    ? base
    : `${base}/common`;
}
