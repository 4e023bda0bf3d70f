import type { MiddlewareHandler } from 'hono';
import { bodyLimit as countingLimit } from 'hono/body-limit';
import type { AppEnv } from '../deps.ts';
import { ApiError } from './errors.ts';

export const MAX_BODY_BYTES = 1024 * 1024;

/** 413 past `maxBytes`. A declared length is believed (Node enforces it); only an undeclared one is counted while read. */
export function bodyLimit(maxBytes: number = MAX_BODY_BYTES): MiddlewareHandler<AppEnv> {
  const refuse = (): never => {
    throw new ApiError(413, 'too_large', `The body is larger than ${maxBytes} bytes; nothing was stored.`);
  };
  const counting = countingLimit({ maxSize: maxBytes, onError: refuse });
  return async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const declared = c.req.header('content-length');
    if (declared !== undefined && c.req.header('transfer-encoding') === undefined) {
      if (Number(declared) > maxBytes) refuse();
      return next();
    }
    return counting(c, next);
  };
}
