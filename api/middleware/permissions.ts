import type { MiddlewareHandler } from 'hono';
import { allows, rolesAllowed, type Permission } from '#domain/roles.ts';
import type { AppEnv } from '../deps.ts';
import { ApiError } from './errors.ts';

/** Lets only roles with this permission on. Goes into `middleware` of a route, so that it comes before validation. */
export function requirePermission(permission: Permission): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const actor = c.get('actor');
    if (!allows(actor.role, permission)) {
      const roles = rolesAllowed(permission).join(', ');
      throw new ApiError(403, 'forbidden', `Your role (${actor.role}) may not do this; it is for: ${roles}.`);
    }
    await next();
  };
}
