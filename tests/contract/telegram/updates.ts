/** Updates as Telegram sends them, typed by its own types; kept as JSON in channels/telegram/samples by samples.test.ts. */
import type { Chat, Update, User } from '@grammyjs/types';

const bot: User = { id: 987654321, is_bot: true, first_name: 'Shop', username: 'shop_bot' };
const ann: User = {
  id: 1122334455,
  is_bot: false,
  first_name: 'Ann',
  last_name: 'Lee',
  username: 'annlee',
  language_code: 'en',
};
const bob: User = { id: 5566778899, is_bot: false, first_name: 'بوب' };
const privately: Chat.PrivateChat = {
  id: ann.id,
  type: 'private',
  first_name: 'Ann',
  last_name: 'Lee',
  username: 'annlee',
};
const group: Chat.SupergroupChat = {
  id: -1001234567890,
  type: 'supergroup',
  title: 'Buyers',
  is_forum: true,
};
const plainGroup: Chat.GroupChat = { id: -4455667788, type: 'group', title: 'Old group' };
const channel: Chat.ChannelChat = { id: -1009876543210, type: 'channel', title: 'News' };
const date = 1_763_841_600;
const head = (messageId: number) => ({ message_id: messageId, from: ann, chat: privately, date });
const file = (id: string) => ({ file_id: `${id}-file-id`, file_unique_id: `${id}-u`, file_size: 24_301 });
const question = {
  message_id: 501,
  from: bot,
  chat: privately,
  date,
  text: 'Which size?',
  reply_markup: {
    inline_keyboard: [
      [{ text: 'Small', callback_data: 'small' }],
      [{ text: 'Large', callback_data: 'large' }],
    ],
  },
};

export const updates = {
  text: { update_id: 700_000_001, message: { ...head(101), text: 'Hello, is the blue one in stock?' } },
  start: {
    update_id: 700_000_002,
    message: {
      ...head(102),
      text: '/start promo',
      entities: [{ type: 'bot_command', offset: 0, length: 6 }],
    },
  },
  'reply-with-quote': {
    update_id: 700_000_003,
    message: {
      ...head(103),
      text: 'Yes, this one',
      reply_to_message: { message_id: 99, from: bot, chat: privately, date, text: 'This one?' } as never,
      quote: { text: 'This one', position: 0, is_manual: true },
    },
  },
  photo: {
    update_id: 700_000_004,
    message: {
      ...head(104),
      photo: [
        { ...file('thumb'), width: 90, height: 67, file_size: 1_304 },
        { ...file('medium'), width: 320, height: 240, file_size: 12_840 },
        { ...file('large'), width: 1280, height: 960, file_size: 148_022 },
      ],
      caption: 'It arrived broken 😢',
      caption_entities: [],
    },
  },
  'album-1': {
    update_id: 700_000_005,
    message: {
      ...head(105),
      media_group_id: '13579246801357924',
      photo: [{ ...file('album1'), width: 1280, height: 960 }],
      caption: 'Two views',
    },
  },
  'album-2': {
    update_id: 700_000_006,
    message: {
      ...head(106),
      media_group_id: '13579246801357924',
      photo: [{ ...file('album2'), width: 1280, height: 960 }],
    },
  },
  document: {
    update_id: 700_000_007,
    message: {
      ...head(107),
      document: { ...file('doc'), file_name: 'invoice.pdf', mime_type: 'application/pdf' },
    },
  },
  'document-too-large': {
    update_id: 700_000_008,
    message: {
      ...head(108),
      document: {
        ...file('huge'),
        file_name: 'film.mkv',
        mime_type: 'video/x-matroska',
        file_size: 734_003_200,
      },
    },
  },
  video: {
    update_id: 700_000_009,
    message: {
      ...head(109),
      video: { ...file('video'), width: 1280, height: 720, duration: 14, mime_type: 'video/mp4' },
      caption: 'Look',
    },
  },
  animation: {
    update_id: 700_000_010,
    message: {
      ...head(110),
      animation: { ...file('gif'), width: 320, height: 240, duration: 3, mime_type: 'video/mp4' },
      document: { ...file('gif'), mime_type: 'video/mp4' },
    },
  },
  voice: {
    update_id: 700_000_011,
    message: { ...head(111), voice: { ...file('voice'), duration: 4, mime_type: 'audio/ogg' } },
  },
  audio: {
    update_id: 700_000_012,
    message: {
      ...head(112),
      audio: { ...file('audio'), duration: 184, mime_type: 'audio/mpeg', performer: 'Ann', title: 'Song' },
    },
  },
  'video-note': {
    update_id: 700_000_013,
    message: { ...head(113), video_note: { ...file('note'), length: 240, duration: 7 } },
  },
  sticker: {
    update_id: 700_000_014,
    message: {
      ...head(114),
      sticker: {
        ...file('sticker'),
        type: 'regular',
        width: 512,
        height: 512,
        is_animated: false,
        is_video: false,
        emoji: '👍',
        set_name: 'Thumbs',
      },
    },
  },
  'sticker-animated': {
    update_id: 700_000_015,
    message: {
      ...head(115),
      sticker: {
        ...file('tgs'),
        type: 'regular',
        width: 512,
        height: 512,
        is_animated: true,
        is_video: false,
        emoji: '🎉',
      },
    },
  },
  location: {
    update_id: 700_000_016,
    message: { ...head(116), location: { latitude: 52.52, longitude: 13.405 } },
  },
  venue: {
    update_id: 700_000_017,
    message: {
      ...head(117),
      location: { latitude: 52.52, longitude: 13.405 },
      venue: { location: { latitude: 52.52, longitude: 13.405 }, title: 'Café', address: 'Main St 1' },
    },
  },
  contact: {
    update_id: 700_000_018,
    message: {
      ...head(118),
      contact: { phone_number: '+4915112345678', first_name: 'Carl', last_name: 'Day', user_id: 42 },
    },
  },
  poll: {
    update_id: 700_000_019,
    message: {
      ...head(119),
      poll: {
        id: '5211234567890123456',
        question: 'Lunch?',
        options: [],
        total_voter_count: 0,
        is_closed: false,
        is_anonymous: true,
        type: 'regular',
        allows_multiple_answers: false,
      } as never,
    },
  },
  dice: { update_id: 700_000_020, message: { ...head(120), dice: { emoji: '🎲', value: 6 } } },
  edited: {
    update_id: 700_000_021,
    edited_message: { ...head(101), edit_date: date + 60, text: 'Hello, is the red one in stock?' },
  },
  'callback-query': {
    update_id: 700_000_022,
    callback_query: {
      id: '4820473829472938472',
      from: ann,
      message: question,
      chat_instance: '-3920482098420384',
      data: 'large',
    },
  },
  'callback-query-of-an-old-message': {
    update_id: 700_000_023,
    callback_query: {
      id: '4820473829472938473',
      from: ann,
      message: { chat: privately, message_id: 12, date: 0 },
      chat_instance: '-3920482098420384',
      data: 'small',
    },
  },
  reaction: {
    update_id: 700_000_024,
    message_reaction: {
      chat: privately,
      message_id: 501,
      user: ann,
      date,
      old_reaction: [],
      new_reaction: [{ type: 'emoji', emoji: '❤' }],
    },
  },
  'reaction-taken-back': {
    update_id: 700_000_025,
    message_reaction: {
      chat: privately,
      message_id: 501,
      user: ann,
      date,
      old_reaction: [{ type: 'emoji', emoji: '❤' }],
      new_reaction: [],
    },
  },
  blocked: {
    update_id: 700_000_026,
    my_chat_member: {
      chat: privately,
      from: ann,
      date,
      old_chat_member: { user: bot, status: 'member' },
      new_chat_member: { user: bot, status: 'kicked', until_date: 0 },
    },
  },
  unblocked: {
    update_id: 700_000_027,
    my_chat_member: {
      chat: privately,
      from: ann,
      date,
      old_chat_member: { user: bot, status: 'kicked', until_date: 0 },
      new_chat_member: { user: bot, status: 'member' },
    },
  },
  'group-topic': {
    update_id: 700_000_028,
    message: {
      message_id: 301,
      from: bob,
      chat: group,
      date,
      message_thread_id: 7,
      is_topic_message: true,
      reply_to_message: {
        message_id: 7,
        chat: group,
        date,
        forum_topic_created: { name: 'Orders', icon_color: 1 },
      } as never,
      text: '@shop_bot wo ist مطعم؟',
    },
  },
  'group-anonymous-admin': {
    update_id: 700_000_029,
    message: {
      message_id: 302,
      from: { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' },
      sender_chat: group,
      chat: group,
      date,
      text: '@shop_bot opening hours?',
    },
  },
  'group-joined': {
    update_id: 700_000_030,
    message: { message_id: 303, from: bob, chat: plainGroup, date, new_chat_members: [bob] },
  },
  'group-upgraded': {
    update_id: 700_000_031,
    message: { message_id: 304, from: bob, chat: plainGroup, date, migrate_to_chat_id: group.id },
  },
  'bot-added-to-group': {
    update_id: 700_000_032,
    my_chat_member: {
      chat: plainGroup,
      from: bob,
      date,
      old_chat_member: { user: bot, status: 'left' },
      new_chat_member: { user: bot, status: 'member' },
    },
  },
  'channel-post': {
    update_id: 700_000_033,
    channel_post: { message_id: 9, sender_chat: channel, chat: channel, date, text: 'New in the shop' },
  },
  'business-message': {
    update_id: 700_000_034,
    business_message: {
      ...head(201),
      business_connection_id: 'bc-AQADBAAT',
      text: 'Do you deliver?',
    },
  },
  'business-message-of-the-owner': {
    update_id: 700_000_035,
    business_message: { ...head(202), from: bob, business_connection_id: 'bc-AQADBAAT', text: 'We do!' },
  },
  'business-message-edited': {
    update_id: 700_000_037,
    edited_business_message: {
      ...head(201),
      edit_date: date + 90,
      business_connection_id: 'bc-AQADBAAT',
      text: 'Do you deliver to Berlin?',
    },
  },
  'business-message-of-the-bot': {
    update_id: 700_000_038,
    business_message: {
      ...head(204),
      from: bob,
      sender_business_bot: bot,
      business_connection_id: 'bc-AQADBAAT',
      reply_to_message: { ...head(201), text: 'Do you deliver?' } as never,
      text: 'Yes, within two days.',
    },
  },
  'business-connection': {
    update_id: 700_000_039,
    business_connection: {
      id: 'bc-AQADBAAT',
      user: bob,
      user_chat_id: bob.id,
      date,
      rights: { can_reply: true },
      is_enabled: true,
    },
  },
  'live-location-moved': {
    update_id: 700_000_040,
    edited_message: {
      ...head(116),
      edit_date: date + 30,
      location: { latitude: 52.53, longitude: 13.41, live_period: 900 },
    },
  },
  forwarded: {
    update_id: 700_000_041,
    message: {
      ...head(121),
      forward_origin: { type: 'user', sender_user: bob, date },
      text: 'They said it ships tomorrow',
    },
  },
  'business-messages-deleted': {
    update_id: 700_000_036,
    deleted_business_messages: {
      business_connection_id: 'bc-AQADBAAT',
      chat: privately,
      message_ids: [201, 203],
    },
  },
} satisfies Record<string, Update>;
