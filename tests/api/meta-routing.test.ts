/** All of Meta's inboxes of one business on one webhook: every event ends in the right inbox, once, whatever stands beside it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChannelType } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import { poolOf } from '#db/client.ts';
import { ingestOnly } from '#db/drive.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { connectAccount, deliverToMeta, META_ENV, pageCredentials, pageMessage } from '../support/meta.ts';

const page = '104567890123456';
const otherPage = '104567890123457';
const instagram = '17841405822304914';
const waba = '102290129340398';
const [number, otherNumber] = ['106540352242922', '106540352242923'];
const token = 'EAAG0123456789abcdefghijklmnop';
const instagramCredentials = (id: string): JsonObject => ({
  instagramUserId: id,
  accessToken: `IG${token}`,
  login: 'instagram',
});
const whatsappCredentials = (id: string): JsonObject => ({
  wabaId: waba,
  phoneNumberId: id,
  accessToken: token,
});

let api: TestApi;
const inboxes: Record<string, string> = {};
beforeAll(async () => {
  api = await createTestApi({}, META_ENV);
  const accounts: [name: string, ChannelType, accountKey: string, subscription: string, JsonObject][] = [
    ['messenger', 'messenger', page, `page/${page}`, pageCredentials(page)],
    ['comments', 'facebook_page', page, `page/${page}`, pageCredentials(page)],
    ['other page', 'messenger', otherPage, `page/${otherPage}`, pageCredentials(otherPage)],
    ['instagram', 'instagram_dm', instagram, `instagram/${instagram}`, instagramCredentials(instagram)],
    [
      'instagram comments',
      'instagram_posts',
      instagram,
      `instagram/${instagram}`,
      instagramCredentials(instagram),
    ],
    ['number', 'whatsapp', number, `waba/${waba}`, whatsappCredentials(number)],
    ['other number', 'whatsapp', otherNumber, `waba/${waba}`, whatsappCredentials(otherNumber)],
  ];
  for (const [name, type, accountKey, subscription, credentials] of accounts)
    inboxes[name] = await connectAccount(api, { type, accountKey, subscription, credentials });
});
afterAll(() => api.close());

const nowSeconds = Math.floor(Date.now() / 1000);
const feed = (id: string, text: string, from: string): JsonObject => ({
  field: 'feed',
  value: {
    item: 'comment',
    verb: 'add',
    from: { id: from, name: 'Ann' },
    post_id: `${page}_1`,
    // A page answers a comment; it has nobody to answer on its own post.
    parent_id: from === page ? '1_1' : `${page}_1`,
    comment_id: `1_${id}`,
    created_time: nowSeconds,
    message: text,
  },
});
const groupComment = (id: string, text: string): JsonObject => ({
  recipient: { id: page },
  from: { id: '6100', name: 'Cinderella' },
  group_id: '333',
  comment_id: `333_${id}`,
  post_id: '333_1',
  created_time: nowSeconds,
  item: 'comment',
  verb: 'add',
  message: text,
  field: 'group_feed',
});
const comment = (id: string, text: string, from = '178900'): JsonObject => ({
  id,
  text,
  from: { id: from, username: from === instagram ? 'shop' : 'ann' },
  media: { id: '1790', media_product_type: 'FEED' },
  ...(from === instagram ? { parent_id: 'c1' } : {}),
});
const whatsapp = (phone: string, id: string, text: string): JsonObject => ({
  field: 'messages',
  value: {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: phone },
    contacts: [{ profile: { name: 'Ann' }, wa_id: '16505551234', user_id: 'US.1' }],
    messages: [
      {
        from: '16505551234',
        from_user_id: 'US.1',
        id,
        timestamp: String(nowSeconds),
        type: 'text',
        text: { body: text },
      },
    ],
  },
});

const deliveries: Record<string, JsonObject> = {
  page: {
    object: 'page',
    entry: [
      {
        id: page,
        time: 1,
        messaging: [
          pageMessage(page, 'm_1', 'to messenger'),
          groupComment('1', 'group comment'),
          pageMessage(page, 'm_2', 'to messenger too'),
        ],
        changes: [feed('1', 'page comment', '7390'), feed('2', 'own reply', page)],
      },
      { id: otherPage, time: 1, messaging: [pageMessage(otherPage, 'm_3', 'to the other page')] },
      {
        id: page,
        time: 2,
        standby: [pageMessage(page, 'm_4', 'while another app had it')],
        changes: [feed('3', 'second comment', '7390')],
      },
      { id: '0', time: 2, changes: [feed('4', 'dashboard test', '7390')] },
    ],
  },
  instagram: {
    object: 'instagram',
    entry: [
      {
        id: instagram,
        time: 1,
        messaging: [
          pageMessage(instagram, 'ig_1', 'to instagram', '5550'),
          {
            sender: { id: instagram },
            recipient: { id: '5550' },
            timestamp: Date.now(),
            message: { mid: 'ig_2', text: 'from the app', is_echo: true },
          },
        ],
        changes: [{ field: 'comments', value: comment('c1', 'instagram comment') }],
      },
      {
        id: instagram,
        time: nowSeconds,
        field: 'comments',
        value: comment('c2', 'comment without its list'),
      },
      {
        id: instagram,
        time: nowSeconds,
        changes: [{ field: 'comments', value: comment('c3', 'own answer', instagram) }],
      },
      {
        id: '0',
        time: 1,
        changes: [
          { field: 'messages', value: pageMessage('23245', 'random_mid', 'dashboard test', '12334') },
        ],
      },
    ],
  },
  whatsapp: {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: waba,
        changes: [
          whatsapp(number, 'wamid.1', 'to the number'),
          whatsapp(otherNumber, 'wamid.2', 'to the other number'),
          { field: 'account_update', value: { event: 'ACCOUNT_RESTRICTION' } },
        ],
      },
      { id: waba, changes: [whatsapp(number, 'wamid.3', 'to the number again')] },
    ],
  },
};

async function ingestAll(): Promise<void> {
  const { rows } = await poolOf(api.deps.engineDb).query<{ id: string }>(
    `select id from inbound_events where workspace_id is not null and ingested_at is null
        and kind not in ('status', 'edit', 'delete') order by accept_no`,
  );
  for (const { id } of rows) await ingestOnly(poolOf(api.deps.engineDb), id);
}
async function messagesIn(name: string): Promise<string[]> {
  const { rows } = await poolOf(api.deps.engineDb).query<{ text: string }>(
    `select m.text from messages m join inbound_events e on e.id = m.event_id
      where m.inbox_id = $1 and m.direction = 'in' order by e.accept_no`,
    [inboxes[name]],
  );
  return rows.map(({ text }) => text);
}
async function eventsOf(name: string): Promise<string[]> {
  const { rows } = await poolOf(api.deps.engineDb).query<{ kind: string; text: string | null }>(
    `select kind, payload ->> 'text' as text from inbound_events where inbox_id = $1 order by accept_no`,
    [inboxes[name]],
  );
  return rows.map(({ kind, text }) => (text === null ? kind : `${kind}: ${text}`));
}

test('deliveries that mix everything end as the right messages in the right inboxes, once each', async () => {
  for (const name of ['page', 'instagram', 'whatsapp', 'page', 'instagram', 'whatsapp'])
    expect((await deliverToMeta(api, deliveries[name])).status).toBe(200);
  await ingestAll();
  expect(await messagesIn('messenger')).toEqual([
    'to messenger',
    'to messenger too',
    'while another app had it',
  ]);
  expect(await messagesIn('comments')).toEqual(['group comment', 'page comment', 'second comment']);
  expect(await messagesIn('other page')).toEqual(['to the other page']);
  expect(await messagesIn('instagram')).toEqual(['to instagram']);
  expect(await messagesIn('instagram comments')).toEqual(['instagram comment', 'comment without its list']);
  expect(await messagesIn('number')).toEqual(['to the number', 'to the number again']);
  expect(await messagesIn('other number')).toEqual(['to the other number']);
});

test('what we sent ourselves stays with the inbox it was sent from', async () => {
  expect(await eventsOf('comments')).toContain('echo: own reply');
  expect(await eventsOf('messenger')).not.toContain('echo: own reply');
  expect(await eventsOf('instagram')).toContain('echo: from the app');
  expect(await eventsOf('instagram comments')).toContain('echo: own answer');
});

test('news of a WhatsApp business account reach every number on it', async () => {
  for (const name of ['number', 'other number'])
    expect((await eventsOf(name)).filter((event) => event === 'account')).toHaveLength(1);
});

test('test deliveries of the dashboard reach nobody', async () => {
  const { rows } = await poolOf(api.deps.engineDb).query<{ kind: string; workspace_id: string | null }>(
    `select kind, workspace_id from inbound_events where convert_from(raw, 'UTF8') like '%dashboard test%'`,
  );
  expect(rows).toEqual([
    { kind: 'unrouted', workspace_id: null },
    { kind: 'unrouted', workspace_id: null },
  ]);
});

test('an Instagram app’s signature is as good as the Meta app’s', async () => {
  const body = {
    object: 'instagram',
    entry: [
      { id: instagram, time: 1, messaging: [pageMessage(instagram, 'ig_9', 'by Instagram Login', '5550')] },
    ],
  };
  expect((await deliverToMeta(api, body, META_ENV.INSTAGRAM_APP_SECRET)).status).toBe(200);
  await ingestAll();
  expect(await messagesIn('instagram')).toEqual(['to instagram', 'by Instagram Login']);
});
