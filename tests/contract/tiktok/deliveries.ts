/** Deliveries after TikTok's documentation of its webhooks; kept as JSON in channels/tiktok/samples by samples.test.ts. */
import type { JsonObject } from '#domain/json.ts';

export const businessId = '-000kPSrd4XlmJcXzvOe3tJjxKBOSGDSgL0e';
const timestamp = 1_763_841_600_123;
const conversation_id = 'eyJjIjoiMDpBQUFBIn0=';
const business = { id: businessId, role: 'business_account' };
const person = { id: 'oid-4711_AbCdEf', role: 'personal_account' };

export const delivery = (event: string, content: unknown): JsonObject => ({
  client_key: '7361234567890123456',
  event,
  create_time: 1_763_841_600,
  user_openid: businessId,
  content: typeof content === 'string' ? content : JSON.stringify(content),
});
const theirs = {
  from: 'ann.lee',
  to: 'the.shop',
  unique_identifier: 'uid-1',
  from_user: person,
  to_user: business,
  conversation_id,
};
const ours = {
  from: 'the.shop',
  to: 'ann.lee',
  unique_identifier: 'uid-1',
  from_user: business,
  to_user: person,
  conversation_id,
};
const tail = (source: string): JsonObject => ({ scene_type: 0, is_follower: true, message_tag: { source } });
const received = (n: number, fields: JsonObject): JsonObject =>
  delivery('im_receive_msg', {
    ...theirs,
    message_id: `75740000000000000${n}`,
    timestamp: timestamp + n,
    ...fields,
    ...tail('APP'),
  });
const sent = (n: number, source: string, fields: JsonObject): JsonObject =>
  delivery('im_send_msg', {
    ...ours,
    message_id: `75740000000000000${n}`,
    timestamp: timestamp + n,
    ...fields,
    ...tail(source),
  });

export const deliveries: Record<string, JsonObject> = {
  text: received(10, { type: 'text', text: { body: 'Is the blue one in stock? 💙' } }),
  'text-quoting-ours': received(11, {
    type: 'text',
    text: { body: 'This one' },
    referenced_message_info: { referenced_message_id: '7574000000000000030' },
  }),
  'text-of-a-pressed-button': received(12, {
    type: 'text',
    text: { body: 'Large' },
    reply_source_payload: { reply_source_msg_id: '7574000000000000030', reply_source_unique_id: 'large' },
  }),
  image: received(13, { type: 'image', image: { media_id: '7574111111111111111' } }),
  video: received(14, { type: 'video', video: { media_id: '7574222222222222222' } }),
  'share-post': received(15, {
    type: 'share_post',
    share_post: {
      embed_url: 'https://www.tiktok.com/player/v1/7574333333333333333',
      video_id: '7574333333333333333',
    },
  }),
  sticker: received(16, {
    type: 'sticker',
    sticker: { url: 'https://p16-sign.tiktokcdn-us.com/sticker.webp?x-expires=1766433600' },
  }),
  emoji: received(17, { type: 'emoji', emoji: { url: 'https://p16-sign.tiktokcdn-us.com/emoji.webp' } }),
  'unknown-type': received(18, { type: 'voice', voice: { media_id: '7574444444444444444' } }),
  'ids-as-numbers': delivery(
    'im_receive_msg',
    `{"conversation_id":7574555555555555555,"message_id":7574666666666666667,"timestamp":${timestamp},"type":"text","text":{"body":"Long ids"},"from":"ann.lee","from_user":{"id":"oid-4711_AbCdEf"},"to":"the.shop","to_user":{"id":"${businessId}"}}`,
  ),
  reaction: received(19, {
    type: 'reaction',
    reaction: [
      {
        operation: 'ADD',
        type: 'EMOJI',
        emoji: '👍',
        unique_identifier: 'uid-1',
        timestamp,
        original_msg_id: '7574000000000000030',
      },
      {
        operation: 'ADD',
        type: 'AI_EMOJI',
        ai_emoji_url: 'https://p16-sign.tiktokcdn-us.com/ai.webp',
        unique_identifier: 'uid-1',
        timestamp,
        original_msg_id: '7574000000000000031',
      },
    ],
  }),
  'reaction-taken-back': received(20, {
    type: 'reaction',
    reaction: [
      {
        operation: 'REMOVE',
        type: 'EMOJI',
        emoji: '👍',
        unique_identifier: 'uid-1',
        timestamp,
        original_msg_id: '7574000000000000030',
      },
    ],
  }),
  'echo-of-the-api': sent(30, 'API', { type: 'text', text: { body: 'Which size?' } }),
  'echo-of-the-app': sent(31, 'APP', { type: 'image', image: { media_id: '7574777777777777777' } }),
  'echo-of-a-template': sent(32, 'API', {
    type: 'template',
    template: {
      type: 'qa_button_card',
      elements: [
        {
          title: 'Which size?',
          buttons: [
            { text: 'Small', type: 'REPLY', id: 'small' },
            { text: 'Large', type: 'REPLY', id: 'large' },
          ],
        },
      ],
    },
  }),
  'echo-of-an-automatic-message': sent(33, 'OTHERS', {
    type: 'text',
    text: { body: 'Welcome!' },
    auto_message_type: 'WELCOME_MESSAGE',
  }),
  'reaction-of-the-business': sent(34, 'APP', {
    type: 'reaction',
    reaction: [
      {
        operation: 'ADD',
        type: 'EMOJI',
        emoji: '❤',
        unique_identifier: 'b',
        timestamp,
        original_msg_id: '7574000000000000010',
      },
    ],
  }),
  read: delivery('im_mark_read_msg', {
    ...theirs,
    timestamp: timestamp + 500,
    read: { last_read_timestamp: timestamp + 33 },
  }),
  'referral-by-an-ad': delivery('im_referral_msg', {
    ...theirs,
    timestamp,
    is_follower: false,
    referral: {
      source: 'ad',
      ad: { advertiser_id: '1', ad_id: '1780000000000000001', timestamp, ad_name: 'Autumn' },
    },
  }),
  'message-from-europe': delivery('im_receive_msg_eu', { to: 'the.shop', to_user: business, timestamp }),
  'automatic-message-approved': delivery('im_auto_message_audit_update', {
    auto_message_id: '1',
    auto_message_type: 'WELCOME_MESSAGE',
    audit_status: 'APPROVED',
    timestamp,
  }),
  'automatic-message-changed': delivery('im_auto_message_config_update', {
    auto_message_id: '1',
    auto_message_type: 'WELCOME_MESSAGE',
    auto_message_action: 'ENABLE',
    timestamp,
    welcome_message: { content: 'Welcome!' },
  }),
  'high-intent-comment': delivery('im_receive_high_intent_comment', {
    from: 'ann.lee',
    to: 'the.shop',
    unique_identifier: 'uid-1',
    from_user: person,
    to_user: business,
    comment_id: '7574888888888888888',
    comment_text: 'How much?',
    is_follower: true,
    timestamp,
  }),
  'unknown-event-with-a-message': delivery('im_receive_msg_v2', {
    ...theirs,
    message_id: '7574000000000000040',
    timestamp,
    type: 'text',
    text: { body: 'From the future' },
  }),
  'content-that-is-no-json': delivery('im_receive_msg', 'not json'),
};
