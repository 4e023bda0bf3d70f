/** The whole product with sandbox inboxes of any channel: one per test file, seen through its public API and the customers' phones. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { ChannelType } from '#domain/channel.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import type { JsonObject } from '#domain/json.ts';
import { lastPorts } from '../../api/embedded/ports.ts';
import { inboxOf, type SandboxInbox } from './channel-inbox.ts';
import { eventually } from './eventually.ts';
import { checkInvariants } from './invariants.ts';
import { startProduct, type Product, type ProductOptions } from './product.ts';
import type { Call } from './sandbox-phone.ts';

export interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test's look at JSON of many shapes
  body: any;
}
export interface ChannelProduct {
  product: Product;
  /** With the admin's API key. @throws Error unless it is answered 2xx */
  call: Call;
  /** The same, refusals included. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Connects through `POST /api/inboxes` and listens to nobody else. */
  createSandboxInbox(
    type: ChannelType,
    credentials: JsonObject,
    settings?: JsonObject,
  ): Promise<SandboxInbox>;
  publish(definition: FlowDefinition): Promise<void>;
  /** A file of ours, to be named by its id in a part. */
  upload(bytes: Uint8Array, name: string, mimeType: string): Promise<string>;
  /** The bytes behind a link of the API. */
  download(url: string): Promise<{ status: number; type: string | null; bytes: Uint8Array }>;
  /** The product's own database: for what no API can do (make time pass), and for the invariants. */
  database: pg.Pool;
  /** Checks every invariant on what is left, and ends the product. */
  close(): Promise<void>;
}

/** @param options with the home and port of one that was killed: the same product, started again */
export async function startChannelProduct(options: ProductOptions = {}): Promise<ChannelProduct> {
  const product = await startProduct({ ...options, env: { TELORING_LOG_LEVEL: 'warn', ...options.env } });
  const password = (await readFile(path.join(product.home, 'postgres-password'), 'utf8')).trim();
  const database = new pg.Pool({
    connectionString: `postgres://postgres:${password}@127.0.0.1:${lastPorts(product.home)?.postgres}/teloring`,
    max: 2,
  });
  // A product that is killed takes its connections along.
  database.on('error', () => undefined);
  const request = (method: string, target: string, body?: unknown): Promise<Response> =>
    fetch(new URL(target, product.url), {
      method,
      headers: {
        authorization: `Bearer ${product.apiKey}`,
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
  const call: Call = async <Body>(method: string, target: string, body?: unknown) => {
    const response = await request(method, target, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
    return JSON.parse(text === '' ? 'null' : text) as Body;
  };
  return {
    product,
    database,
    call,
    async ask(method, target, body) {
      const response = await request(method, target, body);
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    },
    async createSandboxInbox(type, credentials, settings = {}) {
      const name = `${type} ${crypto.randomUUID().slice(0, 8)}`;
      const input = { type, name, credentials, settings, sandbox: true };
      const created = await call<{ id: string } | { inbox: { id: string } }>('POST', '/api/inboxes', input);
      return inboxOf(call, 'inbox' in created ? created.inbox.id : created.id, type);
    },
    async publish(definition) {
      const { id } = await call<{ id: string }>('POST', '/api/flows', { name: 'Channel flow' });
      await call('PUT', `/api/flows/${id}/draft`, definition);
      await call('POST', `/api/flows/${id}/publish`);
    },
    async upload(bytes, name, mimeType) {
      const form = new FormData();
      form.set('file', new File([Buffer.from(bytes)], name, { type: mimeType }));
      return (await call<{ mediaId: string }>('POST', '/api/media', form)).mediaId;
    },
    async download(url) {
      const response = await fetch(new URL(url, product.url));
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        bytes: await response.bytes(),
      };
    },
    async close() {
      try {
        // They speak of a system at rest.
        await eventually('the invariants', async () => {
          await checkInvariants(database);
          return true;
        });
      } finally {
        await database.end();
        await product.stop();
        await rm(product.home, { recursive: true, force: true });
      }
    },
  };
}

/** Begins where somebody writes `keyword`: a choice, then a picture, the choice's name, and what they wrote. */
export function menuFlow(pictureId: string, keyword = 'menu'): FlowDefinition {
  const nowhere = { next: null, failed: null };
  return {
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'keyword', value: keyword } }],
    entry: 'ask',
    steps: {
      ask: {
        kind: 'ask',
        params: {
          text: 'What would you like?',
          variable: 'dish',
          format: 'choice',
          choices: [
            { id: 'soup', label: 'Hot soup' },
            { id: 'cake', label: 'Plum cake' },
          ],
          timeoutSeconds: 3600,
          maxInvalid: 2,
        },
        exits: { reply: 'picture', invalid: null, timeout: null, undelivered: null, taken_over: null },
      },
      picture: {
        kind: 'send',
        params: { parts: [{ kind: 'image', mediaId: pictureId, mimeType: 'image/png' }] },
        exits: { next: 'named', failed: 'named' },
      },
      named: {
        kind: 'send',
        params: { text: 'You chose {{vars.dish_label}}.' },
        exits: { ...nowhere, next: 'repeated' },
      },
      repeated: { kind: 'send', params: { text: 'You wrote: {{message.text}}' }, exits: nowhere },
    },
  };
}
