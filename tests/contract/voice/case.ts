import type { JsonObject } from '#domain/json.ts';
import { formFields, twilioSignature } from '#channels/sms/signature.ts';
import { readTwiml } from '#channels/voice/sandbox/xml.ts';
import { inboxId, inboxOf, nowMs, samplesOf, type ContractCase } from '../contract-case.ts';
import { bodies, formOf } from './bodies.ts';

const authToken = '0123456789abcdef_the_token';
const webhookUrl = `https://teloring.example/webhooks/twilio/${inboxId}`;
const voiceInbox = inboxOf('voice', {
  provider: 'twilio',
  accountSid: 'AC0123456789abcdef0123456789abcdef',
  authToken,
  apiKeySid: 'SK0123456789abcdef0123456789abcdef',
  apiKeySecret: 'an api key’s secret',
  phoneNumber: '+15005550006',
  webhookUrl,
});
const refusal = (status: number, code: number, message: string): JsonObject => ({ code, message, status });

/** The place a sample is posted to; what is made up or changed is digits that were pressed. */
const places = new Map(Object.values(bodies).map((sample) => [formOf(sample.fields), sample]));
const other = {
  place: 'gather',
  query: { call: 'CA00000000000000000000000000000005', who: '+15551234567', ref: 'abc' },
};
function urlOf(body: Uint8Array): string {
  const { place, query } = places.get(new TextDecoder().decode(body)) ?? placeBySid(body) ?? other;
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  return `${webhookUrl}/${place}${search}`;
}
/** Changed samples go where the sample went: known by the call. */
function placeBySid(body: Uint8Array): (typeof bodies)[string] | undefined {
  const sid = new URLSearchParams(new TextDecoder().decode(body)).get('CallSid');
  return Object.values(bodies).find(({ fields }) => fields['CallSid'] === sid);
}

export const voiceCase: ContractCase = {
  inbox: voiceInbox,
  samples: samplesOf('voice'),
  encoding: 'form',
  textBody: (text) =>
    new TextEncoder().encode(
      formOf({ CallSid: 'CAtext', From: '+15551234567', To: '+15005550006', SpeechResult: text }),
    ),
  textPart: 'call',
  request(body) {
    const url = urlOf(body);
    return {
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilioSignature(authToken, url, formFields(body)),
      },
      body,
      receivedAtMs: nowMs,
    };
  },
  // As of SMS: what the form says is covered, not how it is written.
  proof: { headers: ['x-twilio-signature'], coversBody: false },
  batches: [{ body: { CallSid: 'CAodd', From: '', CallDuration: 'long', Digits: '12' }, events: 1 }],
  wire: {
    async accept(request) {
      const form = new URLSearchParams(await request.text());
      // Whatever is said, it is TwiML that a parser takes.
      readTwiml(form.get('Twiml') ?? '');
      return Response.json({ sid: 'CA1', status: 'in-progress' });
    },
    inboxAt: (baseUrl) => ({ ...voiceInbox, urls: { api: baseUrl } }),
    message: {
      threadKey: 'CA00000000000000000000000000000001',
      replyAddress: { callSid: 'CA00000000000000000000000000000001' },
    },
    refusals: [
      [400, refusal(400, 21220, 'Call is not in-progress. Cannot redirect.'), 'contact_unreachable'],
      [404, refusal(404, 20404, 'The requested resource was not found'), 'contact_unreachable'],
      [404, {}, 'contact_unreachable'],
      [400, refusal(400, 12100, 'Document parse failure'), 'permanent'],
      [400, {}, 'permanent'],
      [401, refusal(401, 20003, 'Authenticate'), 'reauthorize'],
      [429, refusal(429, 20429, 'Too Many Requests'), 'retry_after'],
      [500, refusal(500, 20500, 'Internal Server Error'), 'no_answer'],
      [503, {}, 'no_answer'],
      [302, {}, 'no_answer'],
      [200, {}, 'no_answer'],
    ],
  },
};
