/** TwiML of everything we have a caller hear or do. */
import type { CallInstruction, Spoken } from '#domain/call.ts';
import { callbackUrl, identityOf, type CallbackOf } from './inbox.ts';
import type { VoiceSettings } from './definition.ts';
import { twiml, verb, type Verb } from './twiml.ts';

/** Twilio speaks at most so much at once. */
const MOST_SPOKEN = 4096;
/** Between two questions of a waiting call what is next. */
const HOLD_SECONDS = 1;

export interface SayTo {
  settings: VoiceSettings;
  webhookUrl: string;
  of: CallbackOf;
}

export function spoken({ text, voice, language }: Spoken, settings: VoiceSettings): Verb[] {
  if (text.trim() === '') return [];
  return [
    verb(
      'Say',
      { voice: voice || settings.voice, language: language || settings.language },
      text.slice(0, MOST_SPOKEN),
    ),
  ];
}

const redirect = (url: string): Verb => verb('Redirect', { method: 'POST' }, url);

/** The caller waits a moment, then we are asked what is next. */
export function hold({ webhookUrl, of }: SayTo): Verb[] {
  return [verb('Pause', { length: HOLD_SECONDS }), redirect(callbackUrl(webhookUrl, 'hold', bare(of)))];
}
const bare = ({ call, who }: CallbackOf): CallbackOf => ({ call, who });

/** The same, and the call is answered, which a pause doesn't do: Twilio takes nothing else for a call that still rings. */
export function pickUp({ webhookUrl, of }: SayTo): Verb[] {
  return [verb('Play', { digits: 'ww' }), redirect(callbackUrl(webhookUrl, 'hold', bare(of)))];
}

export function hangUp(): Verb {
  return verb('Hangup');
}

export interface Ringing {
  userIds: readonly string[];
  /** Our id of the call: what the ringing phone asks us about. */
  callId: string;
  timeoutSeconds: number;
}

/** Twilio's limit to what is put into a call; what it fetches itself may be longer. */
export const MOST_PUT = 4000;

/** The same, short enough to be put into a call: Twilio asks us whom to ring (the address is signed with the rest). */
export function askWhomToRing({ webhookUrl, of }: SayTo, { userIds, callId, timeoutSeconds }: Ringing): Verb {
  const more = { ids: userIds.join(' '), callId, seconds: String(timeoutSeconds) };
  return redirect(callbackUrl(webhookUrl, 'ring', { ...of, more }));
}
export function asked(query: URLSearchParams): Ringing {
  const [ids = '', callId = '', seconds = ''] = ['ids', 'callId', 'seconds'].map(
    (name) => query.get(name) ?? '',
  );
  return { userIds: ids.split(' ').filter(Boolean), callId, timeoutSeconds: Number(seconds) || 25 };
}

/** Rings agents' phones; the first to answer has the call, the others stop. */
export function ringing(to: SayTo, { userIds, callId, timeoutSeconds }: Ringing): Verb[] {
  const { settings, webhookUrl, of } = to;
  return [
    ...(settings.recordCalls ? spoken({ text: settings.recordingNotice }, settings) : []),
    verb(
      'Dial',
      {
        timeout: timeoutSeconds,
        answerOnBridge: true,
        action: callbackUrl(webhookUrl, 'dial', of),
        method: 'POST',
        ...recorded(to),
      },
      ...userIds.map((userId) =>
        verb(
          'Client',
          {
            statusCallback: callbackUrl(webhookUrl, 'leg', of),
            statusCallbackEvent: 'initiated ringing answered completed',
            statusCallbackMethod: 'POST',
          },
          verb('Identity', {}, identityOf(userId)),
          verb('Parameter', { name: 'callId', value: callId }),
          verb('Parameter', {
            name: 'reason',
            value: of.ref === 'resume' || of.ref === 'transfer' ? of.ref : 'incoming',
          }),
        ),
      ),
    ),
  ];
}

export function recorded({ settings, webhookUrl, of }: SayTo): Record<string, string> {
  return settings.recordCalls
    ? {
        record: 'record-from-answer-dual',
        recordingStatusCallback: callbackUrl(webhookUrl, 'recording', of),
        recordingStatusCallbackMethod: 'POST',
      }
    : {};
}

export function voicemail(to: SayTo, greeting: Spoken, maxSeconds: number): Verb[] {
  const { settings, webhookUrl, of } = to;
  return [
    ...spoken(greeting, settings),
    verb('Record', {
      maxLength: maxSeconds,
      playBeep: true,
      finishOnKey: '#',
      action: callbackUrl(webhookUrl, 'voicemail', of),
      method: 'POST',
    }),
    // Reached where nothing was said.
    redirect(callbackUrl(webhookUrl, 'voicemail', { ...of, more: { empty: '1' } })),
  ];
}

/** A flow's step, as TwiML; `ring` is written by `ringing`, and hanging up needs none. */
export function instructed(
  to: SayTo,
  instruction: Exclude<CallInstruction, { do: 'ring' | 'hang_up' }>,
): string {
  const { settings, webhookUrl, of } = to;
  switch (instruction.do) {
    case 'say':
      return twiml(...spoken(instruction, settings), redirect(callbackUrl(webhookUrl, 'said', of)));
    case 'gather':
      return twiml(
        verb(
          'Gather',
          {
            input: { digits: 'dtmf', speech: 'speech', both: 'dtmf speech' }[instruction.input],
            numDigits: instruction.numDigits,
            timeout: instruction.timeoutSeconds,
            speechTimeout: instruction.input === 'digits' ? undefined : 'auto',
            language: instruction.input === 'digits' ? undefined : instruction.language || settings.language,
            action: callbackUrl(webhookUrl, 'gather', of),
            method: 'POST',
            actionOnEmptyResult: true,
          },
          ...spoken(instruction, settings),
        ),
      );
    case 'voicemail':
      return twiml(...voicemail(to, instruction, instruction.maxSeconds));
  }
}
