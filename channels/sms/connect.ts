import { ChannelError, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from './call.ts';
import type { SmsCredentials } from './definition.ts';
import { checkService, serviceWarnings } from './messaging-service.ts';
import { readableNumber, toE164 } from './number.ts';
import { findNumber, leadsHere, noSuchNumber, smsUrl, updateNumber } from './numbers.ts';
import { account, type PhoneNumber } from './wire.ts';

/** Asks whose account this is, finds the number in it and points its messages at us. @throws ChannelError */
export async function connectSms(
  http: HttpClient,
  inbox: SmsInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<Connected<SmsCredentials>> {
  const isTrial = await checkAccount(http, inbox, signal);
  const number = toE164(inbox.credentials.phoneNumber);
  const [found] = await Promise.all([
    findNumber(http, inbox, number, signal),
    checkService(http, inbox, signal),
  ]);
  if (!found) throw noSuchNumber(number);
  if (found.capabilities.sms === false)
    throw new ChannelError('permanent', `The number ${number} can't send or receive text messages.`);
  const refused = await registerWebhook(http, inbox, found, webhookUrl, signal);
  const warnings = [
    ...refused,
    ...(await serviceWarnings(http, inbox, found.sid, signal)),
    ...takenFrom(inbox, found),
    ...(isTrial ? [TRIAL] : []),
  ];
  return {
    accountKey: number,
    accountLabel: readableNumber(number),
    credentials: {
      ...inbox.credentials,
      phoneNumber: number,
      numberSid: found.sid,
      ...(found.capabilities.mms === undefined ? {} : { mms: found.capabilities.mms }),
      // Where Twilio takes no address of ours, a status callback would cost the message itself (error 21609).
      webhookUrl: refused.length === 0 ? webhookUrl : undefined,
    },
    warnings,
  };
}

const TRIAL =
  'This is a trial account: it only reaches numbers verified with Twilio, and puts a sentence before every text.';

/** By the auth token, for it is what webhooks are verified with. @returns whether it is a trial account. @throws ChannelError */
async function checkAccount(http: HttpClient, inbox: SmsInbox, signal: AbortSignal): Promise<boolean> {
  const read = account.safeParse(
    await callTwilio(http, inbox, { method: 'GET', path: '.json', byToken: true, signal }),
  );
  if (!read.success) throw unreadable('the account');
  const { status = 'active', type = '' } = read.data;
  if (status !== 'active')
    throw new ChannelError('reauthorize', `Twilio: the account is ${status}. Settle that in its console.`);
  return type.toLowerCase() === 'trial';
}

/** A URL that Twilio won't take is a warning: the number can send, and receives once PUBLIC_URL is mended. */
async function registerWebhook(
  http: HttpClient,
  inbox: SmsInbox,
  { sid }: PhoneNumber,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<string[]> {
  const url = smsUrl(webhookUrl);
  const fields = {
    SmsUrl: url,
    SmsMethod: 'POST',
    SmsFallbackUrl: url,
    SmsFallbackMethod: 'POST',
    // An application's address would win over the number's.
    SmsApplicationSid: '',
  };
  try {
    await updateNumber(http, inbox, sid, fields, signal);
    return [];
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== 'permanent') throw error;
    return [
      `No messages arrive yet: Twilio refused our webhook address (${error.message}). It needs a public PUBLIC_URL; correct it and connect again.`,
    ];
  }
}

function takenFrom(
  inbox: SmsInbox,
  { sms_url: url, sms_application_sid: application }: PhoneNumber,
): string[] {
  if (application)
    return [`The number's messages went to the TwiML application ${application} until now; they come here.`];
  if (!url || leadsHere(url, inbox.id) || !URL.canParse(url)) return [];
  return [`The number's messages went to ${new URL(url).host} until now; they come here.`];
}

/** Clears what leads to us; anything else on the number stays, as does a number whose account is gone. Idempotent. @throws ChannelError */
export async function disconnectSms(http: HttpClient, inbox: SmsInbox, signal: AbortSignal): Promise<void> {
  try {
    const found = await findNumber(http, inbox, toE164(inbox.credentials.phoneNumber), signal);
    if (!found) return;
    const ours = {
      ...(leadsHere(found.sms_url, inbox.id) ? { SmsUrl: '' } : {}),
      ...(leadsHere(found.sms_fallback_url, inbox.id) ? { SmsFallbackUrl: '' } : {}),
    };
    if (Object.keys(ours).length > 0) await updateNumber(http, inbox, found.sid, ours, signal);
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'reauthorize') return;
    throw error;
  }
}
