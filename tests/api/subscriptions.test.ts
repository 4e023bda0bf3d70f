/** Inboxes that share a page: connecting one keeps the others' fields, deleting one leaves the remainder, the last unsubscribes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChannelType } from '#domain/channel.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { connectAccount, META_ENV, pageCredentials, type Subscriptions } from '../support/meta.ts';

let api: TestApi;
let subscriptions: Subscriptions;
beforeAll(async () => {
  api = await createTestApi({}, META_ENV);
  subscriptions = new Map();
});
afterAll(() => api.close());

const connect = (type: ChannelType, page: string, sandbox = false): Promise<string> =>
  connectAccount(
    api,
    { type, accountKey: page, subscription: `page/${page}`, credentials: pageCredentials(page), sandbox },
    subscriptions,
  );
const remove = (id: string): Promise<Response> => api.request(`/api/inboxes/${id}`, { method: 'DELETE' });
const on = (page: string): ChannelType[] | undefined => subscriptions.get(`page/${page}`);

test('the union on connecting, the remainder on deleting, nothing after the last', async () => {
  const comments = await connect('facebook_page', '1');
  expect(on('1')).toEqual(['facebook_page']);
  const messages = await connect('messenger', '1');
  expect(on('1')).toEqual(['facebook_page', 'messenger']);
  expect(await connect('messenger', '2')).not.toBe(messages);
  expect(on('2')).toEqual(['messenger']);
  expect((await remove(messages)).status).toBe(200);
  expect(on('1')).toEqual(['facebook_page']);
  expect((await remove(comments)).status).toBe(200);
  expect(subscriptions.has('page/1')).toBe(false);
  expect(on('2')).toEqual(['messenger']);
});

test('connecting again with new credentials asks for the union too', async () => {
  await connect('facebook_page', '3');
  const messages = await connect('messenger', '3');
  subscriptions.set('page/3', []);
  const renewed = await api.request(`/api/inboxes/${messages}`, {
    method: 'PATCH',
    body: { credentials: { pageAccessToken: 'EAAnew' } },
  });
  expect(renewed.status).toBe(200);
  expect(on('3')).toEqual(['facebook_page', 'messenger']);
});

test('two that connect at once don’t overwrite each other', async () => {
  for (let page = 10; page < 20; page += 1) {
    await Promise.all([connect('facebook_page', String(page)), connect('messenger', String(page))]);
    expect(on(String(page))).toEqual(['facebook_page', 'messenger']);
  }
});

test('one that is deleted while another connects leaves the other’s fields', async () => {
  for (let page = 20; page < 30; page += 1) {
    const comments = await connect('facebook_page', String(page));
    await Promise.all([remove(comments), connect('messenger', String(page))]);
    expect(on(String(page))).toContain('messenger');
  }
});

test('a refused connection leaves nobody waiting', async () => {
  const adapter = api.deps.registry.messenger;
  await connect('facebook_page', '40');
  api.deps.registry.messenger = {
    ...adapter,
    async connect(_inbox, _url, _signal, context) {
      await context.siblings('page/40');
      throw new Error('no');
    },
  };
  const refused = await api.request('/api/inboxes', {
    body: { type: 'messenger', name: 'x', credentials: pageCredentials('40') },
  });
  expect(refused.status).toBe(500);
  await connect('messenger', '40');
  expect(on('40')).toEqual(['facebook_page', 'messenger']);
});

test('the sandbox’s page is another page', async () => {
  await connect('facebook_page', '50', true);
  await connect('messenger', '50');
  expect(on('50')).toEqual(['messenger']);
});
