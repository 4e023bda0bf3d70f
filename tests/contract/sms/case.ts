import type { JsonObject } from '#domain/json.ts';
import { createTwilioSandbox } from '#channels/sms/sandbox.ts';
import { formFields, twilioSignature } from '#channels/sms/signature.ts';
import { inboxId, inboxOf, nowMs, samplesOf, type ContractCase } from '../contract-case.ts';

const authToken = '0123456789abcdef_the_token';
const own = '+15005550006';
const smsInbox = inboxOf('sms', {
  accountSid: 'AC0123456789abcdef0123456789abcdef',
  authToken,
  phoneNumber: own,
  secondaryAuthToken: 'a second token',
  apiKeySid: 'SK0123456789abcdef0123456789abcdef',
  apiKeySecret: 'an api key’s secret',
});
const provider = createTwilioSandbox({
  deliver: async () => ({ status: 200, body: '<Response/>' }),
  publicUrl: 'https://teloring.example',
  sandboxUrl: 'https://teloring.example/sandbox',
  apps: {},
  inboxes: async () => [smsInbox],
});
const refusal = (status: number, code: number, message: string): JsonObject => ({ code, message, status });

export const smsCase: ContractCase = {
  inbox: smsInbox,
  samples: samplesOf('sms'),
  encoding: 'form',
  textBody: (text) =>
    new TextEncoder().encode(
      new URLSearchParams({
        MessageSid: 'SM1',
        From: '+15551234567',
        To: own,
        NumMedia: '0',
        Body: text,
      }).toString(),
    ),
  request(body) {
    const isStatus = new TextDecoder().decode(body).includes('MessageStatus=');
    const url = `https://teloring.example/webhooks/twilio/${inboxId}/${isStatus ? 'status?key=outbox-1' : 'sms'}`;
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
  // It covers what the form says: `%2B` and `%2b` are one. Every change of that is refused in signature.test.ts.
  proof: { headers: ['x-twilio-signature'], coversBody: false },
  batches: [
    {
      body: {
        MessageSid: 'MM1',
        From: '+15551234567',
        NumMedia: '2',
        MediaUrl1: 'https://api.twilio.com/x',
        Body: 'two',
      },
      events: 1,
    },
  ],
  wire: {
    accept: (request, path) => provider.handle(request, path),
    inboxAt: (baseUrl) => ({ ...smsInbox, urls: { api: baseUrl } }),
    refusals: [
      [400, refusal(400, 21211, "Invalid 'To' Phone Number: +1"), 'contact_unreachable'],
      [400, refusal(400, 21408, 'Permission to send an SMS has not been enabled'), 'permanent'],
      [400, refusal(400, 21606, "The 'From' phone number is not valid"), 'permanent'],
      [400, refusal(400, 21608, 'The number is unverified'), 'contact_unreachable'],
      [400, refusal(400, 21610, 'Attempt to send to unsubscribed recipient'), 'contact_unreachable'],
      [400, refusal(400, 21612, 'Not currently reachable via SMS'), 'contact_unreachable'],
      [400, refusal(400, 21614, 'Not a valid mobile number'), 'contact_unreachable'],
      [400, refusal(400, 21617, 'The body exceeds the 1600 character limit'), 'permanent'],
      [400, refusal(400, 99999, 'A code of tomorrow'), 'permanent'],
      [400, {}, 'permanent'],
      [401, refusal(401, 20003, 'Authenticate'), 'reauthorize'],
      [403, refusal(403, 20403, 'Forbidden'), 'permanent'],
      [404, refusal(404, 20404, 'The requested resource was not found'), 'reauthorize'],
      [429, refusal(429, 20429, 'Too Many Requests'), 'retry_after'],
      [429, {}, 'retry_after'],
      [500, refusal(500, 20500, 'Internal Server Error'), 'no_answer'],
      [503, {}, 'no_answer'],
      [302, {}, 'no_answer'],
      [201, {}, 'no_answer'],
    ],
  },
};
