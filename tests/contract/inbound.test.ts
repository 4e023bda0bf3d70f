import type { ChannelType } from '#domain/channel.ts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import type { ChannelAdapter, ChannelEvent, RawRequest } from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { createHttpClient } from '#channels/http.ts';
import { createRegistry } from '#channels/registry.ts';
import { withoutSecretFields } from '#channels/secret-fields.ts';
import { encodings, pathsOf, replaced, withUnknownFields } from './body-encoding.ts';
import { cases } from './cases.ts';
import { channelEvent } from './inbound-shape.ts';
import { visitorKeys } from './live_chat/case.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
const registry = createRegistry({ http, visitorKeys });
const types = Object.keys(registry).filter((type) => isChannelType(type));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(types)('%s', (type) => {
  const adapter: ChannelAdapter = registry[type];
  const { inbox, samples, request, textBody, textPart = 'text', textParts, proof, batches } = cases[type];
  const { read, write, text: written } = encodings[cases[type].encoding ?? 'json'];
  const bodies = Object.values(samples);
  const parsed = async (body: Uint8Array): Promise<ChannelEvent[]> => {
    const result = await adapter.parse(inbox, request(body));
    if (!Array.isArray(result)) throw new Error(result.message);
    return result;
  };
  const allOf = async (): Promise<ChannelEvent[]> => (await Promise.all(bodies.map(parsed))).flat();
  /** What ingress does with any request; the suite's assertion is that it ends in one of the ways the contract names. */
  const receive = async (raw: RawRequest): Promise<void> => {
    const verdict = adapter.verify(inbox, raw);
    expect(['ok', 'respond', 'reject']).toContain(verdict.kind);
    const result = await adapter.parse(inbox, raw);
    if (Array.isArray(result)) z.array(channelEvent).parse(result);
    else expect(result).toEqual({ kind: 'malformed', message: expect.stringMatching(/./) });
  };

  test('its definition knows its own secrets', () => {
    const definition = definitions[type];
    const schema = z.toJSONSchema(definition.credentials, { io: 'input', unrepresentable: 'any' });
    expect(definition.type).toBe(type);
    expect(adapter.definition).toBe(definition);
    expect(pathsIn(schema)).toEqual(expect.arrayContaining([...definition.secretFields]));
    const read = definition.credentials.parse({ ...inbox.credentials, madeUp: 1 });
    expect(read).toEqual(inbox.credentials);
    expect(definition.settings.safeParse({}).success).toBe(true);
  });

  test('takes every sample; ids are strings, parts are whole, and a second reading gives the same', async () => {
    expect(bodies.length).toBeGreaterThan(2);
    for (const body of bodies) {
      expect(adapter.verify(inbox, request(body))).toEqual({ kind: 'ok' });
      const events = await parsed(body);
      z.array(channelEvent).parse(events);
      expect(await parsed(body)).toEqual(events);
      const roundTrip: unknown = JSON.parse(JSON.stringify(events));
      expect(roundTrip).toEqual(events);
      expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
    }
    expect((await allOf()).length).toBeGreaterThan(2);
  });

  test('ids of different samples differ', async () => {
    const ids = (await allOf()).map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('fields it doesn’t know change nothing, wherever they stand', async () => {
    for (const body of bodies) {
      const json = read(body);
      for (const odd of [withUnknownFields(json), { new_field: { deep: [1] }, ...json }])
        expect(await parsed(write(odd))).toEqual(await parsed(body));
    }
  });

  test.each([
    ['NUL', 'a\u0000b'],
    ['lone surrogates', 'high \ud83d, low \ude00'],
    ['right to left', 'שלום \u202eabc\u202c مرحبا'],
    ['combined and astral', 'é 👨‍👩‍👧‍👦 𝔘𝔫𝔦 \u0301'],
    ['100 kB', 'häß '.repeat(20_000)],
    ['white space', ' \n\t '],
    ['markup', '<b>&amp;{{contact.name}}</b> ../../ %00 \' " ` $1'],
  ])('text of any script comes through: %s', async (_, text) => {
    const events = await parsed(textBody(text));
    expect(events).toHaveLength(1);
    const said = { kind: textPart, [textPart === 'call' ? 'speech' : 'text']: written(text) };
    const parts = textParts?.(written(text)) ?? [said];
    expect(events[0]).toMatchObject({ kind: 'message', parts });
  });

  test('never takes a request whose proof is missing, foreign or changed', () => {
    const [body = encode('{}')] = bodies;
    const genuine = request(body);
    for (const header of proof.headers) {
      const without = Object.fromEntries(Object.entries(genuine.headers).filter(([name]) => name !== header));
      expect(adapter.verify(inbox, { ...genuine, headers: without }).kind).toBe('reject');
      const value = genuine.headers[header] ?? '';
      const forged = fc.oneof(
        fc.string(),
        fc.constant(''),
        fc.nat(value.length - 1).map((length) => value.slice(0, length)),
        fc
          .tuple(fc.nat(value.length - 1), fc.constantFrom('0', 'x', ' ', 'é'))
          .map(([at, change]) => value.slice(0, at) + change + value.slice(at + 1)),
        fc.stringMatching(/^[0-9a-f]{1,9}$/).map((more) => value + more),
      );
      fc.assert(
        fc.property(forged, (text) => {
          fc.pre(text.trim() !== value.trim());
          const verdict = adapter.verify(inbox, {
            ...genuine,
            headers: { ...genuine.headers, [header]: text },
          });
          expect(verdict.kind).not.toBe('ok');
        }),
      );
    }
    if (!proof.coversBody) return;
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = body.map((byte, index) => (index === at ? byte ^ change : byte));
        expect(adapter.verify(inbox, { ...genuine, body: altered }).kind).toBe('reject');
      }),
    );
  });

  test('no inbox without a secret takes anything', () => {
    for (const body of bodies) {
      const bare = {
        ...inbox,
        id: '0199a1b2-0000-7000-8000-0000000000ff',
        credentials: withoutSecrets(type),
        apps: {},
      };
      expect(adapter.verify(bare, request(body)).kind).toBe('reject');
    }
  });

  test('no bytes make it throw', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), (body) => receive(request(body))));
    await fc.assert(fc.asyncProperty(fc.json({ maxDepth: 6 }), (text) => receive(request(encode(text)))));
    for (const body of bodies)
      await fc.assert(
        fc.asyncProperty(fc.nat(body.length), (length) => receive(request(body.slice(0, length)))),
      );
  });

  test('no change of a sample makes it throw, and what comes out is still whole', async () => {
    const strange = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(-1, 0, 1e308, 2 ** 53, '', '\u0000', '__proto__', [], {}, null),
    );
    for (const body of bodies) {
      const json = read(body);
      const paths = pathsOf(json);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...paths), fc.option(strange, { nil: undefined }), (path, value) =>
          receive(request(write(replaced(json, path, value as Json | undefined)))),
        ),
        { numRuns: 200 },
      );
    }
  });

  test.each(batches)('one odd event doesn’t cost its siblings: $events', async ({ body, events }) => {
    expect(await parsed(write(body))).toHaveLength(events);
  });

  test('hostile headers are only headers', async () => {
    const headers = fc.dictionary(
      fc.constantFrom(...proof.headers, 'content-type', '__proto__'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(headers, (given) => receive({ ...request(encode('{}')), headers: given })),
    );
  });
});

function withoutSecrets(type: ChannelType): { [key: string]: Json } {
  return withoutSecretFields(cases[type].inbox.credentials, definitions[type].secretFields);
}

interface Schema {
  properties?: Record<string, unknown>;
  oneOf?: unknown[];
}
/** Every field's path, of each member of a union. */
function pathsIn(schema: Schema, prefix = ''): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...pathsIn(inner as Schema, `${prefix}${key}.`),
  ]);
  return [...own, ...(schema.oneOf ?? []).flatMap((member) => pathsIn(member as Schema, prefix))];
}
