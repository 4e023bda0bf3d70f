/** The number at Twilio: finding it, and whose its webhook is. */
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from './call.ts';
import { phoneNumber, phoneNumbers, type PhoneNumber } from './wire.ts';

/** The account's own number; null where it has none like it. @throws ChannelError */
export async function findNumber(
  http: HttpClient,
  inbox: SmsInbox,
  number: string,
  signal: AbortSignal,
): Promise<PhoneNumber | null> {
  const path = `/IncomingPhoneNumbers.json?${new URLSearchParams({ PhoneNumber: number }).toString()}`;
  const read = phoneNumbers.safeParse(await callTwilio(http, inbox, { method: 'GET', path, signal }));
  if (!read.success) throw unreadable('the account’s numbers');
  return read.data.incoming_phone_numbers.find((each) => each.phone_number === number) ?? null;
}

/** @throws ChannelError */
export async function updateNumber(
  http: HttpClient,
  inbox: SmsInbox,
  sid: string,
  fields: Record<string, string>,
  signal: AbortSignal,
): Promise<PhoneNumber> {
  const path = `/IncomingPhoneNumbers/${encodeURIComponent(sid)}.json`;
  const form = new URLSearchParams(fields);
  const read = phoneNumber.safeParse(await callTwilio(http, inbox, { method: 'POST', path, form, signal }));
  if (!read.success) throw unreadable('the number');
  return read.data;
}

/**
 * The address given to Twilio. The fragment is read by Twilio alone: two more tries where we don't answer, before the fallback; what
 * comes twice is known by its SID.
 */
export function smsUrl(webhookUrl: string): string {
  return `${webhookUrl}/sms#rc=2&rp=all`;
}

/** Whether a URL at Twilio leads to this very inbox, wherever PUBLIC_URL was when it was set. */
export function leadsHere(url: string | null | undefined, inboxId: string): boolean {
  return URL.canParse(url ?? '') && new URL(url ?? '').pathname.endsWith(`/webhooks/twilio/${inboxId}/sms`);
}

/** Both are the same address but for what only Twilio reads. */
export function isSameAddress(url: string | null | undefined, webhookUrl: string): boolean {
  return (url ?? '').replace(/#.*$/, '') === `${webhookUrl}/sms`;
}

export function noSuchNumber(number: string): ChannelError {
  return new ChannelError(
    'permanent',
    `This Twilio account has no number ${number}. Take one of its own numbers, with the country code.`,
  );
}
