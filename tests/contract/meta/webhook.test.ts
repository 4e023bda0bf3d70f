/** Meta's one webhook: the handshake, whose signature it is, and that every event ends in exactly one slice. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProviderApp } from '#domain/channel.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { RawRequest, WebhookSlice } from '#channels/contract.ts';
import { signMeta } from '#channels/meta/signature.ts';
import { metaWebhook } from '#channels/meta/webhook.ts';

const app = (provider: ProviderApp['provider'], secret: string, sandbox = false): ProviderApp => ({
  provider,
  id: secret,
  secret,
  sandbox,
  ...(provider === 'meta' ? { verifyToken: `token of ${secret}` } : {}),
});
const apps = [
  app('meta', 'meta-secret'),
  app('instagram', 'instagram-secret'),
  app('tiktok', 'tiktok-secret'),
  app('meta', 'sandbox-secret', true),
];
const post = (body: string | Uint8Array, headers: Record<string, string> = {}): RawRequest => ({
  method: 'POST',
  url: 'https://teloring.example/webhooks/meta',
  headers,
  body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  receivedAtMs: 0,
});
const signedBy = (secret: string, body: string): RawRequest =>
  post(body, { 'x-hub-signature-256': signMeta(secret, body) });

describe('the handshake', () => {
  const get = (query: Record<string, string>): RawRequest => ({
    ...post(''),
    method: 'GET',
    url: `https://teloring.example/webhooks/meta?${new URLSearchParams(query).toString()}`,
  });
  const good = {
    'hub.mode': 'subscribe',
    'hub.verify_token': 'token of meta-secret',
    'hub.challenge': '1158201444',
  };

  test('answers the challenge as bare text, for the deployment’s app and for the sandbox’s', () => {
    expect(metaWebhook.verify(apps, get(good))).toEqual({
      kind: 'respond',
      status: 200,
      body: '1158201444',
      contentType: expect.stringMatching(/^text\/plain/),
    });
    const sandbox = { ...good, 'hub.verify_token': 'token of sandbox-secret' };
    expect(metaWebhook.verify(apps, get(sandbox)).kind).toBe('respond');
  });

  test.each([
    ['another token', { ...good, 'hub.verify_token': 'guess' }],
    ['no token', { 'hub.mode': 'subscribe', 'hub.challenge': '1' }],
    ['an empty token', { ...good, 'hub.verify_token': '' }],
    ['another mode', { ...good, 'hub.mode': 'unsubscribe' }],
    ['no challenge', { 'hub.mode': 'subscribe', 'hub.verify_token': 'token of meta-secret' }],
  ])('refuses %s', (_, query) => {
    expect(metaWebhook.verify(apps, get(query as Record<string, string>))).toMatchObject({
      kind: 'reject',
      status: 403,
    });
  });

  test('without a configured token nobody gets an answer', () => {
    expect(metaWebhook.verify([app('instagram', 's')], get({ ...good, 'hub.verify_token': '' })).kind).toBe(
      'reject',
    );
    expect(metaWebhook.verify([], get(good)).kind).toBe('reject');
  });
});

describe('the signature', () => {
  test.each([
    ['meta-secret', false],
    ['instagram-secret', false],
    ['sandbox-secret', true],
  ])('of %s is known', (secret, sandbox) => {
    expect(metaWebhook.verify(apps, signedBy(secret, '{}'))).toMatchObject({
      kind: 'ok',
      app: { secret, sandbox },
    });
  });

  test.each([
    ['another provider’s app', signedBy('tiktok-secret', '{}')],
    ['nobody', post('{}')],
    ['a stranger', signedBy('guess', '{}')],
    ['another body', { ...signedBy('meta-secret', '{}'), body: new TextEncoder().encode('{ }') }],
    ['an empty secret', signedBy('', '{}')],
  ])('of %s is refused', (_, request) => {
    expect(metaWebhook.verify([...apps, app('meta', '')], request)).toMatchObject({
      kind: 'reject',
      status: 401,
    });
  });
});

const entriesOf = ({ body }: WebhookSlice): JsonObject[] =>
  (JSON.parse(new TextDecoder().decode(body)) as { entry: JsonObject[] }).entry;
const split = (body: Json): WebhookSlice[] => {
  const slices = metaWebhook.split(post(JSON.stringify(body)));
  if ('kind' in slices) throw new Error(slices.message);
  return slices;
};
const whose = (body: Json): WebhookSlice['to'][] => split(body).map(({ to }) => to);
const message = (more: JsonObject = {}): JsonObject => ({
  sender: { id: '111' },
  recipient: { id: '222' },
  timestamp: 1,
  message: { mid: 'm1', text: 'Hi' },
  ...more,
});

describe('whose an event is', () => {
  test.each<[string, Json, WebhookSlice['to']]>([
    [
      'a WhatsApp message is its number’s',
      {
        object: 'whatsapp_business_account',
        entry: [
          { id: '9', changes: [{ field: 'messages', value: { metadata: { phone_number_id: '77' } } }] },
        ],
      },
      { type: 'whatsapp', accountKey: '77' },
    ],
    [
      'a WhatsApp account’s news are every number’s on it',
      {
        object: 'whatsapp_business_account',
        entry: [{ id: '9', changes: [{ field: 'account_update', value: {} }] }],
      },
      { type: 'whatsapp', subscription: 'waba/9' },
    ],
    [
      'a page’s message',
      { object: 'page', entry: [{ id: '222', messaging: [message()] }] },
      { type: 'messenger', accountKey: '222' },
    ],
    [
      'a page’s standby',
      { object: 'page', entry: [{ id: '222', standby: [message()] }] },
      { type: 'messenger', accountKey: '222' },
    ],
    [
      'an echo on a page',
      {
        object: 'page',
        entry: [
          {
            id: '222',
            messaging: [
              message({ sender: { id: '222' }, recipient: { id: '111' }, message: { is_echo: true } }),
            ],
          },
        ],
      },
      { type: 'messenger', accountKey: '222' },
    ],
    [
      'a group’s comment among a page’s messages',
      {
        object: 'page',
        entry: [{ id: '222', messaging: [{ recipient: { id: '222' }, comment_id: '1_2', message: 'Hi' }] }],
      },
      { type: 'facebook_page', accountKey: '222' },
    ],
    [
      'a comment, also our own',
      {
        object: 'page',
        entry: [{ id: '222', changes: [{ field: 'feed', value: { item: 'comment', from: { id: '222' } } }] }],
      },
      { type: 'facebook_page', accountKey: '222' },
    ],
    [
      'a mention',
      { object: 'page', entry: [{ id: '222', changes: [{ field: 'mention', value: {} }] }] },
      { type: 'facebook_page', accountKey: '222' },
    ],
    [
      'an Instagram message, whatever id the entry has',
      { object: 'instagram', entry: [{ id: '333', messaging: [message()] }] },
      { type: 'instagram_dm', accountKey: '222' },
    ],
    [
      'an Instagram echo is its sender’s',
      { object: 'instagram', entry: [{ id: '333', messaging: [message({ message: { is_echo: true } })] }] },
      { type: 'instagram_dm', accountKey: '111' },
    ],
    [
      'an own edit in Instagram’s app, which is no echo',
      {
        object: 'instagram',
        entry: [{ id: '111', messaging: [message({ message_edit: { mid: 'm', text: 'x', num_edit: 1 } })] }],
      },
      { type: 'instagram_dm', accountKey: '111' },
    ],
    [
      'Instagram’s read mark',
      {
        object: 'instagram',
        entry: [
          {
            id: '222',
            messaging: [message({ message: undefined, read: { mid: 'm' } } as unknown as JsonObject)],
          },
        ],
      },
      { type: 'instagram_dm', accountKey: '222' },
    ],
    [
      'an Instagram comment',
      { object: 'instagram', entry: [{ id: '222', changes: [{ field: 'comments', value: { id: '5' } }] }] },
      { type: 'instagram_posts', accountKey: '222' },
    ],
    [
      'an Instagram comment without its list',
      { object: 'instagram', entry: [{ id: '222', time: 5, field: 'comments', value: { id: '5' } }] },
      { type: 'instagram_posts', accountKey: '222' },
    ],
    [
      'the dashboard’s test message is nobody’s',
      {
        object: 'instagram',
        entry: [
          { id: '0', changes: [{ field: 'messages', value: message({ recipient: { id: '23245' } }) }] },
        ],
      },
      { type: 'instagram_dm', accountKey: '23245' },
    ],
    [
      'the dashboard’s test comment is nobody’s',
      { object: 'instagram', entry: [{ id: '0', changes: [{ field: 'comments', value: { id: '5' } }] }] },
      { type: 'instagram_posts', accountKey: '0' },
    ],
    [
      'an object we never subscribed to',
      { object: 'permissions', entry: [{ id: '7', changes: [{ field: 'x' }] }] },
      { type: 'facebook_page', accountKey: 'permissions/7' },
    ],
  ])('%s', (_, body, to) => {
    expect(whose(body)).toEqual([to]);
  });

  test('shapes are made one: a lone change gets its list, a test message stands among messages', () => {
    const [lone] = split({
      object: 'instagram',
      entry: [{ id: '1', time: 5, field: 'comments', value: { id: '5' } }],
    });
    expect(lone && entriesOf(lone)).toEqual([
      { id: '1', time: 5, changes: [{ field: 'comments', value: { id: '5' } }] },
    ]);
    const [test] = split({
      object: 'instagram',
      entry: [{ id: '0', changes: [{ field: 'messages', value: message() }] }],
    });
    expect(test && entriesOf(test)).toEqual([{ id: '0', messaging: [message()] }]);
  });

  test('one account’s events stay together in order, across entries; ids keep every digit', () => {
    const big = '123456789012345678901234567890';
    const body = `{"object":"page","entry":[{"id":${big},"time":1,"messaging":[{"n":1},{"n":2}],"changes":[{"field":"feed","value":{"n":3}}]},{"id":"${big}","time":2,"messaging":[{"n":4}]}]}`;
    const slices = metaWebhook.split(post(body));
    if ('kind' in slices) throw new Error(slices.message);
    expect(slices.map(({ to }) => to)).toEqual([
      { type: 'messenger', accountKey: big },
      { type: 'facebook_page', accountKey: big },
    ]);
    expect(slices[0] && entriesOf(slices[0])).toEqual([
      { id: big, time: 1, messaging: [{ n: 1 }, { n: 2 }] },
      { id: big, time: 2, messaging: [{ n: 4 }] },
    ]);
  });

  test('a thousand events make many slices, in order', () => {
    const messaging = Array.from({ length: 1_000 }, (_, n) => ({ n, recipient: { id: '222' } }));
    const slices = split({ object: 'page', entry: [{ id: '222', messaging }] });
    expect(slices.length).toBeGreaterThan(50);
    expect(slices.flatMap(entriesOf).flatMap((entry) => entry['messaging'])).toEqual(messaging);
  });

  test.each(['', '[]', '5', 'null', '"x"', '{}', '{"entry":{}}', '{"object":"page"}'])(
    '%j is no webhook',
    (body) => {
      expect(metaWebhook.split(post(body))).toMatchObject({ kind: 'malformed' });
    },
  );
});

describe('nothing is lost', () => {
  const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(null, [], {}, '', 0, { id: {} }));
  const id = fc.constantFrom('0', '111', '222', 333, null);
  const item = fc.oneof(
    odd,
    fc.record({
      sender: fc.record({ id }),
      recipient: fc.record({ id }),
      message: fc.oneof(odd, fc.record({ is_echo: fc.boolean() })),
    }),
    fc.record({
      field: fc.constantFrom('messages', 'feed', 'comments', 'standby', 'message_reactions', 'x', 7),
      value: odd,
    }),
    fc.record({
      field: fc.constant('messages'),
      value: fc.record({ metadata: fc.record({ phone_number_id: id }) }),
    }),
    fc.record({ comment_id: id }),
  );
  const list = fc.oneof(
    { weight: 5, arbitrary: fc.array(item, { maxLength: 20 }) },
    odd as fc.Arbitrary<unknown>,
  );
  const entry = fc.oneof(
    odd,
    fc.record(
      { id, time: fc.nat(), messaging: list, standby: list, changes: list, field: fc.string(), value: odd },
      { requiredKeys: [] },
    ),
  );
  const payload = fc.record({
    object: fc.oneof(fc.constantFrom('page', 'instagram', 'whatsapp_business_account', 'user'), odd),
    entry: fc.array(entry, { maxLength: 5 }),
  });

  /** Every event with a mark of its own, so that what comes out can be counted. */
  test('every marked event comes out exactly once, in its account’s order', () => {
    const kinds = fc.constantFrom('messaging', 'standby', 'changes');
    const marked = fc.array(fc.record({ id, events: fc.array(fc.tuple(kinds, item), { maxLength: 40 }) }), {
      maxLength: 6,
    });
    const objects = fc.constantFrom('page', 'instagram', 'whatsapp_business_account', 'user');
    fc.assert(
      fc.property(objects, marked, (object, entries) => {
        let n = 0;
        const body = {
          object,
          entry: entries.map(({ id, events }) => {
            const made: Record<string, Json[]> = {};
            for (const [kind, given] of events) {
              const value =
                given !== null && typeof given === 'object' && !Array.isArray(given) ? given : { given };
              (made[kind] ??= []).push({ ...(value as JsonObject), mark: (n += 1) });
            }
            return { id, time: 1, ...made };
          }),
        };
        const marksIn = marksOf(body);
        const out = split(body);
        expect(out.flatMap((slice) => marksOf(entriesOf(slice))).sort((a, b) => a - b)).toEqual(
          marksIn.sort((a, b) => a - b),
        );
        const perAddress = Map.groupBy(out, ({ to }) => JSON.stringify(to));
        expect(out.every(({ to }) => 'type' in to)).toBe(true);
        for (const slices of perAddress.values())
          for (const slice of slices) expect(entriesOf(slice).length).toBeGreaterThan(0);
      }),
    );
  });

  test('no bytes and no shapes make it throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (body) => void metaWebhook.split(post(body))));
    fc.assert(
      fc.property(payload, (body) => {
        const slices = metaWebhook.split(post(JSON.stringify(body)));
        expect(Array.isArray(slices)).toBe(true);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), fc.string(), (url, signature) => {
        const get = { ...post(''), method: 'GET', url };
        expect(metaWebhook.verify(apps, get).kind).toBe('reject');
        expect(metaWebhook.verify(apps, post('{}', { 'x-hub-signature-256': signature })).kind).toBe(
          'reject',
        );
      }),
    );
  });
});

function marksOf(json: unknown): number[] {
  if (Array.isArray(json)) return json.flatMap(marksOf);
  if (json === null || typeof json !== 'object') return [];
  const { mark, ...rest } = json as { mark?: unknown };
  return [...(typeof mark === 'number' ? [mark] : []), ...Object.values(rest).flatMap(marksOf)];
}
