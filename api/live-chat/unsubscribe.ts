/** "No more mails about this conversation": a link for whoever holds it, signed for one conversation. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import { poolOf } from '#db/client.ts';
import { unsubscribe } from '#db/chat-mails.ts';
import { derivedKey, type Keyring } from '#db/keyring.ts';
import { isUuid } from '#domain/ids.ts';
import type { AppEnv } from '../deps.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { pagePolicy } from '../middleware/security-headers.ts';
import { escapeHtml } from './pages.ts';
import type { LiveChatDeps } from './visitors.ts';

export function unsubscribeUrl(keyring: Keyring, publicUrl: string, conversationId: string): string {
  const [key] = keysOf(keyring);
  if (!key) throw new Error('No key to sign links with.');
  return `${publicUrl}/live-chat/unsubscribe/${conversationId}.${signatureOf(key, conversationId)}`;
}

export function addUnsubscribe(routes: Hono<AppEnv>, deps: LiveChatDeps): void {
  const keys = keysOf(deps.keyring);
  const limit = rateLimit({ burst: 20, perSecond: 0.5, key: (c) => forwardedAddress(c) });
  const path = '/live-chat/unsubscribe/:token' as const;

  // Looking is not leaving: mail scanners open links.
  routes.get(path, limit, (c) => {
    const conversationId = conversationOf(keys, c.req.param('token'));
    c.header('Content-Security-Policy', pagePolicy());
    c.header('Referrer-Policy', 'no-referrer');
    if (conversationId === null)
      return c.html(page('This link is not complete. Copy it from the mail once more.'), 404);
    return c.html(page('Do you want no more mails about this conversation?', 'Yes, no more mails'));
  });

  // From the button, or by the mail program itself (RFC 8058). Idempotent.
  routes.post(path, limit, async (c) => {
    const conversationId = conversationOf(keys, c.req.param('token'));
    c.header('Content-Security-Policy', pagePolicy());
    if (conversationId === null || !(await unsubscribe(poolOf(deps.engineDb), conversationId)))
      return c.html(page('This link is not complete. Copy it from the mail once more.'), 404);
    return c.html(page('Done: you get no more mails about this conversation. The chat itself stays open.'));
  });
}

function conversationOf(keys: readonly Uint8Array[], token: string): string | null {
  const [conversationId = '', signature = ''] = token.split('.');
  if (!isUuid(conversationId)) return null;
  const given = Buffer.from(signature);
  const genuine = keys.some((key) => {
    const right = Buffer.from(signatureOf(key, conversationId));
    return right.length === given.length && timingSafeEqual(right, given);
  });
  return genuine ? conversationId : null;
}

function keysOf(keyring: Keyring): Uint8Array[] {
  const others = [...keyring.keys.keys()].filter((keyId) => keyId !== keyring.currentKeyId);
  return [keyring.currentKeyId, ...others].map((keyId) =>
    derivedKey({ currentKeyId: keyId, keys: keyring.keys }, 'chat-unsubscribe'),
  );
}

function signatureOf(key: Uint8Array, conversationId: string): string {
  return createHmac('sha256', key).update(conversationId).digest('base64url').slice(0, 32);
}

function page(words: string, button?: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Mails about a conversation</title>
</head>
<body>
<main>
<p>${escapeHtml(words)}</p>
${button === undefined ? '' : `<form method="post"><button>${escapeHtml(button)}</button></form>`}
</main>
</body>
</html>
`;
}
