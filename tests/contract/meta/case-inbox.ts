/** What the tests of Meta's channels share: an app, an inbox on a page, and the provider's signed request. */
import type { ChannelType, ProviderApp } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import type { AdapterInbox, RawRequest } from '#channels/contract.ts';
import { signMeta } from '#channels/meta/signature.ts';

export const metaApp: ProviderApp = {
  provider: 'meta',
  id: '1234509876',
  secret: 'a-meta-app-secret-of-32-hex-digits',
  verifyToken: 'a verify token',
  sandbox: false,
};
export const pageId = '104567890123456';
export const pageToken = 'EAAGcontractPageAccessTokenThatIsLong';

/** An inbox on the page. */
export function pageInbox(
  type: ChannelType,
  baseUrl = 'https://graph.facebook.com',
  settings: JsonObject = {},
): AdapterInbox {
  return {
    id: '0199a1b2-0000-7000-8000-000000000001',
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type,
    name: 'Contract',
    accountKey: pageId,
    sandbox: false,
    credentials: { pageId, pageAccessToken: pageToken },
    settings,
    urls: { graph: baseUrl, dialog: baseUrl, oauth: baseUrl },
    apps: { meta: metaApp },
  };
}

export function metaRequest(body: Uint8Array, secret: string = metaApp.secret): RawRequest {
  return {
    method: 'POST',
    url: 'https://teloring.example/webhooks/meta',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signMeta(secret, body) },
    body,
    receivedAtMs: Date.UTC(2026, 10, 22, 20),
  };
}

export const bytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
