/** Deliveries as LINE sends them, typed by its own SDK; kept as JSON in channels/line/samples by samples.test.ts. */
import type { webhook } from '@line/bot-sdk';

export const bot = 'U8e742f61d673b39c7fff3cecb7536ef0';
const ann = 'U4af4980629f1a1a2b3c4d5e6f7a8b9c0';
const bob = 'U206d25c2ea6bd87c17655609a1c37cb8';
const group = 'Ca56f94637c1a2b3c4d5e6f7a8b9c0d1e';
const room = 'Ra8dbf4673c1a2b3c4d5e6f7a8b9c0d1e';
const timestamp = 1_763_841_600_123;

type Fields<E extends webhook.Event = webhook.Event> = E extends webhook.Event
  ? Omit<E, 'timestamp' | 'mode' | 'webhookEventId' | 'deliveryContext'> &
      Partial<Pick<E, 'mode' | 'timestamp' | 'deliveryContext'>>
  : never;

let events = 0;
function event(fields: Fields): webhook.Event {
  events += 1;
  return {
    timestamp: timestamp + events * 1000,
    mode: 'active',
    webhookEventId: `01KAN7Q0PZ5Y8W3V2X1M0N9B${String(events).padStart(2, '0')}`,
    deliveryContext: { isRedelivery: false },
    ...fields,
  };
}
const delivery = (...list: webhook.Event[]): webhook.CallbackRequest => ({ destination: bot, events: list });

const person: webhook.Source = { type: 'user', userId: ann };
const token = (n: number): string => `nHuyWiB7yP5Zw52FIkcQobQuGDXCTA${String(n).padStart(2, '0')}`;
const quote = (n: number): string => `q3Plxr4AgKd_quote${n}`;
const read = (n: number): string => `30yhdy232_read${n}`;
const said = (n: number, message: webhook.MessageContent, source: webhook.Source = person): webhook.Event =>
  event({ type: 'message', source, replyToken: token(n), message });
const line: webhook.ContentProvider = { type: 'line' };
const album = (n: number, index: number): webhook.Event =>
  said(n, {
    type: 'image',
    id: `54112280001700${n}`,
    quoteToken: quote(n),
    contentProvider: line,
    imageSet: { id: 'E005D41A7288F41B65593ED38FF6E9834B046AB36A37921A56BC236F13A91855', index, total: 3 },
  });

export const deliveries: Record<string, webhook.CallbackRequest> = {
  'webhook-verification': delivery(),
  text: delivery(
    said(1, {
      type: 'text',
      id: '444573844083572737',
      quoteToken: quote(1),
      markAsReadToken: read(1),
      text: 'Is the blue one in stock?',
    }),
  ),
  'text-with-emoji-and-mention': delivery(
    said(
      2,
      {
        type: 'text',
        id: '444573844083572738',
        quoteToken: quote(2),
        text: '@Shop Good morning (love)',
        emojis: [{ index: 19, length: 6, productId: '5ac1bfd5040ab15980c9b435', emojiId: '001' }],
        mention: { mentionees: [{ type: 'user', index: 0, length: 5, userId: bot, isSelf: true }] },
      },
      { type: 'group', groupId: group, userId: ann },
    ),
  ),
  'text-quoting-ours': delivery(
    said(3, {
      type: 'text',
      id: '444573844083572739',
      quoteToken: quote(3),
      quotedMessageId: '461230966842064897',
      text: 'This one',
    }),
  ),
  image: delivery(
    said(4, { type: 'image', id: '354718705033693859', quoteToken: quote(4), contentProvider: line }),
  ),
  'image-external': delivery(
    said(5, {
      type: 'image',
      id: '354718705033693860',
      quoteToken: quote(5),
      contentProvider: {
        type: 'external',
        originalContentUrl: 'https://shop.example/original.jpg',
        previewImageUrl: 'https://shop.example/preview.jpg',
      },
    }),
  ),
  'image-album': delivery(album(6, 1), album(7, 2), album(8, 3)),
  video: delivery(
    said(9, {
      type: 'video',
      id: '325708000000009',
      duration: 60_000,
      quoteToken: quote(9),
      contentProvider: line,
    }),
  ),
  'video-external': delivery(
    said(10, {
      type: 'video',
      id: '325708000000010',
      duration: 60_000,
      quoteToken: quote(10),
      contentProvider: {
        type: 'external',
        originalContentUrl: 'https://shop.example/original.mp4',
        previewImageUrl: 'https://shop.example/preview.jpg',
      },
    }),
  ),
  audio: delivery(
    said(11, {
      type: 'audio',
      id: '325708000000011',
      duration: 4_200,
      contentProvider: line,
      markAsReadToken: read(11),
    }),
  ),
  file: delivery(
    said(12, { type: 'file', id: '325708000000012', fileName: 'invoice.pdf', fileSize: 48_213 }),
  ),
  location: delivery(
    said(13, {
      type: 'location',
      id: '325708000000013',
      title: 'my location',
      address: '〒160-0004 東京都新宿区四谷一丁目6番1号',
      latitude: 35.687574,
      longitude: 139.72922,
    }),
  ),
  sticker: delivery(
    said(14, {
      type: 'sticker',
      id: '1501597916',
      quoteToken: quote(14),
      packageId: '11537',
      stickerId: '52002738',
      stickerResourceType: 'ANIMATION',
      keywords: ['cony', 'sally', 'Staring', 'hi', 'whatsup'],
    }),
  ),
  'sticker-with-text': delivery(
    said(15, {
      type: 'sticker',
      id: '1501597917',
      quoteToken: quote(15),
      packageId: '738839',
      stickerId: '13',
      stickerResourceType: 'MESSAGE',
      keywords: ['Anticipation'],
      text: 'Let’s hang out this weekend!',
    }),
  ),
  'group-text': delivery(
    said(
      16,
      { type: 'text', id: '444573844083572740', quoteToken: quote(16), text: 'When do you open?' },
      { type: 'group', groupId: group, userId: bob },
    ),
  ),
  'group-text-of-unknown-writer': delivery(
    said(
      17,
      { type: 'text', id: '444573844083572741', quoteToken: quote(17), text: 'And on Sunday?' },
      { type: 'group', groupId: group },
    ),
  ),
  'room-text': delivery(
    said(
      18,
      { type: 'text', id: '444573844083572742', quoteToken: quote(18), text: 'Three of us' },
      { type: 'room', roomId: room, userId: ann },
    ),
  ),
  'group-text-edited': delivery(
    event({
      type: 'messageEdited',
      source: { type: 'group', groupId: group, userId: bob },
      message: { type: 'text', id: '444573844083572740', quoteToken: quote(16), text: 'When do you close?' },
    }),
  ),
  unsend: delivery(event({ type: 'unsend', source: person, unsend: { messageId: '444573844083572737' } })),
  follow: delivery(
    event({ type: 'follow', source: person, replyToken: token(19), follow: { isUnblocked: false } }),
  ),
  'follow-after-block': delivery(
    event({ type: 'follow', source: person, replyToken: token(20), follow: { isUnblocked: true } }),
  ),
  unfollow: delivery(event({ type: 'unfollow', source: person })),
  join: delivery(event({ type: 'join', source: { type: 'group', groupId: group }, replyToken: token(21) })),
  leave: delivery(event({ type: 'leave', source: { type: 'group', groupId: group } })),
  'member-joined': delivery(
    event({
      type: 'memberJoined',
      source: { type: 'group', groupId: group },
      replyToken: token(22),
      joined: {
        members: [
          { type: 'user', userId: ann },
          { type: 'user', userId: bob },
        ],
      },
    }),
  ),
  'member-left': delivery(
    event({
      type: 'memberLeft',
      source: { type: 'group', groupId: group },
      left: { members: [{ type: 'user', userId: bob }] },
    }),
  ),
  'postback-of-ours': delivery(
    event({
      type: 'postback',
      source: person,
      replyToken: token(23),
      postback: { data: '{"id":"large","label":"Large"}' },
    }),
  ),
  'postback-of-a-rich-menu': delivery(
    event({
      type: 'postback',
      source: person,
      replyToken: token(24),
      postback: { data: 'action=buy&itemid=111' },
    }),
  ),
  'postback-of-a-date-picker': delivery(
    event({
      type: 'postback',
      source: person,
      replyToken: token(25),
      postback: { data: 'storeId=12345', params: { datetime: '2026-12-25T01:00' } },
    }),
  ),
  'standby-text': delivery(
    event({
      type: 'message',
      mode: 'standby',
      source: person,
      message: { type: 'text', id: '444573844083572743', quoteToken: quote(26), text: 'Hello, other module' },
    }),
  ),
  'redelivered-text': delivery(
    event({
      type: 'message',
      source: person,
      replyToken: token(27),
      deliveryContext: { isRedelivery: true },
      message: { type: 'text', id: '444573844083572744', quoteToken: quote(27), text: 'Anybody there?' },
    }),
  ),
  'video-play-complete': delivery(
    event({
      type: 'videoPlayComplete',
      source: person,
      replyToken: token(28),
      videoPlayComplete: { trackingId: 'track-id' },
    }),
  ),
  'account-link': delivery(
    event({
      type: 'accountLink',
      source: person,
      replyToken: token(29),
      link: { result: 'ok', nonce: 'xxx1234567890abcdefg' },
    }),
  ),
  membership: delivery(
    event({
      type: 'membership',
      source: person,
      replyToken: token(30),
      membership: { type: 'joined', membershipId: 3189 },
    }),
  ),
  beacon: delivery(
    event({
      type: 'beacon',
      source: person,
      replyToken: token(31),
      beacon: { hwid: 'd41d8cd98f', type: 'enter' },
    }),
  ),
  'bot-suspended': delivery(event({ type: 'botSuspended' })),
  'bot-resumed': delivery(event({ type: 'botResumed' })),
  'module-attached': delivery(
    event({ type: 'module', module: { type: 'attached', botId: bot, scopes: ['message:send'] } }),
  ),
  'batch-of-several-people': delivery(
    said(32, { type: 'text', id: '444573844083572745', quoteToken: quote(32), text: 'First' }),
    said(
      33,
      { type: 'text', id: '444573844083572746', quoteToken: quote(33), text: 'Second' },
      { type: 'user', userId: bob },
    ),
    event({ type: 'unfollow', source: { type: 'user', userId: bob } }),
    said(
      34,
      { type: 'text', id: '444573844083572747', quoteToken: quote(34), text: 'In the group' },
      { type: 'group', groupId: group, userId: bob },
    ),
  ),
};

/** Kinds that this SDK doesn't know yet. */
export const newer = {
  'unknown-message-kind': {
    destination: bot,
    events: [
      {
        type: 'message',
        message: { type: 'hologram', id: '444573844083572748', quoteToken: quote(35) },
        webhookEventId: '01KAN7Q0PZ5Y8W3V2X1M0N9C01',
        deliveryContext: { isRedelivery: false },
        timestamp,
        source: { type: 'user', userId: ann },
        replyToken: token(35),
        mode: 'active',
      },
    ],
  },
  'unknown-event-kind': {
    destination: bot,
    events: [
      {
        type: 'teleported',
        webhookEventId: '01KAN7Q0PZ5Y8W3V2X1M0N9C02',
        deliveryContext: { isRedelivery: false },
        timestamp,
        source: { type: 'user', userId: ann },
        mode: 'active',
      },
    ],
  },
};
