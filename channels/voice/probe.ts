import { ChannelError, type ProbeResult } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from '../sms/call.ts';
import { toE164 } from '../sms/number.ts';
import { findNumber } from '../sms/numbers.ts';
import { account, balance } from '../sms/wire.ts';
import { callbackUrl, twilioOf, type VoiceInbox } from './inbox.ts';
import * as wire from './wire.ts';

/** The number's own address answers for incoming calls, account and application for outgoing ones. */
export async function probeVoice(
  http: HttpClient,
  inbox: VoiceInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  if (inbox.credentials.provider === 'sip') return sip;
  const twilio = twilioOf(inbox);
  try {
    const read = account.safeParse(
      await callTwilio(http, twilio, { method: 'GET', path: '.json', byToken: true, signal }),
    );
    if (!read.success) throw unreadable('the account');
    const { status = 'active', type = null } = read.data;
    const found = await findNumber(http, twilio, toE164(twilio.credentials.phoneNumber), signal);
    const number = found === null ? null : (wire.number.safeParse(found).data ?? null);
    const application = await applicationOf(http, twilio, inbox.credentials.applicationSid, signal);
    const money = await balanceOf(http, twilio, signal);
    return {
      inbound: inboundHealth(number, webhookUrl),
      outbound: outboundHealth(status, application, money, webhookUrl),
      facts: {
        accountStatus: status,
        accountType: type,
        numberSid: number?.sid ?? null,
        voiceUrl: number?.voice_url === callbackUrl(webhookUrl, 'voice') ? 'ours' : hostOf(number?.voice_url),
        applicationSid: application?.sid ?? null,
        ...(money === null ? {} : { balance: `${money.balance} ${money.currency}` }),
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

const unseen = {
  state: 'unknown',
  reason: 'Only phones register with an exchange; whether they can is seen in an open one.',
} as const;
const sip: ProbeResult = { inbound: unseen, outbound: unseen, facts: {} };

function inboundHealth(
  number: typeof wire.number._output | null,
  webhookUrl: string,
): ProbeResult['inbound'] {
  if (!number) return { state: 'failing', reason: 'The number no longer belongs to this Twilio account.' };
  if (number.trunk_sid)
    return {
      state: 'failing',
      reason: 'A SIP trunk takes the number’s calls; take it out of the trunk and connect again.',
    };
  if (number.voice_application_sid)
    return {
      state: 'failing',
      reason: 'A TwiML application takes the number’s calls; connect the inbox again to take them back.',
    };
  if (number.voice_url !== callbackUrl(webhookUrl, 'voice'))
    return {
      state: 'failing',
      reason: number.voice_url
        ? 'The number’s calls go elsewhere; connect the inbox again to take them back.'
        : 'The number has no webhook at Twilio; connect the inbox again.',
    };
  if (number.status_callback !== callbackUrl(webhookUrl, 'status'))
    return { state: 'degraded', reason: 'The ends of calls are not told to us; connect the inbox again.' };
  return { state: 'ok' };
}

function outboundHealth(
  accountStatus: string,
  application: typeof wire.application._output | null,
  money: { balance: string } | null,
  webhookUrl: string,
): ProbeResult['outbound'] {
  if (accountStatus !== 'active')
    return { state: 'failing', reason: `The Twilio account is ${accountStatus}.` };
  if (!application)
    return {
      state: 'failing',
      reason: 'The TwiML application for outgoing calls is gone; connect the inbox again.',
    };
  if (application.voice_url !== callbackUrl(webhookUrl, 'app'))
    return { state: 'failing', reason: 'The TwiML application leads elsewhere; connect the inbox again.' };
  if (money !== null && Number(money.balance) <= 0)
    return { state: 'degraded', reason: 'The Twilio account’s balance is used up.' };
  return { state: 'ok' };
}

async function applicationOf(
  http: HttpClient,
  twilio: SmsInbox,
  sid: string | undefined,
  signal: AbortSignal,
): Promise<typeof wire.application._output | null> {
  if (sid === undefined) return null;
  try {
    const path = `/Applications/${encodeURIComponent(sid)}.json`;
    return (
      wire.application.safeParse(await callTwilio(http, twilio, { method: 'GET', path, signal })).data ?? null
    );
  } catch (error) {
    if (error instanceof ChannelError && error.providerCode === '20404') return null;
    throw error;
  }
}

/** Subaccounts and restricted keys may not ask. */
async function balanceOf(
  http: HttpClient,
  twilio: SmsInbox,
  signal: AbortSignal,
): Promise<{ balance: string; currency: string } | null> {
  try {
    return (
      balance.safeParse(await callTwilio(http, twilio, { method: 'GET', path: '/Balance.json', signal }))
        .data ?? null
    );
  } catch (error) {
    if (error instanceof ChannelError) return null;
    throw error;
  }
}

/** Somebody else's webhook may have a secret in its path. */
function hostOf(url: string | null | undefined): string | null {
  return url && URL.canParse(url) ? new URL(url).origin : null;
}
