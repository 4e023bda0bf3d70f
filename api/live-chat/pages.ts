/** What browsers load of the widget: the loader, its facts, the frame's page and the built files. */
import path from 'node:path';
import type { Context, Hono } from 'hono';
import { frameFacts, launcherConfig } from '#channels/live_chat/shown.ts';
import type { AppEnv } from '../deps.ts';
import { createWidgetAssets, widgetNotBuilt, type Asset } from './assets.ts';
import { ApiError } from '../middleware/errors.ts';
import { allowedOrigins } from './origins.ts';
import type { Sightings } from './sightings.ts';
import { settingsOf } from './settings.ts';
import type { LiveChatInbox, Visitors } from './visitors.ts';

/** Where studio-ui/widget/vite.config.ts builds to. */
export const builtWidget = path.join(import.meta.dirname, '../../studio-ui/dist-widget');

export function addWidgetPages(
  routes: Hono<AppEnv>,
  visitors: Visitors,
  sightings: Sightings,
  widgetFolder: string,
): void {
  const assets = createWidgetAssets(widgetFolder);

  routes.get('/widget.js', async (c) => {
    const loader = await assets.file('widget.js');
    if (!loader) throw widgetNotBuilt();
    c.header('Cache-Control', 'public, max-age=300, stale-while-revalidate=86400');
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    return sendAsset(c, loader);
  });

  // What developers write their pages against, to be read or copied.
  routes.get('/widget.d.ts', async (c) => {
    const types = await assets.file('widget.d.ts');
    if (!types) throw widgetNotBuilt();
    c.header('Cache-Control', 'public, max-age=300');
    return sendAsset(c, types);
  });

  routes.get('/live-chat/assets/:file', async (c) => {
    const asset = await assets.file(c.req.param('file'));
    if (!asset) return c.notFound();
    // Hashed names for ever; the few plain ones are asked for again.
    const hashed = /-[\w-]{8}\.\w+$/.test(c.req.param('file'));
    // The launcher's words are asked for by the page around it.
    if (asset.contentType === 'application/json') c.header('Access-Control-Allow-Origin', '*');
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    c.header('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    return sendAsset(c, asset);
  });

  // What the loader asks from the host page's origin, so that this needs CORS headers.
  routes.get('/live-chat/:inboxId/config', async (c) => {
    const origin = c.req.header('origin');
    if (origin) {
      c.header('Access-Control-Allow-Origin', origin);
      c.header('Vary', 'Origin');
    }
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    c.header('Cache-Control', 'no-cache');
    const inbox = await visitors.inbox(c);
    try {
      visitors.admit(c, inbox);
    } catch (error) {
      if (origin && error instanceof ApiError && error.status === 403) sightings.saw(inbox, origin, false);
      throw error;
    }
    if (origin) sightings.saw(inbox, origin, true);
    return c.json(launcherConfig(settingsOf(inbox)));
  });

  // A page without a website, for the settings of our own UI: what it shows is told to it as it is edited.
  routes.get('/live-chat/:inboxId/preview', async (c) => {
    const inbox = await visitors.inbox(c);
    c.header('Content-Security-Policy', previewPolicy);
    c.header('Cache-Control', 'no-cache');
    return c.html(previewPage(inbox.id));
  });

  routes.get('/live-chat/:inboxId/frame', async (c) => {
    const inbox = await visitors.inbox(c);
    const { script, styles } = await assets.frame();
    c.header('Content-Security-Policy', framePolicy(allowedOrigins(inbox)));
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cache-Control', 'no-cache');
    return c.html(framePage(inbox, script, styles));
  });
}

/** Nothing but our own files; shown only inside the allowed websites and our own pages. */
export function framePolicy(origins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors 'self' ${origins.join(' ')}`.trim(),
  ].join('; ');
}

const previewPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

function previewPage(inboxId: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Preview</title>
<link rel="stylesheet" href="../assets/preview.css">
</head>
<body>
<div class="page" aria-hidden="true"><i></i><i></i><i></i><i></i><i></i></div>
<script src="../../widget.js" data-inbox="${escapeHtml(inboxId)}" data-preview></script>
</body>
</html>
`;
}

function framePage(inbox: LiveChatInbox, script: string, styles: readonly string[]): string {
  const settings = settingsOf(inbox);
  const { title } = settings;
  const facts = frameFacts(inbox.id, settings);
  // Relative addresses: the page works below any path that PUBLIC_URL carries.
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
${styles.map((file) => `<link rel="stylesheet" href="../assets/${file}">`).join('\n')}
<script type="module" src="../assets/${script}"></script>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="facts">${JSON.stringify(facts).replaceAll('<', '\\u003c')}</script>
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

function sendAsset(c: Context<AppEnv>, asset: Asset): Response {
  c.header('ETag', asset.etag);
  const known = c.req
    .header('if-none-match')
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(asset.etag)) return c.body(null, 304);
  c.header('Content-Type', asset.contentType);
  return c.body(asset.bytes);
}
