/** Serves the built UI: hashed assets for ever, its one page for every path of the router. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import type { AppEnv } from './deps.ts';
import { pagePolicy } from './middleware/security-headers.ts';

/** Paths that belong to the server: a miss below them is a 404, never the page. */
const SERVER_PATHS = [
  '/api',
  '/webhooks',
  '/media',
  '/sandbox',
  '/widget',
  '/demo',
  '/live-chat',
  '/oauth',
  '/healthz',
  '/readyz',
  '/metrics',
];

/** The doubles live below it; itself it is a page. */
const sandboxPage = '/sandbox';

const builtUi = path.join(import.meta.dirname, '../studio-ui/dist');

export function uiRoutes(root: string = builtUi): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const page = pageReader(path.join(root, 'index.html'));
  app.use('*', async (c, next) => {
    const reserved = SERVER_PATHS.some(
      (start) =>
        (c.req.path === start && start !== sandboxPage) ||
        c.req.path.startsWith(`${start}/`) ||
        c.req.path.startsWith(`${start}.`),
    );
    if (reserved || (c.req.method !== 'GET' && c.req.method !== 'HEAD')) return c.notFound();
    return next();
  });
  // Made when first needed: the build may come after us.
  let files: MiddlewareHandler | null = null;
  app.use('*', keepFiles, (c, next) => {
    if (existsSync(root)) files ??= serveStatic({ root, index: 'none', precompressed: true });
    return files ? files(c, next) : next();
  });
  app.get('*', (c) => {
    // A missing file is not a page: scripts must fail as scripts.
    if (/\.\w+$/.test(c.req.path)) return c.notFound();
    const current = page();
    if (!current)
      return c.text('The UI is not built yet. Run `npm run build:ui` (npm start does it by itself).', 503);
    c.header('Content-Security-Policy', current.policy);
    c.header('Cache-Control', 'no-cache');
    return c.html(current.html);
  });
  return app;
}

/** A file with a hash in its name never changes; others may with the next release. The page sets its own. */
const keepFiles: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (!c.res.ok || c.res.headers.has('Cache-Control')) return;
  const lasting = c.req.path.startsWith('/assets/');
  c.header('Cache-Control', lasting ? 'public, max-age=31536000, immutable' : 'public, max-age=300');
};

/** Reads the page again when it was rebuilt; its own inline scripts are allowed by their hashes. */
function pageReader(file: string): () => { html: string; policy: string } | null {
  let cached: { mtimeMs: number; html: string; policy: string } | null = null;
  return () => {
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (mtimeMs === undefined) return null;
    if (cached?.mtimeMs !== mtimeMs) {
      const html = readFileSync(file, 'utf8');
      cached = { mtimeMs, html, policy: pagePolicy(inlineScriptHashes(html)) };
    }
    return cached;
  };
}

function inlineScriptHashes(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    (match) =>
      `sha256-${createHash('sha256')
        .update(match[1] ?? '')
        .digest('base64')}`,
  );
}
