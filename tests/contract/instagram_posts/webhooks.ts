/** Comments and mentions as Instagram tells of them; kept as JSON in channels/instagram_posts/samples by samples.test.ts. */
import type { JsonObject } from '#domain/json.ts';
import { accountId } from '../instagram/account.ts';

export const mediaId = '17887498072083520';
export const ann = { id: '1254459154682919', username: 'ann.lee' };
const bob = { id: '6789012345678901', username: 'bob_b' };
const at = 1_763_841_600;

export function comment(id: string, more: JsonObject): JsonObject {
  return { from: ann, media: { id: mediaId, media_product_type: 'FEED' }, id, text: 'Nice!', ...more };
}
export function webhook(...changes: JsonObject[]): JsonObject {
  return { object: 'instagram', entry: [{ id: accountId, time: at, changes }] };
}
const comments = (id: string, more: JsonObject): JsonObject =>
  webhook({ field: 'comments', value: comment(id, more) });

export const webhooks: Record<string, JsonObject> = {
  comment: comments('17865799348089039', { text: 'Is this still available? 💙' }),
  'comment-on-a-reel': comments('17865799348089040', {
    from: bob,
    media: { id: '17887498072083521', media_product_type: 'REELS' },
  }),
  'comment-on-an-ad': comments('17865799348089041', {
    media: {
      id: '17887498072083522',
      media_product_type: 'AD',
      ad_id: '120201234567890123',
      ad_title: 'Autumn sale',
      original_media_id: mediaId,
    },
  }),
  reply: comments('17865799348089042', {
    from: bob,
    parent_id: '17865799348089039',
    text: '@ann.lee I have one',
  }),
  'comment-without-text': comments('17865799348089043', { text: '' }),
  'comment-without-writer': webhook({
    field: 'comments',
    value: { id: '17865799348089044', text: 'Who am I?', media: { id: mediaId, media_product_type: 'FEED' } },
  }),
  'comment-without-media': webhook({
    field: 'comments',
    value: { id: '17865799348089045', text: 'Hi', from: bob },
  }),
  'own-reply': comments('17865799348089046', {
    from: { id: accountId, username: 'blue.shop', self_ig_scoped_id: '25025320337163410' },
    parent_id: '17865799348089039',
    text: 'It is!',
  }),
  'own-reply-by-name': comments('17865799348089047', {
    from: { id: '990011223344', username: 'blue.shop' },
    parent_id: '17865799348089039',
    text: 'And in red, too.',
  }),
  'own-comment': comments('17865799348089048', {
    from: { id: accountId, username: 'blue.shop' },
    text: '#blue #new',
  }),
  'live-comment': webhook({
    field: 'live_comments',
    value: comment('17865799348089049', {
      media: { id: '17887498072083523', media_product_type: 'LIVE' },
      text: 'Show the back',
    }),
  }),
  'mention-in-a-comment': webhook({
    field: 'mentions',
    value: { media_id: '17900112233445500', comment_id: '17865799348089050' },
  }),
  'mention-in-a-caption': webhook({ field: 'mentions', value: { media_id: '17900112233445501' } }),
  'comment-right-on-the-entry': {
    object: 'instagram',
    entry: [
      { id: accountId, time: at, field: 'comments', value: comment('17865799348089051', { from: bob }) },
    ],
  },
  'dashboard-test': {
    object: 'instagram',
    entry: [
      {
        id: '0',
        time: at,
        changes: [
          {
            field: 'comments',
            value: {
              from: { id: '232323232', username: 'test' },
              media: { id: '123123123', media_product_type: 'FEED' },
              id: '17865799348089052',
              parent_id: '1231231234',
              text: 'This is an example.',
            },
          },
        ],
      },
    ],
  },
  'story-insights': webhook({
    field: 'story_insights',
    value: { media_id: '17887498072083524', impressions: 444 },
  }),
  batch: {
    object: 'instagram',
    entry: [
      {
        id: accountId,
        time: at,
        changes: [
          { field: 'comments', value: comment('17865799348089053', { text: 'one' }) },
          { field: 'comments', value: comment('17865799348089054', { text: 'two', from: bob }) },
        ],
      },
      {
        id: accountId,
        time: at,
        changes: [{ field: 'live_comments', value: comment('17865799348089055', {}) }],
      },
    ],
  },
};
