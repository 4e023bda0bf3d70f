import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { inboxId, inboxOf, jsonBytes, nowMs, post, samplesOf, type ContractCase } from '../contract-case.ts';

export const visitorKeys = [new Uint8Array(32).fill(7)];
const visitorId = '0199a1b2-0000-7000-8000-000000000002';

export const liveChatCase: ContractCase = {
  inbox: inboxOf('live_chat', { allowedOrigins: ['https://shop.example'] }),
  samples: samplesOf('live_chat'),
  textBody: (text) => jsonBytes({ clientMessageId: '0199a1b2-0000-4000-8000-000000000015', text }),
  request: (body) => {
    const session = { inboxId, visitorId, personId: null, expiresAtMs: nowMs + 60_000 };
    return post({ authorization: `Bearer ${issueVisitorToken(visitorKeys, session)}` })(body);
  },
  proof: { headers: ['authorization'], coversBody: false },
  batches: [],
};
