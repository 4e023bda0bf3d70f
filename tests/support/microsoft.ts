/** Microsoft as a server of its own: the double behind a port, which outlives whoever calls it. */
import type { AdapterInbox } from '#channels/contract.ts';
import { createMicrosoftSandbox } from '#channels/email/microsoft/sandbox.ts';
import type { SandboxDeps, SandboxPhone } from '#channels/sandbox-contract.ts';
import { serveHttp, type Received } from '../contract/local-server.ts';

/** What a call meets on its way: goes on, waits for something, or never arrives. */
export type Road = (received: Received) => Promise<'arrives' | 'lost'>;

export interface MicrosoftServer {
  url: string;
  /** What a server of ours needs to know of it. */
  env: Record<string, string>;
  /** Replaceable. */
  road: { meets: Road };
  phone(address: string): Promise<SandboxPhone>;
  close(): Promise<void>;
}

/** @param publicUrl where it tells us of mailboxes; without https it must be the same as ours */
export async function startMicrosoft(options: {
  publicUrl: string;
  deliver: SandboxDeps['deliver'];
}): Promise<MicrosoftServer> {
  const road: MicrosoftServer['road'] = { meets: async () => 'arrives' };
  const double = createMicrosoftSandbox({
    ...options,
    sandboxUrl: 'http://double',
    apps: { microsoft: { provider: 'microsoft', id: 'app', secret: 'secret', sandbox: false } },
    inboxes: async () => [],
  });
  const http = await serveHttp(async (received, response) => {
    const { method, path, headers, body } = received;
    if ((await road.meets(received)) === 'lost') {
      response.destroy();
      return;
    }
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? {} : { body: new Uint8Array(body) };
    const request = new Request(`http://double${path}`, { method, headers: given, ...content });
    const answer = await double.handle(request, new URL(request.url).pathname);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  return {
    url: http.url,
    env: {
      MICROSOFT_CLIENT_ID: 'app',
      MICROSOFT_CLIENT_SECRET: 'secret',
      MICROSOFT_GRAPH_URL: `${http.url}/graph`,
      MICROSOFT_LOGIN_URL: `${http.url}/login`,
    },
    road,
    // The double looks at the address only.
    phone: (address) =>
      double.phone({ credentials: { kind: 'microsoft', address } } as unknown as AdapterInbox),
    close: () => http.close(),
  };
}
