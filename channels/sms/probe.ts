import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from './call.ts';
import { toE164 } from './number.ts';
import { findNumber, isSameAddress } from './numbers.ts';
import { account, balance, type PhoneNumber } from './wire.ts';

/** The account answers for sending, the number's own address for receiving. */
export async function probeSms(
  http: HttpClient,
  inbox: SmsInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const read = account.safeParse(
      await callTwilio(http, inbox, { method: 'GET', path: '.json', byToken: true, signal }),
    );
    if (!read.success) throw unreadable('the account');
    const { status = 'active', type = null } = read.data;
    const number = await findNumber(http, inbox, toE164(inbox.credentials.phoneNumber), signal);
    return {
      inbound: inboundHealth(number, webhookUrl),
      outbound: outboundHealth(inbox, number, status, webhookUrl),
      facts: {
        accountStatus: status,
        accountType: type,
        numberSid: number?.sid ?? null,
        smsUrl: addressOf(number, webhookUrl),
        ...(await balanceFacts(http, inbox, signal)),
      },
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // Not being able to ask is not an answer; only refused credentials are.
    const state = error.kind === 'reauthorize' ? 'failing' : 'unknown';
    const health = { state, reason: error.message } as const;
    return { inbound: health, outbound: health, facts: {} };
  }
}

function inboundHealth(number: PhoneNumber | null, webhookUrl: string): ProbeResult['inbound'] {
  if (!number) return { state: 'failing', reason: 'The number no longer belongs to this Twilio account.' };
  if (number.sms_application_sid)
    return {
      state: 'failing',
      reason: 'A TwiML application takes the number’s messages; connect the inbox again to take them back.',
    };
  if (isSameAddress(number.sms_url, webhookUrl)) return { state: 'ok' };
  return {
    state: 'failing',
    reason: number.sms_url
      ? 'The number’s messages go elsewhere; connect the inbox again to take them back.'
      : 'The number has no webhook at Twilio; connect the inbox again.',
  };
}

function outboundHealth(
  inbox: SmsInbox,
  number: PhoneNumber | null,
  accountStatus: string,
  webhookUrl: string,
): ProbeResult['outbound'] {
  if (accountStatus !== 'active')
    return { state: 'failing', reason: `The Twilio account is ${accountStatus}.` };
  if (!number) return { state: 'failing', reason: 'The number no longer belongs to this Twilio account.' };
  const { webhookUrl: given } = inbox.credentials;
  if (given !== webhookUrl)
    return {
      state: 'degraded',
      reason: given
        ? 'Delivery statuses go to an address that PUBLIC_URL no longer names; connect the inbox again.'
        : 'Delivery statuses don’t come: Twilio refused our address. Correct PUBLIC_URL and connect again.',
    };
  return { state: 'ok' };
}

/** Somebody else's webhook may have a secret in its path. */
function addressOf(number: PhoneNumber | null, webhookUrl: string): string | null {
  const url = number?.sms_url ?? '';
  if (isSameAddress(url, webhookUrl)) return url;
  return URL.canParse(url) ? new URL(url).origin : null;
}

/** Subaccounts and restricted keys may not ask. */
async function balanceFacts(
  http: HttpClient,
  inbox: SmsInbox,
  signal: AbortSignal,
): Promise<{ balance?: string }> {
  try {
    const read = balance.safeParse(
      await callTwilio(http, inbox, { method: 'GET', path: '/Balance.json', signal }),
    );
    return read.success ? { balance: `${read.data.balance} ${read.data.currency}` } : {};
  } catch (error) {
    if (error instanceof ChannelError) return {};
    throw error;
  }
}
