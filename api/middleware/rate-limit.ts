import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../deps.ts';
import { ApiError } from './errors.ts';

export interface RateLimit {
  /** Requests at once. */
  burst: number;
  /** Requests per second after that. */
  perSecond: number;
  /** Whose requests are counted together. */
  key: (c: Context<AppEnv>) => string;
  nowMs?: () => number;
}

const maxKeys = 20_000;

/** A token bucket per key, in this process's memory; the oldest keys are forgotten past 20,000. 429 with Retry-After. */
export function rateLimit(limit: RateLimit): MiddlewareHandler<AppEnv> {
  const bucket = createBuckets(limit.burst, limit.perSecond, limit.nowMs);
  return async (c, next) => {
    const waitSeconds = bucket.take(limit.key(c));
    if (waitSeconds > 0) {
      c.header('Retry-After', String(waitSeconds));
      throw new ApiError(429, 'rate_limited', `Too many requests; try again in ${waitSeconds} s.`);
    }
    await next();
  };
}

export interface Buckets {
  /** @returns 0 if taken, else the seconds until one is there */
  take(key: string): number;
  /** The seconds until one is there, without taking it. */
  wait(key: string): number;
}

export function createBuckets(burst: number, perSecond: number, nowMs: () => number = Date.now): Buckets {
  const levels = new Map<string, { tokens: number; atMs: number }>();
  const level = (key: string): { tokens: number; atMs: number } => {
    const now = nowMs();
    const known = levels.get(key) ?? { tokens: burst, atMs: now };
    levels.delete(key);
    const current = {
      tokens: Math.min(burst, known.tokens + ((now - known.atMs) / 1000) * perSecond),
      atMs: now,
    };
    levels.set(key, current);
    if (levels.size > maxKeys)
      for (const oldest of levels.keys()) {
        levels.delete(oldest);
        break;
      }
    return current;
  };
  const missing = (tokens: number): number =>
    tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond));
  return {
    take(key) {
      const current = level(key);
      const wait = missing(current.tokens);
      if (wait === 0) current.tokens -= 1;
      return wait;
    },
    wait: (key) => missing(level(key).tokens),
  };
}
