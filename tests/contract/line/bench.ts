/** LINE's double behind a real port, and the adapter in place of our ingress. */
import type {
  OutboundMessage,
  AdapterInbox,
  ChannelEvent,
  RawRequest,
  SendOptions,
} from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createLineAdapter } from '#channels/line/adapter.ts';
import type { LineCredentials } from '#channels/line/definition.ts';
import { createLineSandbox } from '#channels/line/sandbox.ts';
import type { SandboxPhone } from '#channels/sandbox-contract.ts';
import type { Part } from '#domain/message.ts';
import { serveHttp, type Received } from '../local-server.ts';

export const publicUrl = 'https://teloring.example';
export const inboxId = '0199a1b2-0000-7000-8000-000000000051';
export const webhookUrl = `${publicUrl}/webhooks/line/${inboxId}`;
const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
export const adapter = createLineAdapter({ http });

export interface Bench {
  url: string;
  inbox: AdapterInbox<LineCredentials>;
  phone(): Promise<SandboxPhone>;
  /** Calls the double has got, by method and path. */
  calls: Received[];
  /** What ingress would have stored. */
  events: ChannelEvent[];
  /** How ingress answers, and which secret it thinks is right; the stored inbox is there or not. */
  ingress: { status: number | null; stored: boolean };
  close(): Promise<void>;
}

let channels = 0;
export async function startBench(): Promise<Bench> {
  const credentials: LineCredentials = {
    channelSecret: '8c570fa6dd201bb328f1c1eac23a96d8',
    channelAccessToken: `line-token-of-channel-${++channels}`,
  };
  const calls: Received[] = [];
  const events: ChannelEvent[] = [];
  const ingress: Bench['ingress'] = { status: null, stored: true };
  const sandbox = createLineSandbox({
    publicUrl,
    sandboxUrl: `${publicUrl}/sandbox/line`,
    apps: {},
    inboxes: async () => (ingress.stored ? [{ ...inbox, credentials: { ...credentials } }] : []),
    async deliver(url, { headers, body }) {
      if (url !== webhookUrl || !ingress.stored) return { status: 404, body: '' };
      if (ingress.status !== null) return { status: ingress.status, body: '' };
      const request: RawRequest = {
        method: 'POST',
        url,
        headers,
        body: new TextEncoder().encode(body),
        receivedAtMs: Date.now(),
      };
      if (adapter.verify(inbox, request).kind !== 'ok') return { status: 401, body: '' };
      const parsed = await adapter.parse(inbox, request);
      if (!Array.isArray(parsed)) return { status: 400, body: parsed.message };
      events.push(...parsed);
      return { status: 200, body: '{}' };
    },
  });
  const server = await serveHttp(async (received, response) => {
    calls.push(received);
    const { method, path, headers, body } = received;
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? {} : { body: new Uint8Array(body) };
    const request = new Request(`http://sandbox${path}`, { method, headers: given, ...content });
    const answer = await sandbox.handle(request, new URL(request.url).pathname);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const inbox: AdapterInbox<LineCredentials> = {
    id: inboxId,
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'line',
    name: 'Shop',
    accountKey: 'U',
    sandbox: true,
    credentials,
    settings: {},
    urls: { api: `${server.url}/api`, data: `${server.url}/data`, stickers: `${server.url}/stickers` },
    apps: {},
  };
  return {
    url: server.url,
    inbox,
    phone: () => sandbox.phone({ ...inbox, credentials: { ...credentials } }),
    calls,
    events,
    ingress,
    close: () => server.close(),
  };
}

let keys = 0;
export const options = (more: Partial<SendOptions> = {}): SendOptions => ({
  key: `0199a1b2-0000-7000-8000-${String(++keys).padStart(12, '0')}`,
  signal: AbortSignal.timeout(2_000),
  media: async () => ({ bytes: new Uint8Array(32_000), mimeType: 'audio/mp4' }),
  mediaUrl: async (id) => `https://teloring.example/media/${id}?sig=x`,
  ...more,
});
export const ann = 'U4af4980629f1a1a2b3c4d5e6f7a8b9c0';
export const messageOf = (part: Part, more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: 'm',
  conversationId: 'c',
  contactExternalId: ann,
  threadKey: '',
  replyAddress: { to: ann },
  author: 'bot',
  lastInAtMs: Date.now(),
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
  parts: [part],
});
