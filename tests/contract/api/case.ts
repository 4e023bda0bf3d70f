import { signBody } from '#channels/hmac.ts';
import { inboxOf, jsonBytes, nowMs, post, samplesOf, type ContractCase } from '../contract-case.ts';

const apiSecret = 'an api inbox secret of 32 chars or more';
const apiInbox = inboxOf('api', { callbackUrl: 'https://customer.example/callback', secret: apiSecret });

export const apiCase: ContractCase = {
  inbox: apiInbox,
  samples: samplesOf('api'),
  textBody: (text) => jsonBytes({ id: 'message-1', from: { id: 'customer-1' }, text }),
  request: (body) => post({ 'x-teloring-signature': signBody(apiSecret, body, nowMs) })(body),
  proof: { headers: ['x-teloring-signature'], coversBody: true },
  batches: [],
  wire: {
    inboxAt: (baseUrl) => ({
      ...apiInbox,
      credentials: { ...apiInbox.credentials, callbackUrl: `${baseUrl}/callback` },
    }),
    refusals: [
      [302, {}, 'retry_after'],
      [400, {}, 'retry_after'],
      [404, {}, 'retry_after'],
      [429, {}, 'retry_after'],
      [500, {}, 'retry_after'],
      [503, {}, 'retry_after'],
    ],
  },
};
