import { jsonBytes, samplesOf, type ContractCase } from '../contract-case.ts';
import { accountId, instagramInbox, refusals, signedPost } from '../instagram/account.ts';
import { ann, comment, mediaId, webhook } from './webhooks.ts';

export const instagramPostsCase: ContractCase = {
  inbox: instagramInbox('instagram_posts'),
  samples: samplesOf('instagram_posts'),
  textBody: (text) =>
    jsonBytes(webhook({ field: 'comments', value: comment('17900000000000001', { text }) })),
  textPart: 'comment',
  request: signedPost,
  proof: { headers: ['x-hub-signature-256'], coversBody: true },
  batches: [
    {
      body: {
        object: 'instagram',
        entry: [
          {
            id: accountId,
            time: 1_763_841_600,
            changes: [
              { field: 'comments', value: comment('17900000000000002', {}) },
              'odd',
              { field: 'comments', value: comment('17900000000000003', {}) },
            ],
          },
          7,
          {
            id: accountId,
            time: null,
            changes: [{ field: 'live_comments', value: comment('17900000000000004', {}) }],
          },
        ],
      },
      events: 3,
    },
  ],
  wire: {
    inboxAt: (baseUrl) => instagramInbox('instagram_posts', undefined, { baseUrl }),
    refusals: refusals.filter(([, , kind]) => kind !== 'window_closed'),
    message: {
      contactExternalId: ann.id,
      threadKey: mediaId,
      replyAddress: { commentId: '17900000000000001', mediaId },
    },
    accept: () => Response.json({ id: '17900000000000009' }),
  },
};
