import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../deps.ts';

/**
 * Where an agent's phone connects: its exchange by WebSocket, which any inbox may name (over TLS; without, on this machine only), and
 * Twilio's reports on the quality of calls. Scripts still come from us alone.
 */
const phoneHosts = 'wss: ws://127.0.0.1:* ws://localhost:* https://*.twilio.com';

/** For pages of ours. Styles may be set on elements (charts, the flow canvas), scripts only come from files. */
export function pagePolicy(scriptHashes: readonly string[] = []): string {
  return [
    "default-src 'none'",
    `script-src 'self'${scriptHashes.map((hash) => ` '${hash}'`).join('')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    `connect-src 'self' ${phoneHosts}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const nothingPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Headers of every answer that doesn't bring its own: nothing may be sniffed, framed or run from it. */
export function securityHeaders(publicUrl: string): MiddlewareHandler<AppEnv> {
  const https = publicUrl.startsWith('https:');
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    headers.set('X-Content-Type-Options', 'nosniff');
    if (!headers.has('Referrer-Policy')) headers.set('Referrer-Policy', 'same-origin');
    if (!headers.has('Content-Security-Policy')) headers.set('Content-Security-Policy', nothingPolicy);
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
    if (https) headers.set('Strict-Transport-Security', 'max-age=31536000');
  };
}
