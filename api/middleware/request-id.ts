import type { MiddlewareHandler } from 'hono';
import { uuidV7 } from '#domain/ids.ts';
import type { AppEnv } from '../deps.ts';

/** Gives each request an id: in logs, errors and the X-Request-Id header. A client's own is not taken over. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const id = uuidV7();
  c.set('requestId', id);
  await next();
  // Not c.header: that makes a new response of a finished one, whose body is then copied through a stream.
  c.res.headers.set('X-Request-Id', id);
};
