/** Messenger's calls, against a server that answers as the Graph API does. */
import { createHmac } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import type { Part } from '#domain/message.ts';
import { ChannelError, type AdapterInbox, type OutboundMessage } from '#channels/contract.ts';
import { createHttpClient } from '#channels/http.ts';
import { createMessengerAdapter } from '#channels/messenger/adapter.ts';
import { messengerDefinition } from '#channels/messenger/definition.ts';
import { payloadOf } from '#channels/messenger/render.ts';
import type { PageInbox } from '#channels/meta/page.ts';
import { metaApp, pageId, pageInbox, pageToken } from '../meta/case-inbox.ts';
import { refused, serveGraph, type GraphAnswer } from '../meta/graph-server.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
afterAll(() => http.close());
const adapter = createMessengerAdapter({ http });
const signal = AbortSignal.timeout(20_000);
const HOUR_MS = 3_600_000;

function inboxAt(url: string, settings = {}): PageInbox {
  const inbox: AdapterInbox = pageInbox('messenger', url, settings);
  return { ...inbox, credentials: { pageId, pageAccessToken: pageToken } };
}
const options = {
  key: '0199a1b2-0000-7000-8000-0000000000aa',
  signal,
  media: async () => ({ bytes: Buffer.from('png'), mimeType: 'image/png', name: 'dot.png' }),
};
const outbound = (parts: Part[], more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: 'm',
  conversationId: 'c',
  contactExternalId: 'changed-since',
  threadKey: '',
  replyAddress: { contactId: '7421' },
  author: 'agent',
  lastInAtMs: Date.now() - HOUR_MS,
  sentSinceLastIn: 0,
  attempt: 1,
  ...more,
  parts,
});
const hello: Part[] = [{ kind: 'text', text: 'Hello' }];
const sent = { body: { recipient_id: '7421', message_id: 'm_sent' } };
const messages = `POST /${pageId}/messages`;
async function failure(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

describe('a send', () => {
  test('goes to the conversation’s own address with key, quote, proof and no token in the URL', async () => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    const answer = await adapter.send(inboxAt(url), outbound(hello, { inReplyTo: 'm_theirs' }), options);
    expect(answer).toEqual({ providerMessageId: 'm_sent' });
    expect(asked[0]?.json).toEqual({
      recipient: { id: '7421' },
      messaging_type: 'RESPONSE',
      message: { text: 'Hello', reply_to: { mid: 'm_theirs' }, metadata: options.key },
    });
    expect(asked[0]?.authorization).toBe(`Bearer ${pageToken}`);
    const proof = createHmac('sha256', metaApp.secret).update(pageToken).digest('hex');
    expect(asked[0]?.query.toString()).toBe(`appsecret_proof=${proof}`);
  });

  test('a pressed button can’t be quoted; a website’s visitor is addressed by reference', async () => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    const message = outbound(hello, {
      inReplyTo: 'postback:1:2',
      replyAddress: { contactId: 'user_ref:box' },
    });
    await adapter.send(inboxAt(url), message, options);
    expect(asked[0]?.json).toMatchObject({ recipient: { user_ref: 'box' } });
    expect(asked[0]?.text).not.toContain('reply_to');
  });

  test.each([
    ['game_play:7421:1763841600000', false],
    ['referral:7421:1', false],
    ['mid.1457764197618:41d102a3e1ae206a38', true],
    ['m_theirs', true],
  ])('%s is quoted: %s', async (inReplyTo, quoted) => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    await adapter.send(inboxAt(url), outbound(hello, { inReplyTo }), options);
    expect(asked[0]?.text.includes('reply_to')).toBe(quoted);
  });

  test('files travel with the call', async () => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    await adapter.send(
      inboxAt(url),
      outbound([{ kind: 'image', mediaId: 'x', mimeType: 'image/png' }]),
      options,
    );
    const form = asked[0]?.form;
    expect(form?.get('message')).toBe(
      JSON.stringify({
        attachment: { type: 'image', payload: { is_reusable: false } },
        metadata: options.key,
      }),
    );
    expect(form?.get('messaging_type')).toBe('RESPONSE');
    const file = form?.get('filedata');
    expect(file instanceof File && [file.name, file.type, file.size]).toEqual(['dot.png', 'image/png', 3]);
  });

  test('a file that is too large is refused before anything is called', async () => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    const media = async () => ({ bytes: new Uint8Array(25 * 1024 * 1024 + 1), mimeType: 'video/mp4' });
    const video: Part[] = [{ kind: 'video', mediaId: 'x', mimeType: 'video/mp4' }];
    const error = await failure(adapter.send(inboxAt(url), outbound(video), { ...options, media }));
    expect([error.kind, asked.length]).toEqual(['permanent', 0]);
  });

  const ask = (count: number, text = 'Which?'): Part[] => [
    {
      kind: 'choices',
      text,
      options: Array.from({ length: count }, (_, index) => ({ id: `id-${index}`, label: `L${index}` })),
    },
  ];
  test.each([
    ['quick_replies', ask(2), 'quick_replies'],
    ['buttons', ask(3), 'buttons'],
    ['buttons', ask(4), 'quick_replies'],
    ['buttons', ask(2, 'x'.repeat(641)), 'quick_replies'],
  ])('choices as %s', async (choices, parts, expected) => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    await adapter.send(inboxAt(url, { choices }), outbound(parts), options);
    expect(asked[0]?.text.includes('"template_type":"button"')).toBe(expected === 'buttons');
    expect(asked[0]?.text.includes('"quick_replies"')).toBe(expected === 'quick_replies');
    expect(asked[0]?.text).toContain('"payload":"id-1"');
  });

  test('an option’s id that Meta wouldn’t hold is carried as a digest', () => {
    expect(payloadOf('x'.repeat(1000))).toBe('x'.repeat(1000));
    expect(payloadOf('x'.repeat(1001))).toMatch(/^#.{43}$/);
    expect(payloadOf('')).toMatch(/^#.{43}$/);
  });
});

describe('the window', () => {
  const send = async (hours: number | null, author: 'bot' | 'agent', humanAgent: boolean) => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    const lastInAtMs = hours === null ? null : Date.now() - hours * HOUR_MS;
    const message = outbound(hello, { author, lastInAtMs });
    const outcome = await adapter
      .send(inboxAt(url, { humanAgent }), message, options)
      .catch((error: unknown) => error);
    return { outcome, asked };
  };

  test.each([
    [23.9, 'bot', false, 'RESPONSE', undefined],
    [23.9, 'agent', true, 'RESPONSE', undefined],
    [24.1, 'agent', true, 'MESSAGE_TAG', 'HUMAN_AGENT'],
    [167.9, 'agent', true, 'MESSAGE_TAG', 'HUMAN_AGENT'],
  ] as const)('%d h, %s, human agent %s: %s', async (hours, author, humanAgent, type, tag) => {
    const { asked } = await send(hours, author, humanAgent);
    expect(asked[0]?.json).toMatchObject({ messaging_type: type, ...(tag ? { tag } : {}) });
    expect(asked[0]?.text.includes('"tag"')).toBe(tag !== undefined);
  });

  test.each([
    [24.1, 'bot', false],
    [24.1, 'bot', true],
    [24.1, 'agent', false],
    [168.1, 'agent', true],
    [null, 'agent', true],
  ] as const)('%s h, %s, human agent %s: closed, and nobody is called', async (hours, author, humanAgent) => {
    const { outcome, asked } = await send(hours, author, humanAgent);
    expect(outcome).toMatchObject({
      kind: 'window_closed',
      message: expect.stringContaining('Nothing was sent'),
    });
    expect(asked).toEqual([]);
  });
});

describe('where another app holds the conversation', () => {
  const standby = { contactId: '7421', standby: true };
  const take = `POST /${pageId}/take_thread_control`;

  test('a flow is silent', async () => {
    const { url, asked } = await serveGraph({ [messages]: sent });
    const message = outbound(hello, { author: 'bot', replyAddress: standby });
    expect((await failure(adapter.send(inboxAt(url), message, options))).kind).toBe('permanent');
    expect(asked).toEqual([]);
  });

  test('a person takes it over, once', async () => {
    let calls = 0;
    const { url, asked } = await serveGraph({
      [messages]: () => ((calls += 1) === 1 ? refused(10, 2018300) : sent),
      [take]: { body: { success: true } },
    });
    const answer = await adapter.send(inboxAt(url), outbound(hello, { replyAddress: standby }), options);
    expect(answer.providerMessageId).toBe('m_sent');
    expect(asked.map(({ path }) => path.split('/').at(-1))).toEqual([
      'messages',
      'take_thread_control',
      'messages',
    ]);
    expect(asked[1]?.json).toEqual({ recipient: { id: '7421' } });
  });

  test.each<[string, GraphAnswer, string]>([
    ['refused', refused(200), 'reauthorize'],
    ['not answered', 'hang up', 'not_sent'],
  ])('when taking it is %s, nothing was sent', async (_, answer, kind) => {
    const { url } = await serveGraph({ [messages]: refused(10, 2018300), [take]: answer });
    expect((await failure(adapter.send(inboxAt(url), outbound(hello), options))).kind).toBe(kind);
  });

  test('a flow takes nothing over', async () => {
    const { url, asked } = await serveGraph({ [messages]: refused(10, 2018300) });
    const error = await failure(adapter.send(inboxAt(url), outbound(hello, { author: 'bot' }), options));
    expect([error.kind, asked.length]).toEqual(['permanent', 1]);
  });
});

test.each([
  ['typing', 'typing_on'],
  ['read', 'mark_seen'],
] as const)('signal %s is %s', async (kind, action) => {
  const { url, asked } = await serveGraph({ [messages]: sent });
  const target = {
    contactExternalId: 'x',
    threadKey: '',
    replyAddress: { contactId: '7421' },
    lastInbound: null,
  };
  await adapter.signal?.(inboxAt(url), kind, target, signal);
  expect(asked[0]?.json).toEqual({ recipient: { id: '7421' }, sender_action: action });
});

describe('a contact’s name', () => {
  const fetchName = (url: string, externalId = '7421') =>
    adapter.fetchContact?.(inboxAt(url), externalId, signal);
  const conversations = {
    body: {
      data: [
        {
          participants: {
            data: [
              { id: pageId, name: 'Shop' },
              { id: '7421', name: 'Ann M.' },
            ],
          },
        },
      ],
    },
  };

  test('comes from the profile', async () => {
    const { url } = await serveGraph({
      'GET /7421': { body: { first_name: 'Ann', last_name: 'Möller', profile_pic: 'https://x/y' } },
    });
    expect(await fetchName(url)).toEqual({ name: 'Ann Möller', avatarUrl: 'https://x/y' });
  });
  test.each([refused(100, 33), refused(230), { body: {} }])(
    'else from the page’s inbox: %j',
    async (answer) => {
      const { url } = await serveGraph({
        'GET /7421': answer,
        [`GET /${pageId}/conversations`]: conversations,
      });
      expect(await fetchName(url)).toEqual({ name: 'Ann M.' });
    },
  );
  test('a bad token is not hidden, and a website’s visitor has none', async () => {
    const { url, asked } = await serveGraph({ 'GET /7421': refused(190) });
    expect((await failure(fetchName(url) ?? Promise.resolve())).kind).toBe('reauthorize');
    expect(await fetchName(url, 'user_ref:x')).toEqual({});
    expect(asked).toHaveLength(1);
  });
});

test('media come from Meta’s hosts and the inbox’s own only', async () => {
  const { url } = await serveGraph({ 'GET /file': { body: 'bytes' } });
  const fetchFrom = (from: string) =>
    adapter.fetchMedia?.(inboxAt(url), { url: from, name: 'a.pdf' }, { signal, maxBytes: 100 });
  expect(await fetchFrom(`${url}/file`)).toMatchObject({ name: 'a.pdf', mimeType: 'application/json' });
  expect((await failure(fetchFrom('http://169.254.169.254/latest') ?? Promise.resolve())).kind).toBe(
    'permanent',
  );
});

test('its settings default to the careful ones', () => {
  expect(messengerDefinition.settings.parse({})).toEqual({ choices: 'quick_replies', humanAgent: false });
});
