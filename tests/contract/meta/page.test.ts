/** A page as an account: connecting, sharing one subscription, health. */
import { afterAll, describe, expect, test } from 'vitest';
import type { ChannelType } from '#domain/channel.ts';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelAdapter,
  type ConnectContext,
} from '#channels/contract.ts';
import { createFacebookPageAdapter } from '#channels/facebook_page/adapter.ts';
import { createHttpClient } from '#channels/http.ts';
import { createMessengerAdapter } from '#channels/messenger/adapter.ts';
import { pageFields } from '#channels/meta/fields.ts';
import type { PageCredentials } from '#channels/meta/definition.ts';
import type { PageInbox } from '#channels/meta/page.ts';
import { alone } from '../../support/connect-context.ts';
import { metaApp, pageId, pageInbox, pageToken } from './case-inbox.ts';
import { refused, serveGraph, type GraphRoutes } from './graph-server.ts';

const http = createHttpClient({ allowPrivateHosts: [], deniedPorts: [] });
afterAll(() => http.close());
const signal = AbortSignal.timeout(20_000);
const webhookUrl = 'https://teloring.example/webhooks/meta';
const adapters: Record<'messenger' | 'facebook_page', ChannelAdapter<PageCredentials>> = {
  messenger: createMessengerAdapter({ http }),
  facebook_page: createFacebookPageAdapter({ http }),
};
type Type = keyof typeof adapters;
function inboxAt(type: Type, url: string): PageInbox {
  const inbox: AdapterInbox = pageInbox(type, url);
  return { ...inbox, credentials: { pageId, pageAccessToken: pageToken } };
}
const allScopes = [
  'pages_messaging',
  'pages_manage_metadata',
  'pages_read_engagement',
  'pages_read_user_content',
  'pages_manage_engagement',
];
const token = (more: object = {}) => ({
  body: {
    data: {
      is_valid: true,
      app_id: metaApp.id,
      type: 'PAGE',
      profile_id: pageId,
      expires_at: 0,
      data_access_expires_at: 0,
      scopes: allScopes,
      ...more,
    },
  },
});
const apps = `/${pageId}/subscribed_apps`;
const healthy = (type: Type, more: GraphRoutes = {}): GraphRoutes => ({
  'GET /debug_token': token(),
  [`GET /${pageId}`]: { body: { id: pageId, name: 'Shop' } },
  [`POST ${apps}`]: { body: { success: true } },
  [`DELETE ${apps}`]: { body: { success: true } },
  [`GET ${apps}`]: {
    body: {
      data: [
        { id: '999', subscribed_fields: ['feed'] },
        { id: metaApp.id, subscribed_fields: pageFields[type] },
      ],
    },
  },
  [`GET /${metaApp.id}/subscriptions`]: {
    body: { data: [{ object: 'page', callback_url: webhookUrl, active: true }] },
  },
  ...more,
});
const siblings = (...types: ChannelType[]): ConnectContext => ({
  siblings: async (subscription) => (subscription === `page/${pageId}` ? types : []),
});
async function failure(call: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw error;
  return error;
}

describe('connecting', () => {
  test.each(['messenger', 'facebook_page'] as const)(
    '%s checks the token and subscribes the page',
    async (type) => {
      const { url, asked } = await serveGraph(healthy(type));
      const connected = await adapters[type].connect(inboxAt(type, url), webhookUrl, signal, alone);
      expect(connected).toEqual({
        accountKey: pageId,
        accountLabel: 'Shop',
        credentials: { pageId, pageAccessToken: pageToken, appId: metaApp.id },
        subscription: `page/${pageId}`,
        warnings: [],
      });
      expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'GET /debug_token',
        `GET /${pageId}`,
        `POST ${apps}`,
      ]);
      expect(asked[0]?.authorization).toBe(`Bearer ${metaApp.id}|${metaApp.secret}`);
      expect(asked[0]?.query.get('input_token')).toBe(pageToken);
      expect(asked[2]?.form?.get('subscribed_fields')).toBe([...pageFields[type]].sort().join(','));
      expect(adapters[type].accountKeyOf?.(connected.credentials)).toBe(pageId);
    },
  );

  test('asks for the union where the page has other inboxes', async () => {
    const { url, asked } = await serveGraph(healthy('messenger'));
    await adapters.messenger.connect(
      inboxAt('messenger', url),
      webhookUrl,
      signal,
      siblings('facebook_page'),
    );
    const fields = [...pageFields.messenger, ...pageFields.facebook_page].sort().join(',');
    expect(asked[2]?.form?.get('subscribed_fields')).toBe(fields);
  });

  test.each<[string, GraphRoutes, string, string]>([
    [
      'an invalid token',
      { 'GET /debug_token': token({ is_valid: false, error: { message: `Malformed ${pageToken}` } }) },
      'reauthorize',
      'Malformed …',
    ],
    [
      'a refusal that repeats what it was asked with',
      {
        'GET /debug_token': {
          status: 400,
          body: { error: { code: 190, message: `Bad ${pageToken} or ${metaApp.secret}` } },
        },
      },
      'reauthorize',
      'Bad … or …',
    ],
    ['another app’s token', { 'GET /debug_token': token({ app_id: '5' }) }, 'permanent', 'Meta app 5'],
    ['another page’s token', { 'GET /debug_token': token({ profile_id: '77' }) }, 'permanent', 'page 77'],
    ['a bad app secret', { 'GET /debug_token': refused(190) }, 'reauthorize', 'refused'],
    ['a refused subscription', { [`POST ${apps}`]: refused(200) }, 'reauthorize', 'refused'],
  ])('%s ends it', async (_, routes, kind, words) => {
    const { url } = await serveGraph(healthy('messenger', routes));
    const error = await failure(
      adapters.messenger.connect(inboxAt('messenger', url), webhookUrl, signal, alone),
    );
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(words)]);
    expect(error.message).not.toContain(pageToken);
  });

  test('without an app of the deployment nothing is called', async () => {
    const { url, asked } = await serveGraph({});
    const inbox = { ...inboxAt('messenger', url), apps: {} };
    expect((await failure(adapters.messenger.connect(inbox, webhookUrl, signal, alone))).message).toContain(
      'no Meta app',
    );
    expect(asked).toEqual([]);
  });

  test('missing permissions and an end are warnings', async () => {
    const facts = token({ scopes: ['pages_messaging'], expires_at: 1_900_000_000 });
    const { url } = await serveGraph(healthy('messenger', { 'GET /debug_token': facts }));
    const { warnings } = await adapters.messenger.connect(
      inboxAt('messenger', url),
      webhookUrl,
      signal,
      alone,
    );
    expect(warnings).toEqual([
      expect.stringContaining('pages_manage_metadata'),
      expect.stringContaining('2030-03-17'),
    ]);
  });
});

describe('disconnecting', () => {
  test('leaves what siblings need', async () => {
    const { url, asked } = await serveGraph(healthy('messenger'));
    await adapters.messenger.disconnect(inboxAt('messenger', url), signal, siblings('facebook_page'));
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`POST ${apps}`]);
    expect(asked[0]?.form?.get('subscribed_fields')).toBe('feed,mention');
  });

  test('unsubscribes where there is none', async () => {
    const { url, asked } = await serveGraph(healthy('messenger'));
    await adapters.messenger.disconnect(inboxAt('messenger', url), signal, alone);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`DELETE ${apps}`]);
  });

  test('a token that is gone has nothing to undo; other trouble is told', async () => {
    const gone = await serveGraph({ [`DELETE ${apps}`]: refused(190) });
    await adapters.messenger.disconnect(inboxAt('messenger', gone.url), signal, alone);
    const busy = await serveGraph({ [`DELETE ${apps}`]: refused(4) });
    const error = await failure(adapters.messenger.disconnect(inboxAt('messenger', busy.url), signal, alone));
    expect(error.kind).toBe('retry_after');
  });
});

describe('health', () => {
  const probe = async (type: Type, routes: GraphRoutes = {}) => {
    const { url } = await serveGraph(healthy(type, routes));
    return await adapters[type].probe(inboxAt(type, url), webhookUrl, signal);
  };
  const inDays = (days: number): number => Math.floor(Date.now() / 1000) + days * 86_400;

  test.each(['messenger', 'facebook_page'] as const)('%s is well', async (type) => {
    const result = await probe(type);
    expect(result).toMatchObject({ inbound: { state: 'ok' }, outbound: { state: 'ok' } });
    expect(JSON.stringify(result)).not.toContain(pageToken);
    expect(result.facts).toMatchObject({
      tokenValid: true,
      tokenExpiresAt: null,
      appWebhookHost: 'https://teloring.example',
    });
  });

  const noSubscription = { body: { data: [{ id: '999', subscribed_fields: ['messages'] }] } };
  const fewFields = { body: { data: [{ id: metaApp.id, subscribed_fields: ['messages'] }] } };
  const hook = (more: object) => ({
    body: { data: [{ object: 'page', callback_url: webhookUrl, active: true, ...more }] },
  });
  test.each<[string, GraphRoutes, string, string, string]>([
    [
      'an invalid token',
      { 'GET /debug_token': token({ is_valid: false }) },
      'failing',
      'failing',
      'not valid',
    ],
    ['a refused question', { 'GET /debug_token': refused(190) }, 'failing', 'failing', 'refused'],
    ['a rate limit', { 'GET /debug_token': refused(4) }, 'unknown', 'unknown', 'refused'],
    [
      'a token that ends soon',
      { 'GET /debug_token': token({ expires_at: inDays(3) }) },
      'degraded',
      'degraded',
      'ends on',
    ],
    [
      'data access that ends soon',
      { 'GET /debug_token': token({ data_access_expires_at: inDays(3) }) },
      'degraded',
      'degraded',
      'data',
    ],
    [
      'data access that has ended',
      { 'GET /debug_token': token({ data_access_expires_at: inDays(-1) }) },
      'failing',
      'failing',
      'ended',
    ],
    [
      'a missing permission',
      { 'GET /debug_token': token({ scopes: ['pages_messaging'] }) },
      'failing',
      'ok',
      'pages_manage_metadata',
    ],
    ['no subscription', { [`GET ${apps}`]: noSubscription }, 'failing', 'ok', 'not subscribed'],
    ['missing fields', { [`GET ${apps}`]: fewFields }, 'degraded', 'ok', 'message_reads'],
    [
      'a webhook elsewhere',
      { [`GET /${metaApp.id}/subscriptions`]: hook({ callback_url: 'https://other.example/x' }) },
      'failing',
      'ok',
      'elsewhere',
    ],
    [
      'no webhook',
      { [`GET /${metaApp.id}/subscriptions`]: { body: { data: [] } } },
      'failing',
      'ok',
      'no webhook',
    ],
    [
      'a webhook switched off',
      { [`GET /${metaApp.id}/subscriptions`]: hook({ active: false }) },
      'failing',
      'ok',
      'off',
    ],
    [
      'an app that keeps its webhook to itself',
      { [`GET /${metaApp.id}/subscriptions`]: refused(100) },
      'ok',
      'ok',
      '',
    ],
  ])('%s', async (_, routes, inbound, outbound, words) => {
    const result = await probe('messenger', routes);
    expect([result.inbound.state, result.outbound.state]).toEqual([inbound, outbound]);
    expect(result.inbound.reason ?? '').toContain(words);
  });
});
