/** Microsoft's double behind a real port, and what a deployment keeps of a mailbox in memory. */
import { createHash, randomBytes } from 'node:crypto';
import type { AdapterInbox } from '#channels/contract.ts';
import type { ComposedMail } from '#channels/email/compose.ts';
import type { MicrosoftCredentials } from '#channels/email/definition.ts';
import type {
  MicrosoftAccounts,
  MicrosoftInbox,
  StoredSubscription,
} from '#channels/email/microsoft/accounts.ts';
import { graphOf, type Graph } from '#channels/email/microsoft/graph.ts';
import { refreshTokens, type MicrosoftTokens } from '#channels/email/microsoft/login.ts';
import { createMicrosoftSandbox } from '#channels/email/microsoft/sandbox.ts';
import { createHttpClient } from '#channels/http.ts';
import type { ProviderSandbox, SandboxPhone } from '#channels/sandbox-contract.ts';
import { serveHttp, type Received } from '../local-server.ts';

export const publicUrl = 'https://teloring.example';
export const notificationUrl = `${publicUrl}/webhooks/microsoft`;
export const app = { provider: 'microsoft', id: 'app-id', secret: 'app-secret', sandbox: true } as const;
export const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
export const signal = (): AbortSignal => AbortSignal.timeout(5_000);

export interface Delivered {
  url: string;
  method: string;
  body: string;
}
export interface Bench {
  url: string;
  inbox: MicrosoftInbox;
  sandbox: ProviderSandbox;
  phone: SandboxPhone;
  accounts: MicrosoftAccounts & { keepSubscription(kept: StoredSubscription | null): void };
  graph: Graph;
  /** What reached the double. */
  calls: Received[];
  /** What it told us; the handshake is answered as ours does. */
  delivered: Delivered[];
  /** How our side answers what it is told. */
  answers: { status: number; body?: string; contentType?: string } | null;
  answer(with_: Bench['answers']): void;
  close(): Promise<void>;
}

export async function startBench(): Promise<Bench> {
  const digits = randomBytes(6).toString('hex');
  const calls: Received[] = [];
  const delivered: Delivered[] = [];
  let handle: (request: Request, path: string) => Promise<Response> = async () => new Response();
  const server = await serveHttp(async (received, response) => {
    calls.push(received);
    const { method, path, headers, body } = received;
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' || method === 'HEAD' ? {} : { body: new Uint8Array(body) };
    const request = new Request(`${server.url}${path}`, { method, headers: given, ...content });
    const answer = await handle(request, new URL(request.url).pathname.replace(/^\/microsoft/, ''));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const address = `sandbox-${digits}@microsoft.example`;
  const inbox: AdapterInbox<MicrosoftCredentials> = {
    id: crypto.randomUUID(),
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'email',
    name: 'Support',
    accountKey: address,
    sandbox: true,
    credentials: {
      kind: 'microsoft',
      address,
      refreshToken: `sandbox-refresh-${digits}`,
      clientState: 'state',
    },
    settings: {},
    urls: {
      microsoftGraph: `${server.url}/microsoft/graph`,
      microsoftLogin: `${server.url}/microsoft/login`,
    },
    apps: { microsoft: app },
  };
  const bench = { answers: null as Bench['answers'] };
  const sandbox = createMicrosoftSandbox({
    publicUrl,
    sandboxUrl: server.url,
    apps: { microsoft: app },
    inboxes: async () => [],
    async deliver(url, { method, body }) {
      delivered.push({ url, method, body });
      if (bench.answers) return { body: '', contentType: null, ...bench.answers };
      const token = new URL(url).searchParams.get('validationToken');
      return token === null
        ? { status: 202, body: '', contentType: null }
        : { status: 200, body: token, contentType: 'text/plain; charset=utf-8' };
    },
  });
  handle = (request, path) => sandbox.handle(request, path);
  const accounts = memoryAccounts(inbox);
  return {
    url: server.url,
    inbox,
    sandbox,
    phone: await sandbox.phone(inbox),
    accounts,
    graph: graphOf({ http, accounts }, inbox),
    calls,
    delivered,
    get answers() {
      return bench.answers;
    },
    answer: (with_) => void (bench.answers = with_),
    close: () => server.close(),
  };
}

function memoryAccounts(inbox: MicrosoftInbox): Bench['accounts'] {
  let tokens: MicrosoftTokens | null = null;
  let subscription: StoredSubscription | null = null;
  return {
    async accessToken(_, { refused, signal: aborted }) {
      if (tokens && tokens.accessToken !== refused) return tokens.accessToken;
      const login = { base: inbox.urls['microsoftLogin'] ?? '', app, signal: aborted };
      tokens = await refreshTokens(http, login, tokens?.refreshToken ?? inbox.credentials.refreshToken ?? '');
      return tokens.accessToken;
    },
    subscription: async () => subscription,
    keepSubscription: (kept) => void (subscription = kept),
  };
}

export function mailOf(key: string, more: Partial<ComposedMail> = {}): ComposedMail {
  return {
    from: { name: 'Support', address: '' },
    to: [{ name: 'Ada', address: 'ada@customers.example' }],
    cc: [],
    bcc: [],
    subject: 'Re: Bread',
    messageId: `<${key}@microsoft.example>`,
    date: new Date('2026-11-28T10:00:00Z'),
    headers: { 'Auto-Submitted': 'auto-replied' },
    text: 'We bake at six.',
    html: '<p>We bake at six.</p>',
    attachments: [],
    ...more,
  };
}

export const file = (bytes: number, filename: string, cid?: string): ComposedMail['attachments'][number] => ({
  filename,
  content: Buffer.alloc(bytes, filename),
  contentType: 'application/octet-stream',
  contentDisposition: cid === undefined ? 'attachment' : 'inline',
  ...(cid === undefined ? {} : { cid }),
});
export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
