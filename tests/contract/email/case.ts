import { signBody } from '#channels/hmac.ts';
import { inboxOf, jsonBytes, nowMs, post, samplesOf, type ContractCase } from '../contract-case.ts';

const secret = 'a managed inbox’s secret of 32 chars or more';

export const emailCase: ContractCase = {
  inbox: inboxOf(
    'email',
    { kind: 'managed', address: 'support-x1y2z3@mail.example', secret },
    { accountKey: 'support-x1y2z3@mail.example' },
  ),
  samples: samplesOf('email'),
  textBody: (text) => jsonBytes({ text }),
  request: (body) => post({ 'x-teloring-signature': signBody(secret, body, nowMs) })(body),
  proof: { headers: ['x-teloring-signature'], coversBody: true },
  batches: [],
};
