import type { MiddlewareHandler } from 'hono';
import { storableJson } from '#domain/text.ts';
import type { Json } from '#domain/json.ts';
import type { AppEnv } from '../deps.ts';

const unstorable = /\\u(0000|d[89a-f])/i;

/** Replaces what Postgres can't hold (NUL, lone surrogates) in a JSON body by U+FFFD, before any route reads it; an empty one is `{}`. */
export const storableBody: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!/\bjson\b/i.test(c.req.header('content-type') ?? '')) return next();
  const text = await c.req.text();
  // A POST that says JSON and brings nothing asks for its defaults.
  if (text === '' && c.req.method === 'POST')
    c.req.bodyCache.text = Promise.resolve('{}') as unknown as string;
  if (unstorable.test(text)) {
    try {
      const cleaned = JSON.stringify(storableJson(JSON.parse(text) as Json));
      c.req.bodyCache.text = Promise.resolve(cleaned) as unknown as string;
    } catch {
      // Not JSON: the route says so.
    }
  }
  return next();
};
