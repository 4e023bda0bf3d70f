import type { JsonObject } from '#domain/json.ts';
import { jsonBytes, samplesOf, type ContractCase } from '../contract-case.ts';
import { metaRequest, pageId, pageInbox } from '../meta/case-inbox.ts';

const postId = `${pageId}_910111213141516`;
const commentId = '910111213141516_1200000000000001';
const refusal = (code: number, subcode?: number): JsonObject => ({
  error: {
    message: `(#${code}) refused`,
    type: 'OAuthException',
    code,
    ...(subcode ? { error_subcode: subcode } : {}),
  },
});
const comment = (id: string, message: string): JsonObject => ({
  field: 'feed',
  value: {
    from: { id: '7390011223344556', name: 'Ann' },
    post_id: postId,
    comment_id: id,
    parent_id: postId,
    created_time: 1_763_841_600,
    item: 'comment',
    verb: 'add',
    message,
  },
});

export const facebookPageCase: ContractCase = {
  inbox: pageInbox('facebook_page'),
  samples: samplesOf('facebook_page'),
  textBody: (text) =>
    jsonBytes({
      object: 'page',
      entry: [{ id: pageId, time: 1_763_841_600, changes: [comment('c_1', text)] }],
    }),
  textPart: 'comment',
  request: metaRequest,
  proof: { headers: ['x-hub-signature-256'], coversBody: true },
  batches: [
    {
      body: {
        object: 'page',
        entry: [
          {
            id: pageId,
            time: 'odd',
            changes: [comment('c_1', 'a'), 7, { field: 'feed' }, comment('c_2', 'b')],
          },
          null,
          { id: pageId, changes: 'odd' },
          { id: pageId, changes: [{ field: 'feed', value: { item: 'reaction' } }, comment('c_3', 'c')] },
        ],
      },
      events: 3,
    },
  ],
  wire: {
    inboxAt: (baseUrl) => pageInbox('facebook_page', baseUrl),
    message: { threadKey: postId, replyAddress: { commentId } },
    accept: () => Response.json({ id: '910111213141516_1200000000000999' }),
    refusals: [
      [400, refusal(190, 460), 'reauthorize'],
      [403, refusal(200), 'reauthorize'],
      [400, refusal(100, 33), 'permanent'],
      [400, refusal(368), 'permanent'],
      [400, refusal(32), 'retry_after'],
      [500, refusal(2), 'retry_after'],
      [500, refusal(1), 'no_answer'],
      [502, {}, 'no_answer'],
      [200, {}, 'no_answer'],
    ],
  },
};
