/** What definitions claim, held against what adapters do: the samples they parse and the parts they send. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Capabilities, Reports } from '#domain/channel.ts';
import type { Part } from '#domain/message.ts';
import { planUnits } from '#domain/render.ts';
import type { ChannelEvent, OutboundMessage, SendOptions } from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { createHttpClient } from '#channels/http.ts';
import { createRegistry } from '#channels/registry.ts';
import { cases } from './cases.ts';
import { visitorKeys } from './live_chat/case.ts';
import { serveHttp, type LocalServer } from './local-server.ts';

const http = createHttpClient({ allowPrivateHosts: ['127.0.0.1'], deniedPorts: [] });
const registry = createRegistry({ http, visitorKeys });
const types = Object.keys(registry).filter((type) => isChannelType(type));
const servers: Pick<LocalServer, 'close'>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => http.close());

describe.each(types)('%s tells', async (type) => {
  const { inbox, samples, request } = cases[type];
  const reading = Object.values(samples).map(async (body): Promise<ChannelEvent[]> => {
    const read = await registry[type].parse(inbox, request(body));
    return Array.isArray(read) ? read : [];
  });
  const events = (await Promise.all(reading)).flat();
  const told = (kind: ChannelEvent['kind'], status?: string): boolean =>
    events.some(
      (event) =>
        event.kind === kind && (status === undefined || ('status' in event && event.status === status)),
    );
  const by = (status: string): boolean => told('status', status) || told('watermark', status);
  const found: Record<keyof Reports, boolean> = {
    delivered: by('delivered'),
    read: by('read'),
    edits: told('edit'),
    deletes: told('delete'),
    reactions: told('reaction'),
    echoes: told('echo'),
  };

  test.each(Object.entries(found))('%s as its samples do: %s', (report, inSamples) => {
    expect(definitions[type].reports[report as keyof Reports] ?? false).toBe(inSamples);
  });
});

const media = (kind: 'image' | 'audio' | 'video' | 'file', mimeType: string): Part => ({
  kind,
  mediaId: '0199a1b2-0000-7000-8000-0000000000dd',
  mimeType,
  name: `sample.${mimeType.split('/')[1] ?? 'bin'}`,
  sizeBytes: 100,
});
/** A part of each kind a channel may or may not carry, as every provider that knows the kind takes it. */
const parts: Record<string, { part: Part; claimed: (capabilities: Capabilities) => boolean }> = {
  text: { part: { kind: 'text', text: 'Hello' }, claimed: () => true },
  image: { part: media('image', 'image/jpeg'), claimed: ({ image }) => image },
  audio: { part: media('audio', 'audio/mpeg'), claimed: ({ audio }) => audio },
  video: { part: media('video', 'video/mp4'), claimed: ({ video }) => video },
  file: { part: media('file', 'application/pdf'), claimed: ({ file }) => file },
  location: {
    part: { kind: 'location', lat: 52.5, lon: 13.4, name: 'Shop' },
    claimed: ({ location }) => location,
  },
  'contact card': {
    part: { kind: 'contact_card', name: 'Ann', phones: ['+4915112345678'] },
    claimed: ({ contactCard }) => contactCard ?? false,
  },
  choices: {
    part: {
      kind: 'choices',
      text: 'Which one?',
      options: [
        { id: 'a', label: 'This' },
        { id: 'b', label: 'That' },
      ],
    },
    claimed: ({ choices }) => choices !== null,
  },
};
const bytesOf: Record<string, string> = {
  'image/jpeg': 'ffd8ffe000104a46494600010100000100010000ffd9',
  'audio/mpeg': '494433030000000000',
  'video/mp4': '000000186674797069736f6d0000020069736f6d69736f32',
  'application/pdf': '255044462d312e340a',
};

describe.each(types)('%s carries', (type) => {
  const adapter = registry[type];
  const { capabilities } = definitions[type];
  const { inboxAt, message, accept = () => Response.json({}) } = cases[type].wire ?? {};
  const { openProvider } = cases[type];

  async function send(part: Part): Promise<string> {
    const server = await serveHttp(async ({ method, path, headers, body }, response) => {
      const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
      const content = method === 'GET' || method === 'HEAD' ? undefined : new Uint8Array(body);
      const answer = await accept(
        new Request(`http://provider${path}`, { method, headers: given, body: content }),
        path,
      );
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
    servers.push(server);
    const own = await openProvider?.();
    if (own) servers.push(own);
    const mimeType = 'mimeType' in part ? part.mimeType : '';
    const outbound: OutboundMessage = {
      id: '0199a1b2-0000-7000-8000-0000000000bb',
      conversationId: '0199a1b2-0000-7000-8000-0000000000cc',
      contactExternalId: '1122334455',
      threadKey: '',
      replyAddress: {},
      author: 'agent',
      lastInAtMs: Date.now() - 60_000,
      sentSinceLastIn: 0,
      attempt: 1,
      ...message,
      ...own?.message,
      parts: [part],
    };
    const options: SendOptions = {
      key: '0199a1b2-0000-7000-8000-0000000000aa',
      signal: AbortSignal.timeout(5_000),
      media: async () => ({ bytes: Buffer.from(bytesOf[mimeType] ?? '', 'hex'), mimeType, name: 'sample' }),
      mediaUrl: async (id) => `https://teloring.example/media/${id}?sig=x`,
    };
    return (await adapter.send(own?.inbox ?? inboxAt?.(server.url) ?? cases[type].inbox, outbound, options))
      .providerMessageId;
  }

  test.each(Object.entries(parts))('%s as it claims', async (_, { part, claimed }) => {
    const units = planUnits([part], capabilities, () => 'https://teloring.example/media/x');
    if (claimed(capabilities)) {
      expect(units).toEqual([[part]]);
      expect(await send(part)).not.toBe('');
    } else {
      expect(units.flat().map(({ kind }) => kind)).toEqual(['text']);
    }
  });

  if (capabilities.template) {
    test('templates', async () => {
      expect(await send({ kind: 'template', name: 'hello_world', language: 'en_US' })).not.toBe('');
    });
  }

  test('signs and comment actions where it has somebody to do them', () => {
    const { typing, marksRead } = capabilities;
    expect(adapter.signal !== undefined).toBe(typing === true || marksRead === true);
    expect(adapter.act !== undefined).toBe((definitions[type].actions ?? []).length > 0);
    // Who can be answered privately wrote a comment.
    if (capabilities.privateReply) expect(cases[type].textPart).toBe('comment');
  });
});
