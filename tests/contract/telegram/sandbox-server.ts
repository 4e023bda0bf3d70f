/** The sandbox behind a real port, and a real webhook in front of the adapter. */
import { createTelegramBots, type TelegramBots } from '#channels/telegram/sandbox/bots.ts';
import type { BotControl } from '#channels/telegram/sandbox/control.ts';
import { serveHttp, type LocalServer, type Received } from '../local-server.ts';

export interface SandboxServer {
  url: string;
  sandbox: TelegramBots;
  control(token: string): Promise<BotControl>;
  close(): Promise<void>;
}

export async function startSandbox(): Promise<SandboxServer> {
  const sandbox = createTelegramBots({
    async deliver(url, headers, body) {
      const answer = await fetch(url, { method: 'POST', headers, body });
      await answer.body?.cancel();
      return answer.status;
    },
    acceptsWebhook: (url) => url.protocol === 'https:' || url.hostname === '127.0.0.1',
  });
  const server = await serveHttp(async ({ method, path, headers, body }, response) => {
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const content = method === 'GET' ? {} : { body: new Uint8Array(body) };
    const request = new Request(`http://sandbox${path}`, { method, headers: given, ...content });
    const answer = await sandbox.handle(request, new URL(request.url).pathname);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  return {
    url: server.url,
    sandbox,
    control: (token) => sandbox.control(token),
    async close() {
      sandbox.close();
      await server.close();
    },
  };
}

export interface Webhook extends LocalServer {
  received: Received[];
  /** The next answers' statuses; 200 when there are none left. */
  statuses: number[];
}
export async function startWebhook(): Promise<Webhook> {
  const received: Received[] = [];
  const statuses: number[] = [];
  const server = await serveHttp((request, response) => {
    received.push(request);
    response.writeHead(statuses.shift() ?? 200).end();
  });
  return { ...server, received, statuses };
}
