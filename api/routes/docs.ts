/** The API described by itself: /api/openapi.json, and a page to read it (Swagger UI, served from here). */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../deps.ts';
import { pagePolicy } from '../middleware/security-headers.ts';
import { createRouter } from '../openapi.ts';

const swaggerFolder = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Teloring API</title>
<link rel="icon" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<div id="docs"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</html>`;
const start = `window.SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#docs', deepLinking: true, tryItOutEnabled: true });`;

/** @param whole the app whose routes are described, read when first asked */
export function docsRoutes(whole: OpenAPIHono<AppEnv>, publicUrl: string): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.get('/api/openapi.json', (c) => c.json(describe(whole, publicUrl)));
  app.get('/api/docs', (c) => {
    c.header('Content-Security-Policy', pagePolicy());
    return c.html(page);
  });
  app.get('/api/docs/start.js', (c) =>
    c.body(start, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }),
  );
  app.get('/api/docs/:file', async (c) => {
    const file = c.req.param('file');
    const mimeType = ASSETS[file];
    if (mimeType === undefined) return c.notFound();
    const bytes = new Uint8Array(await readFile(path.join(swaggerFolder, file)));
    return c.body(bytes, 200, { 'Content-Type': mimeType, 'Cache-Control': 'public, max-age=86400' });
  });
  return app;
}

function describe(whole: OpenAPIHono<AppEnv>, publicUrl: string): unknown {
  const document = whole.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Teloring',
      version: '1',
      description: 'Send `Authorization: Bearer <api key>`, or the cookie of a signed-in session.',
    },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }],
  });
  const securitySchemes = { apiKey: { type: 'http', scheme: 'bearer' } };
  return { ...document, components: { ...document.components, securitySchemes } };
}
