/** Every way a send can end, for every adapter that calls somebody. */
import * as fc from 'fast-check';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Part } from '#domain/message.ts';
import { planUnits } from '#domain/render.ts';
import {
  ChannelError,
  type AdapterInbox,
  type OutboundMessage,
  type SendOptions,
  type Sent,
} from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { createHttpClient } from '#channels/http.ts';
import { createRegistry } from '#channels/registry.ts';
import { secretValues } from '#channels/secret-fields.ts';
import { cases } from './cases.ts';
import { closedPort, serveHttp, type LocalServer } from './local-server.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const registry = createRegistry({ http });
const types = Object.keys(registry).filter((type) => isChannelType(type));
const servers: Pick<LocalServer, 'close'>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

async function serve(...args: Parameters<typeof serveHttp>): Promise<string> {
  const server = await serveHttp(...args);
  servers.push(server);
  return server.url;
}
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const options = (timeoutMs = 2_000): SendOptions => ({
  key: '0199a1b2-0000-7000-8000-0000000000aa',
  signal: AbortSignal.timeout(timeoutMs),
  media: async () => ({ bytes: png, mimeType: 'image/png', name: 'dot.png' }),
  mediaUrl: async (id) => `https://teloring.example/media/${id}?sig=x`,
});
const messageOf = (parts: Part[], more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: '0199a1b2-0000-7000-8000-0000000000bb',
  conversationId: '0199a1b2-0000-7000-8000-0000000000cc',
  contactExternalId: '1122334455',
  threadKey: '',
  replyAddress: {},
  author: 'agent',
  lastInAtMs: Date.now() - 60_000,
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
  parts,
});

const closed = () => Promise.reject(new Error('the disk is gone'));

async function refusal(sending: Promise<Sent>): Promise<ChannelError> {
  const error: unknown = await sending.then(
    (sent) => new Error(`sent as ${sent.providerMessageId}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

const wired = types.flatMap((type) => {
  const { wire } = cases[type];
  return wire ? [{ type, ...wire }] : [];
});

describe.each(wired)('$type', ({ type, inboxAt, refusals, message }) => {
  const adapter = registry[type];
  const hello = messageOf([{ kind: 'text', text: 'Hello' }], message);
  const send = (inbox: AdapterInbox, timeoutMs?: number): Promise<Sent> =>
    adapter.send(inbox, hello, options(timeoutMs));

  test('a refused connection was not sent', async () => {
    const error = await refusal(send(inboxAt(`http://127.0.0.1:${await closedPort()}`)));
    expect(error.kind).toBe('not_sent');
  });

  test('silence after the body left is no answer', async () => {
    let arrived = 0;
    const url = await serve(() => void (arrived += 1));
    const error = await refusal(send(inboxAt(url), 200));
    expect([error.kind, arrived]).toEqual(['no_answer', 1]);
  });

  test('a reset after the body left is no answer', async () => {
    const url = await serve((_, __, incoming) => void incoming.socket.destroy());
    expect((await refusal(send(inboxAt(url)))).kind).toBe('no_answer');
  });

  test.each(refusals)(
    '%i %j is %s, said in the provider’s words and without a secret',
    async (status, body, kind) => {
      let calls = 0;
      const url = await serve((_, response) => {
        calls += 1;
        response.writeHead(status, { 'content-type': 'application/json', location: 'http://127.0.0.1:1/' });
        response.end(JSON.stringify(body));
      });
      const inbox = inboxAt(url);
      const error = await refusal(send(inbox));
      expect([error.kind, calls]).toEqual([kind, 1]);
      if (typeof body['description'] === 'string') expect(error.message).toContain(body['description']);
      const said = `${error.message} ${String(error.stack)} ${JSON.stringify(error)}`;
      for (const secret of secretValues(inbox.credentials, definitions[type].secretFields))
        expect(said).not.toContain(JSON.stringify(secret).slice(1, -1));
    },
  );

  if (definitions[type].capabilities.image) {
    test('a file that can’t be opened was not sent', async () => {
      let calls = 0;
      const url = await serve((_, response) => {
        calls += 1;
        response.writeHead(200).end('{}');
      });
      const image = messageOf([{ kind: 'image', mediaId: 'm', mimeType: 'image/png' }], message);
      const sending = adapter.send(inboxAt(url), image, { ...options(), media: closed, mediaUrl: closed });
      expect([(await refusal(sending)).kind, calls]).toEqual(['not_sent', 0]);
    });
  }

  test('an answer that is no JSON at all still ends in a kind', async () => {
    const url = await serve((_, response) => void response.writeHead(502).end('<html>Bad gateway</html>'));
    expect(['retry_after', 'no_answer']).toContain((await refusal(send(inboxAt(url)))).kind);
  });
});

describe.each(types)('%s carries what its capabilities promise', (type) => {
  const adapter = registry[type];
  const { capabilities } = definitions[type];
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
    .filter((value) => value.trim() !== '');
  const long = fc.tuple(text, fc.integer({ min: 1, max: 60 })).map(([value, times]) => value.repeat(times));
  const part: fc.Arbitrary<Part> = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), text: fc.oneof(text, long) }),
    fc.record({
      kind: fc.constantFrom('image' as const, 'file' as const, 'audio' as const, 'video' as const),
      mediaId: fc.uuid(),
      mimeType: fc.constant('image/png'),
      caption: fc.option(long, { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('choices' as const),
      text: long,
      options: fc.uniqueArray(
        fc.record({ id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 }), label: text }),
        {
          minLength: 1,
          maxLength: 15,
          selector: ({ id }) => id,
        },
      ),
    }),
    fc.record({
      kind: fc.constant('location' as const),
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
      name: fc.option(text, { nil: undefined }),
    }),
  );

  test('the provider takes every unit that planUnits makes', async () => {
    const { inboxAt, message, accept = () => Response.json({}) } = cases[type].wire ?? {};
    const url = await serve(async ({ method, path, headers, body }, response) => {
      const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
      const content = method === 'GET' || method === 'HEAD' ? undefined : new Uint8Array(body);
      const request = new Request(`http://sandbox${path}`, { method, headers: given, body: content });
      const answer = await accept(request, path);
      response.writeHead(answer.status).end(await answer.text());
    });
    const own = await cases[type].openProvider?.();
    if (own) servers.push(own);
    const inbox = own?.inbox ?? inboxAt?.(url) ?? cases[type].inbox;
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 3 }), async (parts) => {
        for (const unit of planUnits(parts, capabilities)) {
          const [only] = unit;
          if (only?.kind === 'text' && only.text.trim() === '') continue;
          const { providerMessageId } = await adapter.send(
            inbox,
            messageOf(unit, own?.message ?? message),
            options(),
          );
          expect(providerMessageId).not.toBe('');
        }
      }),
      { numRuns: 60 },
    );
  });
});
