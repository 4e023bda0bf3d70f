import type { JsonObject } from '#domain/json.ts';
import { jsonBytes, nowMs, samplesOf, type ContractCase } from '../contract-case.ts';
import { metaRequest } from '../meta/case-inbox.ts';
import { acceptAsWhatsapp } from './provider.ts';
import { phoneNumberId, wabaId, whatsappInbox } from './inbox.ts';

const refusal = (code: number, message: string, more: JsonObject = {}): JsonObject => ({
  error: { message, type: 'OAuthException', code, fbtrace_id: 'AbC', ...more },
});
const person = { profile: { name: 'Ann' }, wa_id: '16505551234', user_id: 'US.1349' };
const body = (messages: unknown[], statuses: unknown[] = []): JsonObject =>
  ({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: wabaId,
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId },
              contacts: [person],
              messages,
              statuses,
            },
          },
        ],
      },
    ],
  }) as JsonObject;
const text = (id: string, said: string): JsonObject => ({
  from: '16505551234',
  from_user_id: 'US.1349',
  id,
  timestamp: String(nowMs / 1000),
  type: 'text',
  text: { body: said },
});

export const whatsappCase: ContractCase = {
  inbox: whatsappInbox(),
  samples: samplesOf('whatsapp'),
  textBody: (said) => jsonBytes(body([text('wamid.1', said)])),
  request: (bytes) => metaRequest(bytes),
  proof: { headers: ['x-hub-signature-256'], coversBody: true },
  batches: [
    { body: body([text('wamid.1', 'one'), 'odd', text('wamid.2', 'two')]), events: 3 },
    {
      body: body(
        [{ id: 'wamid.3', type: 'from the future', from: '16505551234', timestamp: 'yesterday' }],
        [{ id: 'wamid.4', status: 'delivered' }, { status: 7 }],
      ),
      events: 3,
    },
    {
      body: {
        object: 'whatsapp_business_account',
        entry: [7, ...(body([text('wamid.5', 'five')])['entry'] as [])],
      },
      events: 1,
    },
  ],
  wire: {
    inboxAt: (baseUrl) => whatsappInbox(baseUrl),
    accept: acceptAsWhatsapp,
    refusals: [
      [400, refusal(131_047, '(#131047) Re-engagement message'), 'window_closed'],
      [400, refusal(131_026, '(#131026) Message undeliverable'), 'contact_unreachable'],
      [400, refusal(131_030, '(#131030) Recipient phone number not in allowed list'), 'contact_unreachable'],
      [429, refusal(130_429, '(#130429) Rate limit hit'), 'retry_after'],
      [
        400,
        refusal(131_056, '(#131056) (Business Account, Consumer Account) pair rate limit hit'),
        'retry_after',
      ],
      [400, refusal(80_007, '(#80007) Rate limit issues'), 'retry_after'],
      [500, refusal(131_000, '(#131000) Something went wrong'), 'retry_after'],
      [503, refusal(131_016, '(#131016) Service unavailable'), 'retry_after'],
      [403, refusal(131_031, '(#131031) Account has been locked'), 'reauthorize'],
      [400, refusal(133_010, '(#133010) Account not registered'), 'reauthorize'],
      [401, refusal(190, 'Error validating access token', { error_subcode: 463 }), 'reauthorize'],
      [403, refusal(10, '(#10) Permission denied'), 'reauthorize'],
      [
        400,
        refusal(131_049, '(#131049) Not delivered to maintain healthy ecosystem engagement'),
        'permanent',
      ],
      [404, refusal(132_001, '(#132001) Template name does not exist in the translation'), 'permanent'],
      [400, refusal(100, '(#100) Invalid parameter'), 'permanent'],
      [502, {}, 'no_answer'],
      [200, {}, 'no_answer'],
      [200, { messaging_product: 'whatsapp', contacts: [], messages: [] }, 'no_answer'],
    ],
  },
};
