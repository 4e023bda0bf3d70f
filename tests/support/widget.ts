/** A website with the chat widget, on an origin that isn't the product's, and the flow and inbox behind it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FrameLocator, Page } from 'playwright-core';
import type { FlowDefinition } from '#domain/flow/types.ts';
import type { JsonObject } from '#domain/json.ts';
import { stubSnippet } from '../../studio-ui/src/features/ring/live-chat/developer-snippets.ts';
import type { Product } from './product.ts';

export interface Website {
  origin: string;
  /** The same pages on another origin of the product's own site (its address, another port): frames keep their storage there. */
  sameSiteOrigin: string;
  close(): Promise<void>;
}

/**
 * A page at `/?inbox=<id>` that embeds the widget as a customer would; `localhost`, where the product is 127.0.0.1. More of it by the
 * query: `lang`, `stub` (the documented stub, and a script that calls it at once), `twice`, `strict` (a policy and Trusted Types).
 */
export async function serveWebsite(productUrl: string): Promise<Website> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const inbox = searchParams.get('inbox') ?? '';
    const embed = `<script src="${productUrl}/widget.js" data-inbox="${inbox}" async></script>`;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (searchParams.has('strict')) response.setHeader('content-security-policy', strictPolicy(productUrl));
    response.end(`<!doctype html><html lang="${searchParams.get('lang') ?? ''}"><meta name="viewport" content="width=device-width">
      <title>A website</title><h1>A website</h1><a href="#somewhere">A link of the page</a>
      ${searchParams.has('stub') ? stubSnippet().replace('<script>', '<script nonce="page">') + callsAtOnce : ''}
      ${
        pathname === '/bare'
          ? `<iframe src="${productUrl}/live-chat/${inbox}/frame?host=http://localhost"></iframe>`
          : embed + (searchParams.has('twice') ? embed.replace(' async', ' defer') : '')
      }`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    sameSiteOrigin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** As strict as a careful website is. */
const strictPolicy = (productUrl: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-page' ${productUrl}`,
    "style-src 'self'",
    `connect-src ${productUrl}`,
    `frame-src ${productUrl}`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

/** What a page does before the widget is there, and what it heard: `window.heard`. */
const callsAtOnce = `<script nonce="page">
  window.heard = [];
  for (const name of ['ready', 'opened', 'closed', 'message', 'unread', 'conversation_started', 'identified', 'error'])
    Teloring.on(name, (detail) => { heard.push([name, structuredClone(detail)]); detail.spoilt = true; });
  const stop = Teloring.on('opened', () => heard.push('stopped too late'));
  stop();
  const once = Teloring.on('opened', () => { once(); throw new Error('the page’s own mistake'); });
  Teloring.open('Written by the page');
</script>`;

export interface TeamMessage {
  id: string;
  seq: number;
  direction: string;
  text: string;
  author: { kind: string };
}

/** The team's side: the public API with the product's key. */
export function createTeam(product: Pick<Product, 'url' | 'apiKey'>) {
  async function call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const response = await fetch(product.url + path, {
      method,
      headers: {
        authorization: `Bearer ${product.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text === '' ? 'null' : text) as Body;
  }
  const team = {
    call,
    async createInbox(allowedOrigins: string[], settings: JsonObject = {}): Promise<string> {
      const created = await call<{ id: string } | { inbox: { id: string } }>('POST', '/api/inboxes', {
        type: 'live_chat',
        name: 'A website',
        credentials: { allowedOrigins },
        settings: { title: 'Ask the shop', accentColor: '#0f766e', ...settings },
      });
      return 'inbox' in created ? created.inbox.id : created.id;
    },
    async publish(definition: FlowDefinition): Promise<void> {
      const { id } = await call<{ id: string }>('POST', '/api/flows', { name: 'Shop questions' });
      await call('PUT', `/api/flows/${id}/draft`, definition);
      await call('POST', `/api/flows/${id}/publish`);
    },
    conversations: async (inboxId: string): Promise<{ id: string; owner: string }[]> =>
      (await call<{ items: { id: string; owner: string }[] }>('GET', `/api/conversations?inboxId=${inboxId}`))
        .items,
    thread: async (conversationId: string): Promise<TeamMessage[]> =>
      (await call<{ items: TeamMessage[] }>('GET', `/api/conversations/${conversationId}/messages?limit=100`))
        .items,
    reply: (conversationId: string, text: string, isPrivate = false): Promise<unknown> =>
      call('POST', `/api/conversations/${conversationId}/messages`, {
        clientMessageId: crypto.randomUUID(),
        text,
        private: isPrivate,
      }),
  };
  return team;
}

/** Asks by buttons, repeats the answer. */
export function shopFlow(inboxId: string): FlowDefinition {
  return {
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: [inboxId], match: { kind: 'any' } }],
    entry: 'ask',
    steps: {
      ask: {
        kind: 'ask',
        params: {
          text: 'What is it about?',
          variable: 'topic',
          format: 'choice',
          choices: [
            { id: 'order', label: 'An order' },
            { id: 'beans', label: 'Choosing beans' },
          ],
          timeoutSeconds: 3600,
          maxInvalid: 2,
        },
        exits: { reply: 'noted', invalid: 'person', timeout: null, undelivered: null, taken_over: null },
      },
      noted: {
        kind: 'ask',
        params: {
          text: 'Noted. Which number does it have?',
          variable: 'number',
          format: 'text',
          timeoutSeconds: 3600,
          maxInvalid: 2,
        },
        exits: { reply: 'person', invalid: 'person', timeout: null, undelivered: null, taken_over: null },
      },
      person: { kind: 'handoff', params: { note: 'Over to a person.' }, exits: {} },
    },
  };
}

/** The widget on a page, by what a visitor sees. */
export function widgetOn(page: Page) {
  const frame: FrameLocator = page.frameLocator('iframe');
  const field = frame.getByRole('textbox', { name: 'Your message' });
  return {
    launcher: page.getByRole('button', { name: /Open chat/ }),
    frame,
    field,
    log: frame.getByRole('log'),
    async open(): Promise<void> {
      await page.getByRole('button', { name: /Open chat/ }).click();
      await field.waitFor();
    },
    async say(text: string): Promise<void> {
      await field.fill(text);
      await field.press('Enter');
    },
    /** How often a text stands in the thread, word for word. */
    count: (text: string): Promise<number> => frame.getByRole('log').getByText(text, { exact: true }).count(),
    see: (text: string, timeoutMs = 15_000): Promise<void> =>
      frame.getByRole('log').getByText(text, { exact: true }).first().waitFor({ timeout: timeoutMs }),
  };
}
