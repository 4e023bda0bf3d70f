import { createLineSandbox } from '#channels/line/sandbox.ts';
import { signLine } from '#channels/line/signature.ts';
import { inboxOf, jsonBytes, post, samplesOf, type ContractCase } from '../contract-case.ts';

const channelSecret = '8c570fa6dd201bb328f1c1eac23a96d8';
const inbox = inboxOf('line', { channelSecret, channelAccessToken: 'a-line-channel-access-token/contract=' });
const provider = createLineSandbox({
  deliver: async () => ({ status: 200, body: '' }),
  publicUrl: 'https://teloring.example',
  sandboxUrl: 'https://teloring.example/sandbox/line',
  apps: {},
  inboxes: async () => [],
});
const ann = 'U4af4980629f1a1a2b3c4d5e6f7a8b9c0';
const text = (id: string, words: string) => ({
  type: 'message',
  message: { type: 'text', id, quoteToken: 'q', text: words },
  webhookEventId: `event-${id}`,
  deliveryContext: { isRedelivery: false },
  timestamp: 1_763_841_600_123,
  source: { type: 'user', userId: ann },
  replyToken: 'token',
  mode: 'active',
});

export const lineCase: ContractCase = {
  inbox,
  samples: samplesOf('line'),
  textBody: (words) => jsonBytes({ destination: 'U8e74', events: [text('1', words)] }),
  request: (body) => post({ 'x-line-signature': signLine(channelSecret, body) })(body),
  proof: { headers: ['x-line-signature'], coversBody: true },
  batches: [
    {
      body: {
        destination: 'U8e74',
        events: [text('1', 'a'), { type: 'message', message: 3 }, 'odd', text('2', 'b')],
      },
      events: 4,
    },
  ],
  wire: {
    inboxAt: (baseUrl) => ({ ...inbox, urls: { api: baseUrl, data: baseUrl, stickers: baseUrl } }),
    accept: (request, path) => provider.handle(request, `/api${path}`),
    message: { contactExternalId: ann, replyAddress: { to: ann } },
    refusals: [
      [429, { message: 'The API rate limit has been exceeded. Try again later.' }, 'retry_after'],
      [429, { message: 'You have reached your monthly limit.' }, 'permanent'],
      [400, { message: 'Failed to send messages' }, 'contact_unreachable'],
      [
        400,
        { message: "The property, 'to', in the request body is invalid (line: -, column: -)" },
        'contact_unreachable',
      ],
      [
        400,
        {
          message: 'The request body has 1 error(s)',
          details: [{ message: 'May not be empty', property: 'messages[0].text' }],
        },
        'permanent',
      ],
      [
        401,
        {
          message:
            'Authentication failed. Confirm that the access token in the authorization header is valid.',
        },
        'reauthorize',
      ],
      [403, { message: 'Access to this API is not available for your account' }, 'permanent'],
      [413, {}, 'permanent'],
      [500, { message: 'The error occurred on the LINE Platform' }, 'no_answer'],
      [502, {}, 'no_answer'],
      [200, { sentMessages: [] }, 'no_answer'],
      [200, {}, 'no_answer'],
    ],
  },
};
