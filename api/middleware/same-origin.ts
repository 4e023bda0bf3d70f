import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { trustedOrigins } from '../auth/origins.ts';
import type { Config } from '../config.ts';
import type { AppEnv } from '../deps.ts';
import { ApiError } from './errors.ts';

const CODEC_PATH = '/api/temporal/codec/';

/**
 * Refuses what another site made a browser send (CSRF): a changing request that names a foreign origin. Browsers always name one
 * (Origin or Sec-Fetch-Site); a request with neither is no browser's. Requests with an API key carry no cookie to abuse.
 * Temporal's own UI, where it is known, may ask the codec endpoint.
 */
export function sameOrigin(config: Pick<Config, 'publicUrl' | 'temporalUiUrl'>): MiddlewareHandler<AppEnv> {
  const ours = new Set(trustedOrigins(config.publicUrl));
  const temporals = new Set(config.temporalUiUrl === null ? [] : trustedOrigins(config.temporalUiUrl));
  return async (c, next) => {
    const { method } = c.req;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return next();
    if (c.req.header('authorization') !== undefined && c.req.header('cookie') === undefined) return next();
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    if (origin !== undefined && temporals.has(origin) && c.req.path.startsWith(CODEC_PATH)) return next();
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

/** Answers the browser's question whether Temporal's own UI may read the codec endpoint; nobody else may. */
export function codecCors(config: Pick<Config, 'temporalUiUrl'>): MiddlewareHandler<AppEnv> {
  const temporals = config.temporalUiUrl === null ? [] : trustedOrigins(config.temporalUiUrl);
  return cors({
    origin: (origin) => (temporals.includes(origin) ? origin : null),
    credentials: true,
    allowMethods: ['POST'],
    allowHeaders: ['content-type', 'authorization', 'x-namespace'],
  });
}
