/** Sign-in with a brake: tries are counted per account, per account and address, and (by the library) per address. */
import { countSignInTry, forgetSignInTries } from '#db/sessions.ts';
import type { ApiDeps } from '../deps.ts';
import { normalEmail } from './accounts.ts';
import { CLIENT_ADDRESS_HEADER } from './auth.ts';

/** Within 15 minutes. The wide limit is high, so that strangers can't easily lock somebody out. */
const TRIES_PER_ADDRESS = 10;
const TRIES_PER_ACCOUNT = 100;

/**
 * Hands a sign-in to the auth library unless this account has been tried too often. Whether the account exists makes no
 * difference to status, words or time.
 * @param address where the request comes from
 */
export async function signIn(
  deps: Pick<ApiDeps, 'auth' | 'engineDb' | 'config'>,
  email: string,
  address: string,
  request: Request,
): Promise<Response> {
  const account = normalEmail(email);
  const keys = [`account ${account}`, `account ${account} from ${address}`];
  const [all, here] = await Promise.all(keys.map((key) => countSignInTry(deps.engineDb, key)));
  if ((here ?? 0) > TRIES_PER_ADDRESS || (all ?? 0) > TRIES_PER_ACCOUNT) {
    return Response.json(
      {
        code: 'TOO_MANY_REQUESTS',
        message: 'Too many tries for this account. Wait 15 minutes, then try again.',
      },
      { status: 429, headers: { 'Retry-After': '900' } },
    );
  }
  const response = await deps.auth.handler(request);
  if (response.status === 200) await forgetSignInTries(deps.engineDb, keys);
  return response;
}

/**
 * A request for the auth library: our word for the address, and an origin where the caller (no browser) names none.
 * @param body the text already read from `request`, if it has one
 */
export function authRequest(request: Request, publicUrl: string, address: string, body?: string): Request {
  const headers = new Headers(request.headers);
  headers.set(CLIENT_ADDRESS_HEADER, address === 'unknown' ? '127.0.0.1' : address);
  if (!headers.has('origin')) headers.set('origin', new URL(publicUrl).origin);
  headers.delete('content-length');
  const { pathname, search } = new URL(request.url);
  const url = new URL(pathname + search, publicUrl);
  return new Request(url, { method: request.method, headers, body: body === '' ? undefined : body });
}
