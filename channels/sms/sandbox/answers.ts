/** Twilio's answers: JSON resources, and refusals with a code. */
import { smsSegments } from '#domain/sms-segments.ts';
import type { Json } from '#domain/json.ts';
import type { TwilioAccount, TwilioNumber } from './account.ts';

export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly code: number;
  readonly retryAfterSeconds: number | undefined;
  constructor(status: number, code: number, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function answer(body: Json, status = 200): Response {
  return Response.json(body, { status });
}

export function refused({ status, code, message, retryAfterSeconds }: Refusal): Response {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return Response.json(
    { code, message, more_info, status },
    { status, headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) } },
  );
}

export const notFound = (path: string): Refusal =>
  new Refusal(404, 20404, `The requested resource ${path} was not found`);

export function numberJson(account: TwilioAccount, number: TwilioNumber): Json {
  return {
    sid: number.sid,
    account_sid: account.sid,
    friendly_name: number.number,
    phone_number: number.number,
    sms_url: number.smsUrl,
    sms_method: number.smsMethod,
    sms_fallback_url: number.smsFallbackUrl,
    sms_fallback_method: number.smsFallbackMethod,
    sms_application_sid: number.smsApplicationSid,
    voice_url: number.voiceUrl,
    voice_fallback_url: number.voiceFallbackUrl,
    voice_application_sid: number.voiceApplicationSid,
    trunk_sid: null,
    status_callback: number.statusCallback,
    // MMS is carried in North America only.
    capabilities: { voice: true, sms: true, mms: number.number.startsWith('+1'), fax: false },
    status: 'in-use',
    api_version: '2010-04-01',
  };
}

export function messageJson(
  account: TwilioAccount,
  sid: string,
  {
    from,
    to,
    body,
    service,
    media,
  }: { from: string; to: string; body: string; service: string; media: number },
): Json {
  return {
    sid,
    account_sid: account.sid,
    messaging_service_sid: service === '' ? null : service,
    from: service === '' ? from : null,
    to,
    body,
    num_media: String(media),
    num_segments: String(smsSegments(body).segments),
    status: service === '' ? 'queued' : 'accepted',
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    api_version: '2010-04-01',
    date_created: new Date().toUTCString(),
  };
}
