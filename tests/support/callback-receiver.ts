/** A developer's server at the end of an API inbox: notes every delivery, answers as told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  key: string;
  body: {
    event: string;
    eventId: string;
    conversationId: string;
    to: { id: string };
    message: { id: string; text: string; parts: unknown[] };
  };
  headers: Record<string, string | string[] | undefined>;
  raw: string;
  atMs: number;
}
export type Answer = {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  delayMs?: number;
  drop?: boolean;
};

export interface CallbackReceiver {
  url: string;
  port: number;
  deliveries: Delivery[];
  /** Decides each answer; default 200 with an id made of the message's. */
  answer: (delivery: Delivery, tries: number) => Answer;
  waitFor(count: number, timeoutMs?: number): Promise<Delivery[]>;
  close(): Promise<void>;
}

export async function startCallbackReceiver(port = 0): Promise<CallbackReceiver> {
  const tries = new Map<string, number>();
  const receiver: CallbackReceiver = {
    url: '',
    port: 0,
    deliveries: [],
    answer: (delivery) => ({ status: 200, body: { id: `provider-${delivery.body.message.id}` } }),
    async waitFor(count, timeoutMs = 15_000) {
      const until = Date.now() + timeoutMs;
      while (receiver.deliveries.length < count) {
        if (Date.now() > until)
          throw new Error(`${receiver.deliveries.length} of ${count} deliveries after ${timeoutMs} ms.`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return receiver.deliveries;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => void handle(request, response));
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const key = String(request.headers['idempotency-key'] ?? '');
    const delivery: Delivery = {
      key,
      body: JSON.parse(raw) as Delivery['body'],
      headers: request.headers,
      raw,
      atMs: Date.now(),
    };
    const count = (tries.get(key) ?? 0) + 1;
    tries.set(key, count);
    receiver.deliveries.push(delivery);
    const answer = receiver.answer(delivery, count);
    if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    if (answer.drop) return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body ?? {}));
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  receiver.port = (server.address() as AddressInfo).port;
  receiver.url = `http://127.0.0.1:${receiver.port}/callback`;
  return receiver;
}
