import type { JsonObject } from '#domain/json.ts';
import { jsonBytes, samplesOf, type ContractCase } from '../contract-case.ts';
import { metaRequest, pageId, pageInbox } from '../meta/case-inbox.ts';

const refusal = (code: number, subcode?: number, message = `(#${code}) refused`): JsonObject => ({
  error: {
    message,
    type: 'OAuthException',
    code,
    ...(subcode ? { error_subcode: subcode } : {}),
    fbtrace_id: 'A1',
  },
});
const said = (mid: string, text: string): JsonObject => ({
  sender: { id: '7421058834561923' },
  recipient: { id: pageId },
  timestamp: 1_763_841_600_000,
  message: { mid, text },
});

export const messengerCase: ContractCase = {
  inbox: pageInbox('messenger', undefined, { choices: 'quick_replies', humanAgent: false }),
  samples: samplesOf('messenger'),
  textBody: (text) =>
    jsonBytes({
      object: 'page',
      entry: [{ id: pageId, time: 1_763_841_600_000, messaging: [said('m_1', text)] }],
    }),
  request: metaRequest,
  proof: { headers: ['x-hub-signature-256'], coversBody: true },
  batches: [
    {
      body: {
        object: 'page',
        entry: [
          { id: pageId, time: 'odd', messaging: [said('m_1', 'a'), 7, { message: null }, said('m_2', 'b')] },
          'odd',
          { id: pageId, messaging: [{ ...said('m_3', 'c'), timestamp: 'odd' }], standby: 'odd' },
          { id: pageId, standby: [said('m_4', 'd')] },
        ],
      },
      events: 4,
    },
  ],
  wire: {
    inboxAt: (baseUrl) => pageInbox('messenger', baseUrl),
    accept: () => Response.json({ recipient_id: '1122334455', message_id: 'm_sent' }),
    refusals: [
      [400, refusal(190, 463), 'reauthorize'],
      [400, refusal(10, 2018278), 'window_closed'],
      [400, refusal(551, 1545041), 'contact_unreachable'],
      [400, refusal(100, 2018001), 'contact_unreachable'],
      [400, refusal(613), 'retry_after'],
      [403, refusal(200), 'reauthorize'],
      [400, refusal(100), 'permanent'],
      [500, refusal(2), 'retry_after'],
      [500, refusal(1), 'no_answer'],
      [502, {}, 'no_answer'],
      [200, {}, 'no_answer'],
    ],
  },
};
