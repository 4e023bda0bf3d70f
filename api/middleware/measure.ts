import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { routePath } from 'hono/route';
import { collectDefaultMetrics, Histogram, register } from 'prom-client';
import type { AppEnv } from '../deps.ts';

const duration =
  (register.getSingleMetric('teloring_http_seconds') as Histogram | undefined) ??
  new Histogram({
    name: 'teloring_http_seconds',
    help: 'Time until an answer began, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  });
if (!register.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics();

/** Counts, times and (at debug) logs requests by route pattern: never by path, which holds ids and is without bound. */
export function measure(log: Logger): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startMs = performance.now();
    await next();
    const ms = performance.now() - startMs;
    const labels = { method: c.req.method, route: routePath(c, -1), status: c.res.status };
    duration.observe(labels, ms / 1000);
    if (log.isLevelEnabled('debug')) {
      log.debug({ requestId: c.get('requestId'), ...labels, ms: Math.round(ms) }, 'answered');
    }
  };
}
