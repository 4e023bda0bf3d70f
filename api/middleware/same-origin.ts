import type { MiddlewareHandler } from 'hono';
import { trustedOrigins } from '../auth/origins.ts';
import type { Config } from '../config.ts';
import type { AppEnv } from '../deps.ts';
import { ApiError } from './errors.ts';

/**
 * Refuses what another site made a browser send (CSRF): a changing request that names a foreign origin. Browsers always name one
 * (Origin or Sec-Fetch-Site); a request with neither is no browser's. Requests with an API key carry no cookie to abuse.
 */
export function sameOrigin(config: Pick<Config, 'publicUrl'>): MiddlewareHandler<AppEnv> {
  const ours = new Set(trustedOrigins(config));
  return async (c, next) => {
    const { method } = c.req;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return next();
    if (c.req.header('authorization') !== undefined && c.req.header('cookie') === undefined) return next();
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const foreign = origin === undefined ? site === 'cross-site' || site === 'same-site' : !ours.has(origin);
    if (foreign) {
      throw new ApiError(
        403,
        'foreign_origin',
        `This came from a page that isn't ours; open Teloring at ${config.publicUrl} and try again.`,
      );
    }
    return next();
  };
}
