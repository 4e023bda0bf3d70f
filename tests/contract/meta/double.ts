/** Meta's double over its own wire, a clock to turn, and what it delivered. Nothing of our adapters is used. */
import type { AdapterInbox } from '#channels/contract.ts';
import { createMetaSandbox } from '#channels/meta/sandbox.ts';
import type { ProviderSandbox, SandboxPhone } from '#channels/sandbox-contract.ts';

export const PAGE = '123456789012345';
export const INSTAGRAM = '17841405822304914';
export const NUMBER = '106540352242922';
export const WABA = '102290129340398';
export const apps = {
  meta: {
    provider: 'meta',
    id: '1000000000000001',
    secret: 'meta-secret',
    verifyToken: 'verify',
    sandbox: true,
  },
  instagram: { provider: 'instagram', id: '1000000000000002', secret: 'instagram-secret', sandbox: true },
} as const;
interface Delivered {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export const meta = {
  double: null as unknown as ProviderSandbox,
  delivered: [] as Delivered[],
  /** What our webhook answers next; 200 when there are none left. */
  statuses: [] as number[],
  nowMs: 0,
};

export function startDouble(): void {
  // What an earlier test left under way doesn't count.
  const delivered: Delivered[] = [];
  Object.assign(meta, { delivered, statuses: [], nowMs: Date.UTC(2026, 10, 22, 20) });
  meta.double = createMetaSandbox(
    {
      async deliver(url, { method, headers, body }) {
        if (method === 'GET') {
          const query = new URL(url).searchParams;
          return query.get('hub.verify_token') === 'verify'
            ? { status: 200, body: query.get('hub.challenge') ?? '' }
            : { status: 403, body: '' };
        }
        delivered.push({ url, headers, body });
        return { status: meta.statuses.shift() ?? 200, body: '' };
      },
      publicUrl: 'https://teloring.example',
      sandboxUrl: 'http://127.0.0.1:1/sandbox',
      apps,
      inboxes: async () => [],
    },
    () => meta.nowMs,
  );
}

/** A provider's JSON: any path may be asked for, and what isn't there is undefined in the comparison. */
export type Loose = ReturnType<typeof JSON.parse>;
export interface Answer {
  status: number;
  body: Loose;
  headers: Headers;
}
export async function graph(
  path: string,
  body?: object,
  options: { token?: string; host?: string; method?: string } = {},
): Promise<Answer> {
  const { token = 'sandbox-token', host = 'graph', method = body ? 'POST' : 'GET' } = options;
  const [pathname = ''] = `/${host}/v26.0${path}`.split('?');
  const request = new Request(`http://double/${host}/v26.0${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = await meta.double.handle(request, pathname);
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text.startsWith('{') ? JSON.parse(text) : text,
  };
}
export function inbox(type: AdapterInbox['type'], credentials: AdapterInbox['credentials']): AdapterInbox {
  return {
    id: 'i',
    workspaceId: 'w',
    type,
    name: 'x',
    accountKey: '',
    sandbox: true,
    credentials,
    settings: {},
    urls: {},
    apps,
  };
}
export const messenger = (): Promise<SandboxPhone> =>
  meta.double.phone(inbox('messenger', { pageId: PAGE, pageAccessToken: 'sandbox-token' }));
export const facebook = (): Promise<SandboxPhone> =>
  meta.double.phone(inbox('facebook_page', { pageId: PAGE, pageAccessToken: 'sandbox-token' }));
export const instagram = (): Promise<SandboxPhone> =>
  meta.double.phone(
    inbox('instagram_dm', { instagramUserId: INSTAGRAM, accessToken: 'sandbox-token', login: 'instagram' }),
  );
export const whatsapp = (): Promise<SandboxPhone> =>
  meta.double.phone(inbox('whatsapp', { wabaId: WABA, phoneNumberId: NUMBER, accessToken: 'sandbox-token' }));
export const subscribe = (fields: string): Promise<Answer> =>
  graph(`/${PAGE}/subscribed_apps`, { subscribed_fields: fields });
export const bodies = (): Loose[] => meta.delivered.map(({ body }) => JSON.parse(body));
export const text = (to: string, message: string): object => ({
  messaging_product: 'whatsapp',
  to,
  type: 'text',
  text: { body: message },
});

export const fetchFrom = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  meta.double.handle(new Request(url, { headers }), new URL(url).pathname.replace('/sandbox/meta', ''));
