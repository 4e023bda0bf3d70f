/** TikTok's double behind a real port, and the adapter in place of our ingress. */
import type { Part } from '#domain/message.ts';
import type {
  AdapterInbox,
  ChannelEvent,
  OutboundMessage,
  RawRequest,
  SendOptions,
} from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import type { SandboxPhone } from '#channels/sandbox-contract.ts';
import { createTikTokAdapter } from '#channels/tiktok/adapter.ts';
import type { TikTokCredentials } from '#channels/tiktok/definition.ts';
import { createTikTokSandbox } from '#channels/tiktok/sandbox.ts';
import { tikTokWebhook } from '#channels/tiktok/webhook.ts';
import { serveHttp, type Received } from '../local-server.ts';

export const publicUrl = 'https://teloring.example';
export const webhookUrl = `${publicUrl}/webhooks/tiktok`;
export const app = { provider: 'tiktok', id: 'app-id', secret: 'app-secret', sandbox: true } as const;
export const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
export const adapter = createTikTokAdapter({ http });

export interface Bench {
  url: string;
  inbox: AdapterInbox<TikTokCredentials>;
  phone: SandboxPhone;
  calls: Received[];
  events: ChannelEvent[];
  handle(path: string): Promise<Response>;
  close(): Promise<void>;
}

let accounts = 0;
export async function startBench(): Promise<Bench> {
  const businessId = `business-${++accounts}`;
  const calls: Received[] = [];
  const events: ChannelEvent[] = [];
  let handle: (request: Request, path: string) => Promise<Response> = async () => new Response();
  const server = await serveHttp(async (received, response) => {
    calls.push(received);
    const { method, path, headers, body } = received;
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? {} : { body: new Uint8Array(body) };
    const request = new Request(`http://sandbox${path}`, { method, headers: given, ...content });
    const answer = await handle(request, new URL(request.url).pathname.replace(/^\/tiktok/, ''));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const inbox: AdapterInbox<TikTokCredentials> = {
    id: '0199a1b2-0000-7000-8000-000000000061',
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'tiktok',
    name: 'Shop',
    accountKey: businessId,
    sandbox: true,
    credentials: { businessId, accessToken: `act.of-${businessId}`, refreshToken: `rft.of-${businessId}` },
    settings: {},
    urls: { api: `${server.url}/tiktok/api`, auth: `${server.url}/tiktok/auth` },
    apps: { tiktok: app },
  };
  const stored: AdapterInbox = { ...inbox, credentials: { ...inbox.credentials } };
  const sandbox = createTikTokSandbox({
    publicUrl,
    sandboxUrl: server.url,
    apps: { tiktok: app },
    inboxes: async () => [stored],
    async deliver(url, { headers, body }) {
      if (url !== webhookUrl) return { status: 404, body: '' };
      const bytes = new TextEncoder().encode(body);
      const request: RawRequest = { method: 'POST', url, headers, body: bytes, receivedAtMs: Date.now() };
      if (tikTokWebhook.verify([app], request).kind !== 'ok') return { status: 401, body: '' };
      const slices = tikTokWebhook.split(request);
      if (!Array.isArray(slices)) return { status: 400, body: slices.message };
      for (const slice of slices) {
        const parsed = await adapter.parse(inbox, { ...request, body: slice.body });
        if (Array.isArray(parsed)) events.push(...parsed);
      }
      return { status: 200, body: '{}' };
    },
  });
  handle = (request, path) => sandbox.handle(request, path);
  return {
    url: server.url,
    inbox,
    phone: await sandbox.phone(stored),
    calls,
    events,
    handle: (path) =>
      sandbox.handle(new Request(`http://sandbox${path}`), new URL(`http://sandbox${path}`).pathname),
    close: () => server.close(),
  };
}

export const options = (more: Partial<SendOptions> = {}): SendOptions => ({
  key: 'key',
  signal: AbortSignal.timeout(2_000),
  media: async () => ({ bytes: Buffer.from('png'), mimeType: 'image/png', name: 'a.png' }),
  mediaUrl: async (id) => `https://teloring.example/media/${id}?sig=x`,
  ...more,
});
export const messageTo = (
  conversationId: string,
  part: Part,
  more: Partial<OutboundMessage> = {},
): OutboundMessage => ({
  id: 'm',
  conversationId: 'c',
  contactExternalId: conversationId,
  threadKey: '',
  replyAddress: { conversationId },
  author: 'bot',
  lastInAtMs: Date.now() - 1000,
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
  parts: [part],
});
