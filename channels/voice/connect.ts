import { ChannelError, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from '../sms/call.ts';
import { readableNumber, toE164 } from '../sms/number.ts';
import { findNumber, noSuchNumber, updateNumber } from '../sms/numbers.ts';
import { account } from '../sms/wire.ts';
import type { VoiceCredentials } from './definition.ts';
import { callbackUrl, twilioOf, type VoiceInbox } from './inbox.ts';
import * as wire from './wire.ts';

/** Asks whose account this is, points the number's calls at us, and makes the application by which agents' phones call out. @throws ChannelError */
export async function connectVoice(
  http: HttpClient,
  inbox: VoiceInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<Connected<VoiceCredentials>> {
  if (inbox.credentials.provider === 'sip') return connectSip(inbox);
  const twilio = twilioOf(inbox);
  const isTrial = await checkAccount(http, twilio, signal);
  const number = toE164(twilio.credentials.phoneNumber);
  const found = await findNumber(http, twilio, number, signal);
  if (!found) throw noSuchNumber(number);
  const read = wire.number.safeParse(found);
  if (!read.success) throw unreadable('the number');
  if (read.data.capabilities.voice === false)
    throw new ChannelError('permanent', `The number ${number} can't take calls.`);
  if (read.data.trunk_sid)
    throw new ChannelError(
      'permanent',
      'The number belongs to a SIP trunk, which takes its calls. Take it out of the trunk in the Twilio console, then connect again.',
    );
  const applicationSid = await saveApplication(http, twilio, inbox, webhookUrl, signal);
  const refused = await registerWebhook(http, twilio, found.sid, webhookUrl, signal);
  return {
    accountKey: number,
    accountLabel: readableNumber(number),
    credentials: {
      ...inbox.credentials,
      phoneNumber: number,
      numberSid: found.sid,
      applicationSid,
      webhookUrl,
    },
    warnings: [
      ...refused,
      ...takenFrom(inbox.id, read.data.voice_url, read.data.voice_application_sid),
      ...(isTrial
        ? ['This is a trial account: it only calls numbers verified with Twilio, and says a sentence first.']
        : []),
    ],
  };
}

/** An exchange is reached by phones only: nothing of it can be asked from here. */
function connectSip(inbox: VoiceInbox): Connected<VoiceCredentials> {
  const { username = '', domain = '', wsUrl = '' } = inbox.credentials;
  return {
    accountKey: `sip:${username}@${domain}`,
    accountLabel: `${username}@${domain}`,
    credentials: inbox.credentials,
    warnings: [
      'Only a phone can register with the exchange: open one to see whether it works. Flows can’t speak in its calls.',
      ...(wsUrl.startsWith('ws://') ? ['Browsers refuse ws:// on pages with https: use wss://.'] : []),
    ],
  };
}

/** By the auth token, for it is what webhooks are verified with; everything else is called by the API key, which so is proven too. */
async function checkAccount(http: HttpClient, twilio: SmsInbox, signal: AbortSignal): Promise<boolean> {
  const read = account.safeParse(
    await callTwilio(http, twilio, { method: 'GET', path: '.json', byToken: true, signal }),
  );
  if (!read.success) throw unreadable('the account');
  const { status = 'active', type = '' } = read.data;
  if (status !== 'active')
    throw new ChannelError('reauthorize', `Twilio: the account is ${status}. Settle that in its console.`);
  return type.toLowerCase() === 'trial';
}

const applicationName = (inboxId: string): string => `Teloring ${inboxId}`;

/** Found by its name where we don't know it any more, so that connecting again makes no second one. @returns its SID */
async function saveApplication(
  http: HttpClient,
  twilio: SmsInbox,
  inbox: VoiceInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<string> {
  const name = applicationName(inbox.id);
  const known = await findApplication(http, twilio, name, signal);
  const form = new URLSearchParams({
    FriendlyName: name,
    VoiceUrl: callbackUrl(webhookUrl, 'app'),
    VoiceMethod: 'POST',
    StatusCallback: callbackUrl(webhookUrl, 'status'),
    StatusCallbackMethod: 'POST',
  });
  const path = known === null ? '/Applications.json' : `/Applications/${encodeURIComponent(known)}.json`;
  const read = wire.application.safeParse(
    await callTwilio(http, twilio, { method: 'POST', path, form, signal }),
  );
  if (!read.success) throw unreadable('the application');
  return read.data.sid;
}

async function findApplication(
  http: HttpClient,
  twilio: SmsInbox,
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  const path = `/Applications.json?${new URLSearchParams({ FriendlyName: name }).toString()}`;
  const read = wire.applications.safeParse(await callTwilio(http, twilio, { method: 'GET', path, signal }));
  if (!read.success) throw unreadable('the applications');
  return read.data.applications.find((each) => each.friendly_name === name)?.sid ?? null;
}

/** A URL that Twilio won't take is a warning: connecting again mends it. */
async function registerWebhook(
  http: HttpClient,
  twilio: SmsInbox,
  numberSid: string,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<string[]> {
  const voiceUrl = callbackUrl(webhookUrl, 'voice');
  const fields = {
    VoiceUrl: voiceUrl,
    VoiceMethod: 'POST',
    VoiceFallbackUrl: voiceUrl,
    VoiceFallbackMethod: 'POST',
    StatusCallback: callbackUrl(webhookUrl, 'status'),
    StatusCallbackMethod: 'POST',
    // An application's address would win over the number's.
    VoiceApplicationSid: '',
  };
  try {
    await updateNumber(http, twilio, numberSid, fields, signal);
    return [];
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== 'permanent') throw error;
    return [
      `No calls arrive yet: Twilio refused our webhook address (${error.message}). It needs a public PUBLIC_URL; correct it and connect again.`,
    ];
  }
}

/** Whether a URL at Twilio leads to this very inbox, wherever PUBLIC_URL was when it was set. */
export function leadsHere(url: string | null | undefined, inboxId: string, place: string): boolean {
  return (
    URL.canParse(url ?? '') && new URL(url ?? '').pathname.endsWith(`/webhooks/twilio/${inboxId}/${place}`)
  );
}

function takenFrom(
  inboxId: string,
  url: string | null | undefined,
  application: string | null | undefined,
): string[] {
  if (application)
    return [`The number's calls went to the TwiML application ${application} until now; they come here.`];
  if (!url || leadsHere(url, inboxId, 'voice') || !URL.canParse(url)) return [];
  return [`The number's calls went to ${new URL(url).host} until now; they come here.`];
}

/** Clears what leads to us and takes our application away; anything else stays, as does what an account that is gone has. Idempotent. @throws ChannelError */
export async function disconnectVoice(
  http: HttpClient,
  inbox: VoiceInbox,
  signal: AbortSignal,
): Promise<void> {
  if (inbox.credentials.provider === 'sip') return;
  const twilio = twilioOf(inbox);
  try {
    const found = await findNumber(http, twilio, toE164(twilio.credentials.phoneNumber), signal);
    const read = wire.number.safeParse(found);
    if (found && read.success) {
      const fallback = read.data['voice_fallback_url'];
      const ours = {
        ...(leadsHere(read.data.voice_url, inbox.id, 'voice') ? { VoiceUrl: '' } : {}),
        ...(typeof fallback === 'string' && leadsHere(fallback, inbox.id, 'voice')
          ? { VoiceFallbackUrl: '' }
          : {}),
        ...(leadsHere(read.data.status_callback, inbox.id, 'status') ? { StatusCallback: '' } : {}),
      };
      if (Object.keys(ours).length > 0) await updateNumber(http, twilio, found.sid, ours, signal);
    }
    const sid = await findApplication(http, twilio, applicationName(inbox.id), signal);
    if (sid !== null)
      await callTwilio(http, twilio, {
        method: 'DELETE',
        path: `/Applications/${encodeURIComponent(sid)}.json`,
        signal,
      });
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'reauthorize') return;
    throw error;
  }
}
