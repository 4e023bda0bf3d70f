/** What is done to a call that people talk in, by Twilio's API. */
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio } from '../sms/call.ts';
import { callbackUrl, settingsOf, twilioOf, type CallbackOf, type VoiceInbox } from './inbox.ts';
import { ringing, type SayTo } from './say.ts';
import { updateCall } from './send.ts';
import { twiml, verb } from './twiml.ts';
import * as wire from './wire.ts';

export type Control =
  | { do: 'hang_up' }
  /** The other side hears music, the agent's phone is free until it is rung again. */
  | { do: 'hold' }
  /** Rings this agent's phone for the other side: back from hold, or handed over. */
  | { do: 'ring'; userId: string; why: 'resume' | 'transfer' }
  /** Connects the other side with a number; the agent leaves. */
  | { do: 'forward'; number: string };

export interface ControlledCall {
  id: string;
  thread_key: string;
  direction: 'in' | 'out';
  from_number: string;
  to_number: string;
  customer_leg: string | null;
  provider_call_id: string | null;
  contactExternalId: string | null;
}

/** @throws ChannelError; with the code `ended` the call is over */
export async function controlCall(
  http: HttpClient,
  inbox: VoiceInbox,
  call: ControlledCall,
  control: Control,
  signal: AbortSignal,
): Promise<void> {
  const twilio = twilioOf(inbox);
  // Both sides hang on the one that began the call; a call of ours without another side yet is the agent's own.
  const first = call.direction === 'in' ? call.customer_leg : call.provider_call_id;
  const other = call.customer_leg;
  const leg = control.do === 'hang_up' ? (first ?? other) : other;
  if (leg === null) throw new ChannelError('permanent', 'Nobody is on the other side of this call yet.');
  if (control.do === 'hang_up') {
    // A call that is held or was handed over goes on without the side that began it.
    for (const side of new Set([other ?? leg, leg])) await end(http, inbox, side, signal);
    return;
  }
  await updateCall(http, twilio, leg, { Twiml: documentOf(inbox, call, control) }, signal);
}

async function end(http: HttpClient, inbox: VoiceInbox, leg: string, signal: AbortSignal): Promise<void> {
  try {
    await updateCall(http, twilioOf(inbox), leg, { Status: 'completed' }, signal);
  } catch (error) {
    if (!(error instanceof ChannelError) || error.providerCode !== 'ended') throw error;
  }
}

/** A quarter of an hour or so. */
const HOLD_LOOPS = 5;
const HOLD_MUSIC = 'https://com.twilio.sounds.music.s3.amazonaws.com/MARKOVICHAMP-Borghestral.mp3';

function documentOf(
  inbox: VoiceInbox,
  call: ControlledCall,
  control: Exclude<Control, { do: 'hang_up' }>,
): string {
  const who = call.contactExternalId ?? (call.direction === 'in' ? call.from_number : call.to_number);
  const of: CallbackOf = { call: call.thread_key, who };
  const webhookUrl = inbox.credentials.webhookUrl ?? '';
  const to: SayTo = { settings: settingsOf(inbox), webhookUrl, of };
  if (control.do === 'hold')
    return twiml(
      verb('Play', { loop: HOLD_LOOPS }, HOLD_MUSIC),
      // Whoever held the call may be gone for good: then the team rings, rather than music for ever.
      verb('Redirect', { method: 'POST' }, callbackUrl(webhookUrl, 'hold', of)),
    );
  if (control.do === 'ring')
    return twiml(
      ...ringing(
        { ...to, of: { ...of, ref: control.why } },
        { userIds: [control.userId], callId: call.id, timeoutSeconds: to.settings.ringSeconds },
      ),
    );
  return twiml(
    verb(
      'Dial',
      {
        callerId: inbox.credentials.phoneNumber,
        timeout: 60,
        action: callbackUrl(webhookUrl, 'dial', { ...of, ref: 'forward' }),
        method: 'POST',
      },
      verb('Number', {}, control.number),
    ),
  );
}

/** How a call stands at Twilio: its end, where news of it was missed. Null: it goes on, or nobody can say. @throws ChannelError */
export async function endAtTwilio(
  http: HttpClient,
  inbox: VoiceInbox,
  callSid: string,
  signal: AbortSignal,
): Promise<{ status: string; durationSeconds?: number } | null> {
  const path = `/Calls/${encodeURIComponent(callSid)}.json`;
  const read = wire.call.safeParse(await callTwilio(http, twilioOf(inbox), { method: 'GET', path, signal }));
  if (!read.success || !wire.isFinal(read.data.status)) return null;
  const { status, duration } = read.data;
  return { status, ...(duration === undefined ? {} : { durationSeconds: duration }) };
}
