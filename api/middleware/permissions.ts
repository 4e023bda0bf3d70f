import type { MiddlewareHandler } from 'hono';
import { allows, ROLES, type Permission } from '#domain/roles.ts';
import type { AppEnv } from '../deps.ts';
import { ApiError } from './errors.ts';

/** Lets only roles with one of these permissions on. Goes into `middleware` of a route, so that it comes before validation. */
export function requirePermission(...anyOf: [Permission, ...Permission[]]): MiddlewareHandler<AppEnv> {
  const may = ROLES.filter((role) => anyOf.some((permission) => allows(role, permission)));
  return async (c, next) => {
    const { role } = c.get('actor');
    if (!may.includes(role)) {
      throw new ApiError(
        403,
        'forbidden',
        `Your role (${role}) may not do this; it is for: ${may.join(', ')}.`,
      );
    }
    await next();
  };
}
