import { createTikTokSandbox } from '#channels/tiktok/sandbox.ts';
import { signTikTok } from '#channels/tiktok/signature.ts';
import { inboxOf, jsonBytes, nowMs, post, samplesOf, type ContractCase } from '../contract-case.ts';

const businessId = '-000kPSrd4XlmJcXzvOe3tJjxKBOSGDSgL0e';
const app = {
  provider: 'tiktok',
  id: '7361234567890123456',
  secret: 'a tiktok app secret',
  sandbox: false,
} as const;
const inbox = inboxOf(
  'tiktok',
  { businessId, accessToken: 'act.contract-token', refreshToken: 'rft.contract-token' },
  { accountKey: businessId, apps: { tiktok: app } },
);
const provider = createTikTokSandbox({
  deliver: async () => ({ status: 200, body: '' }),
  publicUrl: 'https://teloring.example',
  sandboxUrl: 'https://teloring.example/sandbox',
  apps: { tiktok: app },
  inboxes: async () => [],
});
const refusal = (code: number, message: string) => ({ code, message, request_id: '20261122', data: {} });
let conversations = 0;

export const tikTokCase: ContractCase = {
  inbox,
  samples: samplesOf('tiktok'),
  textBody: (text) =>
    jsonBytes({
      client_key: app.id,
      event: 'im_receive_msg',
      create_time: 1_763_841_600,
      user_openid: businessId,
      content: JSON.stringify({
        conversation_id: 'conv-1',
        message_id: '7574000000000000001',
        type: 'text',
        text: { body: text },
        timestamp: 1_763_841_600_123,
        from: 'ann',
        from_user: { id: 'user-1', role: 'personal_account' },
        to: 'shop',
        to_user: { id: businessId, role: 'business_account' },
      }),
    }),
  request: (body) => post({ 'tiktok-signature': signTikTok(app.secret, body, nowMs) })(body),
  proof: { headers: ['tiktok-signature'], coversBody: true },
  batches: [],
  wire: {
    // The double counts ten messages a conversation; the suite sends more to one.
    accept: async (request, path) => {
      const copy = request.clone();
      if (!path.endsWith('/message/send/')) return await provider.handle(request, `/api${path}`);
      const body = (await copy.json()) as object;
      const json = { ...body, recipient: `conv-${++conversations}` };
      const { method, headers, url } = request;
      return await provider.handle(
        new Request(url, { method, headers, body: JSON.stringify(json) }),
        `/api${path}`,
      );
    },
    inboxAt: (baseUrl) => ({ ...inbox, urls: { api: baseUrl, auth: baseUrl } }),
    message: { contactExternalId: 'conv-1', replyAddress: { conversationId: 'conv-1' } },
    refusals: [
      [200, refusal(40_100, 'Requests made too frequently.'), 'retry_after'],
      [200, refusal(40_064, 'You are sending messages too fast. Take a rest.'), 'retry_after'],
      [200, refusal(40_064, 'The message is blocked by direct message rules.'), 'window_closed'],
      [200, refusal(40_105, 'Access token is incorrect or has been revoked.'), 'reauthorize'],
      [200, refusal(40_104, 'Access token is empty.'), 'reauthorize'],
      [200, refusal(40_001, 'No permission.'), 'reauthorize'],
      [200, refusal(40_002, 'text.body: too long'), 'permanent'],
      [200, refusal(40_007, 'The conversation does not exist.'), 'contact_unreachable'],
      [200, refusal(40_908, 'The file type is not supported.'), 'permanent'],
      [200, refusal(40_999, 'Something new.'), 'permanent'],
      [200, refusal(51_065, 'System error. Retry the call.'), 'no_answer'],
      [401, {}, 'reauthorize'],
      [404, {}, 'permanent'],
      [429, {}, 'retry_after'],
      [500, {}, 'no_answer'],
      [502, {}, 'no_answer'],
      [200, { code: 0, message: 'OK', data: {} }, 'no_answer'],
      [200, {}, 'no_answer'],
    ],
  },
};
