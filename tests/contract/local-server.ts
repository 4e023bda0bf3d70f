/** Real servers on free ports for one test. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';

export interface LocalServer {
  url: string;
  port: number;
  close(): Promise<void>;
}
export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Answers once the whole request has been read. */
export async function serveHttp(
  answer: (request: Received, response: ServerResponse, incoming: IncomingMessage) => void | Promise<void>,
): Promise<LocalServer> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming
      .on('error', () => {})
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { method = '', url: path = '', headers } = incoming;
        void answer({ method, path, headers, body: Buffer.concat(chunks) }, response, incoming);
      });
  });
  return await listening(server, () => server.closeAllConnections());
}

export async function serveTcp(handle: Parameters<typeof createTcpServer>[1]): Promise<LocalServer> {
  return await listening(createTcpServer(handle), () => {});
}

/** A port nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = await serveTcp(() => {});
  await server.close();
  return server.port;
}

async function listening(server: Server, cut: () => void): Promise<LocalServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
