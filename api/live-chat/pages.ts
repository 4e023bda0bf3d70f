/** What browsers load of the widget: the loader, its facts, the frame's page and the built files. */
import path from 'node:path';
import type { Context, Hono } from 'hono';
import { liveChatSettingsSchema, type LiveChatSettings } from '#channels/live_chat/definition.ts';
import type { JsonObject } from '#domain/json.ts';
import { asksFirst } from '#domain/live-chat/pre-chat.ts';
import type { AppEnv } from '../deps.ts';
import { createWidgetAssets, widgetNotBuilt, type Asset } from './assets.ts';
import { allowedOrigins } from './origins.ts';
import type { LiveChatInbox, Visitors } from './visitors.ts';

/** Where studio-ui/widget/vite.config.ts builds to. */
export const builtWidget = path.join(import.meta.dirname, '../../studio-ui/dist-widget');

export function addWidgetPages(routes: Hono<AppEnv>, visitors: Visitors, widgetFolder: string): void {
  const assets = createWidgetAssets(widgetFolder);

  routes.get('/widget.js', async (c) => {
    const loader = await assets.file('widget.js');
    if (!loader) throw widgetNotBuilt();
    c.header('Cache-Control', 'public, max-age=300, stale-while-revalidate=86400');
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    return sendAsset(c, loader);
  });

  routes.get('/live-chat/assets/:file', async (c) => {
    const asset = await assets.file(c.req.param('file'));
    if (!asset) return c.notFound();
    // Hashed names for ever; the few plain ones are asked for again.
    const hashed = /-[\w-]{8}\.\w+$/.test(c.req.param('file'));
    c.header('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    return sendAsset(c, asset);
  });

  // The one thing the loader asks from the host page's origin, so the only route with CORS headers.
  routes.get('/live-chat/:inboxId/config', async (c) => {
    const origin = c.req.header('origin');
    if (origin) {
      c.header('Access-Control-Allow-Origin', origin);
      c.header('Vary', 'Origin');
    }
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    c.header('Cache-Control', 'no-cache');
    const inbox = await visitors.inbox(c);
    visitors.admit(c, inbox);
    const { title, accentColor, position } = settingsOf(inbox);
    return c.json({ title, accentColor, onAccentColor: readableOn(accentColor), position });
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

/** The inbox's look, with defaults where an older inbox has none. */
export function settingsOf(inbox: { settings: JsonObject }): LiveChatSettings {
  const parsed = liveChatSettingsSchema.safeParse(inbox.settings);
  return parsed.success ? parsed.data : liveChatSettingsSchema.parse({});
}

/** Black or white, whichever contrasts more with a colour (WCAG's relative luminance). */
export function readableOn(hex: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#111111';
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

function framePage(inbox: LiveChatInbox, script: string, styles: readonly string[]): string {
  const { title, greeting, accentColor, preChat, hours, csat, identity } = settingsOf(inbox);
  const { intro, fields, consent } = preChat;
  const facts = {
    inboxId: inbox.id,
    title,
    greeting,
    accentColor,
    onAccentColor: readableOn(accentColor),
    preChat: asksFirst(preChat) ? { intro, fields, consent } : null,
    replyTime: hours.replyTime,
    csatQuestion: csat.question,
    identityRequired: identity.required,
  };
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
