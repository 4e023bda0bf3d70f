/** Open to monitors: alive, ready, and numbers. */
import { timingSafeEqual } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { register } from 'prom-client';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { isLocalRequest } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { createRouter } from '../openapi.ts';
import { createReadiness } from '../readiness.ts';

export function healthRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const app = createRouter();
  const readiness = createReadiness(deps);
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const checks = await readiness();
    const ready = Object.values(checks).every((check) => check === 'ok');
    return c.json({ status: ready ? 'ready' : 'not ready', checks }, ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    if (!isLocalRequest(c) && !hasToken(c.req.header('authorization'), deps.config.metricsToken)) {
      throw new ApiError(
        401,
        'unauthenticated',
        'Metrics are for this machine, or for `Authorization: Bearer <TELORING_METRICS_TOKEN>`.',
      );
    }
    return c.body(await register.metrics(), 200, { 'Content-Type': register.contentType });
  });
  return app;
}

function hasToken(authorization: string | undefined, token: string | null): boolean {
  if (token === null || authorization === undefined) return false;
  const [given, wanted] = [Buffer.from(authorization), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
