import type { MiddlewareHandler } from 'hono';
import { findApiKey } from '#db/api-keys.ts';
import { memberships } from '#db/members.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import { forwardedAddress } from './client-address.ts';
import { ApiError } from './errors.ts';
import { createBuckets } from './rate-limit.ts';

/** Wrong keys one address may try before 429 instead of 401; a right one always passes. */
const wrongKeys = { burst: 30, perSecond: 0.5 };

/**
 * Finds out who asks and puts it into `actor`: an API key (Bearer) or a session's member in its active workspace. 401 without
 * either, 403 for a person who belongs to no workspace.
 */
export function authenticate(deps: Pick<ApiDeps, 'auth' | 'engineDb'>): MiddlewareHandler<AppEnv> {
  const guesses = createBuckets(wrongKeys.burst, wrongKeys.perSecond);
  return async (c, next) => {
    const authorization = c.req.header('authorization');
    if (authorization === undefined) {
      c.set('actor', await sessionActor(deps, c.req.raw.headers, c.get('requestId')));
      return next();
    }
    const key = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
    const found = key === undefined ? null : await findApiKey(deps.engineDb, key);
    if (!found) {
      const waitSeconds = guesses.take(forwardedAddress(c));
      if (waitSeconds === 0) {
        throw new ApiError(
          401,
          'unauthenticated',
          'This API key is unknown, revoked or expired. Send `Authorization: Bearer <api key>`.',
        );
      }
      c.header('Retry-After', String(waitSeconds));
      throw new ApiError(
        429,
        'rate_limited',
        `Too many wrong keys from this address; try again in ${waitSeconds} s.`,
      );
    }
    const { id, name, role, workspaceId } = found;
    c.set('actor', { userId: null, apiKeyId: id, name, role, workspaceId, requestId: c.get('requestId') });
    return next();
  };
}

async function sessionActor(
  deps: Pick<ApiDeps, 'auth' | 'engineDb'>,
  headers: Headers,
  requestId: string,
): Promise<RequestActor> {
  const found = headers.has('cookie') ? await deps.auth.api.getSession({ headers }) : null;
  if (!found)
    throw new ApiError(401, 'unauthenticated', 'Sign in, or send `Authorization: Bearer <api key>`.');
  const all = await memberships(deps.engineDb, found.user.id);
  // Removed from the active workspace: the next one they still belong to.
  const active = all.find((one) => one.workspaceId === found.session.activeOrganizationId) ?? all[0];
  if (!active)
    throw new ApiError(
      403,
      'no_workspace',
      'You belong to no workspace any more; ask an admin to invite you.',
    );
  return {
    userId: active.userId,
    apiKeyId: null,
    name: active.userName,
    role: active.role,
    workspaceId: active.workspaceId,
    requestId,
  };
}
