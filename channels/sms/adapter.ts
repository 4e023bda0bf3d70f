import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { connectSms, disconnectSms } from './connect.ts';
import { smsDefinition, type SmsCredentials } from './definition.ts';
import { fetchSmsMedia } from './media.ts';
import { toE164 } from './number.ts';
import { parseTwilio } from './parse.ts';
import { probeSms } from './probe.ts';
import { sendSms } from './send.ts';
import { verifyTwilio } from './signature.ts';

/** SMS and MMS by Twilio. It knows no idempotency key, so an unconfirmed send is never repeated. */
export function createSmsAdapter(deps: { http: HttpClient }): ChannelAdapter<SmsCredentials> {
  const { http } = deps;
  return {
    definition: smsDefinition,
    resend: () => 'unsafe',
    verify: ({ credentials }, request) =>
      verifyTwilio([credentials.authToken, credentials.secondaryAuthToken], request),
    parse: parseTwilio,
    send: (inbox, message, options) => sendSms(http, inbox, message, options),
    accountKeyOf: ({ phoneNumber }) => toE164(phoneNumber),
    connect: (inbox, webhookUrl, signal) => connectSms(http, inbox, webhookUrl, signal),
    disconnect: (inbox, signal) => disconnectSms(http, inbox, signal),
    probe: (inbox, webhookUrl, signal) => probeSms(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchSmsMedia(http, inbox, source, options),
    // TwiML that does nothing: any other text would be sent to the customer.
    accepted: () => ({ status: 200, text: '<Response/>', contentType: 'text/xml' }),
  };
}
