/** Direct messages as Instagram tells of them; kept as JSON in channels/instagram_dm/samples by samples.test.ts. */
import type { JsonObject } from '#domain/json.ts';
import { accountId, metaApp } from '../instagram/account.ts';

export const igsid = '1254459154682919';
const bob = '6789012345678901';
const at = 1_763_841_600_123;
/** Message ids are long and look like this. */
export const mid = (name: string): string =>
  `aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx${Buffer.from(name).toString('base64url')}ZD`;

export function item(more: JsonObject, sender = igsid, timestamp = at): JsonObject {
  return {
    sender: { id: sender },
    recipient: { id: sender === accountId ? igsid : accountId },
    timestamp,
    ...more,
  };
}
export function message(name: string, content: JsonObject, sender = igsid): JsonObject {
  return item({ message: { mid: mid(name), ...content } }, sender);
}
export function webhook(...messaging: JsonObject[]): JsonObject {
  return { object: 'instagram', entry: [{ time: at + 400, id: accountId, messaging }] };
}
const cdn = (name: string): string =>
  `https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=${name}&signature=AbyZ1234567890`;
const attached = (type: string, payload: JsonObject): JsonObject => ({ type, payload });
const from = (who: string, name: string, content: JsonObject): JsonObject => message(name, content, who);

export const webhooks: Record<string, JsonObject> = {
  text: webhook(message('text', { text: 'Hello, is the blue one in stock? 💙' })),
  reply: webhook(
    message('reply', { text: 'Yes, this one', reply_to: { mid: mid('ours'), is_self_reply: false } }),
  ),
  'story-reply': webhook(
    message('story-reply', {
      text: 'How much is it?',
      reply_to: { story: { id: '17994231112233445', url: cdn('17994231112233445') } },
    }),
  ),
  'story-mention': webhook(
    message('story-mention', { attachments: [attached('story_mention', { url: cdn('18020000000000001') })] }),
  ),
  image: webhook(message('image', { attachments: [attached('image', { url: cdn('18020000000000002') })] })),
  'images-and-text': webhook(
    message('images', {
      text: 'These three',
      attachments: ['1', '2', '3'].map((each) => attached('image', { url: cdn(`1802000000000010${each}`) })),
    }),
  ),
  audio: webhook(message('audio', { attachments: [attached('audio', { url: cdn('18020000000000003') })] })),
  video: webhook(message('video', { attachments: [attached('video', { url: cdn('18020000000000004') })] })),
  file: webhook(message('file', { attachments: [attached('file', { url: cdn('18020000000000005') })] })),
  'shared-post': webhook(
    message('post', {
      attachments: [
        attached('ig_post', {
          ig_post_media_id: '17900112233445566',
          title: 'New in: blue',
          url: cdn('18020000000000006'),
        }),
      ],
    }),
  ),
  'shared-post-old': webhook(
    message('share', { attachments: [attached('share', { url: cdn('18020000000000007') })] }),
  ),
  'shared-post-of-a-private-account': webhook(
    message('private-post', {
      attachments: [attached('ig_post', { ig_post_media_id: '17900112233445567' })],
    }),
  ),
  reel: webhook(
    message('reel', {
      attachments: [
        attached('ig_reel', {
          reel_video_id: '3490000000000000001',
          title: 'Making of',
          url: cdn('18020000000000008'),
        }),
      ],
    }),
  ),
  'link-preview': webhook(
    message('fallback', {
      text: 'https://shop.example/blue',
      attachments: [attached('fallback', { url: 'https://shop.example/blue', title: 'Blue' })],
    }),
  ),
  unsupported: webhook(message('unsupported', { is_unsupported: true })),
  'view-once': webhook(message('ephemeral', { attachments: [{ type: 'ephemeral' }] })),
  unsent: webhook(message('text', { is_deleted: true })),
  'quick-reply': webhook(message('quick', { text: 'Large', quick_reply: { payload: 'size-large' } })),
  postback: webhook(
    item({ postback: { mid: mid('postback'), title: 'Opening hours', payload: 'ice_breaker_hours' } }),
  ),
  'postback-without-id': webhook(item({ postback: { title: 'Start', payload: 'GET_STARTED' } }, bob)),
  'message-from-an-ad': webhook(
    message('ad', {
      text: 'I saw your ad',
      referral: {
        ref: 'autumn',
        ad_id: '120201234567890123',
        source: 'ADS',
        type: 'OPEN_THREAD',
        ads_context_data: { ad_title: 'Autumn sale', photo_url: cdn('1'), post_id: '17900112233445568' },
      },
    }),
  ),
  'message-about-a-product': webhook(
    message('product', { text: 'Is it washable?', referral: { product: { id: '7654321098765432' } } }),
  ),
  referral: webhook(
    item({ referral: { ref: 'flyer-17', source: 'IGME-SOURCE-LINK', type: 'OPEN_THREAD' } }, bob, at + 1),
  ),
  reaction: webhook(
    item({ reaction: { mid: mid('ours'), action: 'react', reaction: 'love', emoji: '❤️' } }, igsid, at + 2),
  ),
  'reaction-by-name-only': webhook(
    item({ reaction: { mid: mid('ours'), action: 'react', reaction: 'love' } }, bob, at + 3),
  ),
  'reaction-taken-back': webhook(item({ reaction: { mid: mid('ours'), action: 'unreact' } }, igsid, at + 4)),
  seen: webhook(item({ read: { mid: mid('ours') } }, igsid, at + 5)),
  edited: webhook(
    item(
      { message_edit: { mid: mid('text'), text: 'Hello, is the red one in stock?', num_edit: 1 } },
      igsid,
      at + 6,
    ),
  ),
  'edit-of-nothing': webhook(item({ message_edit: { mid: mid('fresh'), num_edit: 0 } }, igsid, at + 7)),
  'echo-of-ours': webhook(
    from(accountId, 'ours', { text: 'This one?', is_echo: true, app_id: Number(metaApp.id) }),
  ),
  'echo-of-the-app': webhook(from(accountId, 'app', { text: 'I am back at nine', is_echo: true })),
  'echo-image-of-the-app': webhook(
    from(accountId, 'app-image', {
      is_echo: true,
      attachments: [attached('image', { url: cdn('18020000000000009') })],
    }),
  ),
  'own-reaction': webhook(
    item(
      { reaction: { mid: mid('text'), action: 'react', reaction: 'like', emoji: '👍' } },
      accountId,
      at + 8,
    ),
  ),
  'message-to-itself': webhook({
    ...message('self', { text: 'testing our flow', is_self: true }, accountId),
    recipient: { id: accountId },
  }),
  'another-apps-thread': {
    object: 'instagram',
    entry: [{ time: at, id: accountId, standby: [message('standby', { text: 'Anybody there?' }, bob)] }],
  },
  handover: webhook(
    item({ take_thread_control: { previous_owner_app_id: '263902037430900', metadata: '' } }, bob, at + 9),
  ),
  'kind-from-the-future': webhook(item({ hologram: { id: '1' } }, bob, at + 10)),
  'message-from-the-future': webhook(message('future', { hologram: { url: cdn('2') } }, bob)),
  'dashboard-test': {
    object: 'instagram',
    entry: [
      {
        id: '0',
        time: 1_763_841_600,
        changes: [
          {
            field: 'messages',
            value: {
              sender: { id: '12334' },
              recipient: { id: '23245' },
              timestamp: '1527459824',
              message: { mid: 'random_mid', text: 'random_text' },
            },
          },
        ],
      },
    ],
  },
  'app-specific-id': webhook({
    ...message('scoped', { text: 'sent from our app', is_echo: true }, '25025320337163410'),
    recipient: { id: igsid },
  }),
  batch: {
    object: 'instagram',
    entry: [
      {
        time: at,
        id: accountId,
        messaging: [
          message('batch-1', { text: 'one' }, bob),
          item({ read: { mid: mid('batch-0') } }, bob, at + 11),
          message('batch-2', { text: 'two' }),
        ],
      },
      { time: at, id: accountId, messaging: [message('batch-3', { text: 'three' }, bob)] },
    ],
  },
};
