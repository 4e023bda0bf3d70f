/** What a call hears next: the TwiML with which each webhook is answered, once its event is committed. Never silence, never a dead end. */
import type { ChannelEvent, RawRequest } from '../contract.ts';
import type { Placed, VoiceDesk } from './desk.ts';
import { callbackUrl, readCallback, settingsOf, userOf, type CallbackOf, type VoiceInbox } from './inbox.ts';
import { endOf, externalIdOf, fieldsOf, type At } from './parse.ts';
import {
  asked as whomToRing,
  hangUp,
  hold,
  pickUp,
  recorded,
  ringing,
  spoken,
  voicemail,
  type SayTo,
} from './say.ts';
import { twiml, verb, type Verb } from './twiml.ts';
import * as wire from './wire.ts';

/** How long a caller waits for a flow before the team takes over. */
export const PATIENCE_SECONDS = 12;
/** The step that isn't one of a flow: the team rings. */
export const DESK = 'desk';
const LONGEST_VOICEMAIL = 180;

export interface VoiceAnswer {
  status: number;
  text: string;
  contentType: string;
  /** What the answer learned from our rows: stored like what `parse` found. */
  events?: ChannelEvent[];
}

interface Asked {
  desk: VoiceDesk;
  inbox: VoiceInbox;
  at: At;
  fields: wire.Callback;
  to: SayTo;
}

export async function respondVoice(
  desk: VoiceDesk | undefined,
  inbox: VoiceInbox,
  request: RawRequest,
): Promise<VoiceAnswer> {
  const fields = fieldsOf(request);
  const at = readCallback(request.url);
  if (!desk || fields === null) return xml();
  const of: CallbackOf = { call: at.call ?? fields.CallSid, who: at.who ?? externalIdOf(fields.From) };
  const asked: Asked = {
    desk,
    inbox,
    at,
    fields,
    to: { settings: settingsOf(inbox), webhookUrl: at.base, of },
  };
  const answer = Object.hasOwn(answers, at.place) ? answers[at.place] : undefined;
  return (await answer?.(asked)) ?? xml();
}

const xml = (...verbs: readonly Verb[]): VoiceAnswer => ({
  status: 200,
  text: twiml(...verbs),
  contentType: 'text/xml',
});

const answers: Readonly<Record<string, (asked: Asked) => Promise<VoiceAnswer> | VoiceAnswer>> = {
  // Picked up at once where a flow will speak; else it rings on until somebody answers.
  voice: async ({ desk, inbox, to, fields }) => {
    if (fields.From.startsWith('client:')) return xml(hangUp());
    return (await desk.listens(inbox)) ? xml(...pickUp(to)) : xml(...hold(to));
  },
  hold: next,
  said: (asked) => {
    if (asked.at.query.get('notice') === '1')
      return xml(...spoken({ text: asked.to.settings.recordingNotice }, asked.to.settings));
    return next(asked);
  },
  gather: next,
  dial: afterDial,
  leg: async ({ desk, inbox, at, to }) => {
    if (at.query.get('dir') !== 'out') await desk.answered(inbox, to.of.call);
    return xml();
  },
  voicemail: (asked) => (asked.at.ref === DESK ? xml(hangUp()) : next(asked)),
  ring: ({ at, to }) =>
    xml(
      ...ringing(
        { ...to, of: { ...to.of, ...(at.ref === undefined ? {} : { ref: at.ref }) } },
        whomToRing(at.query),
      ),
    ),
  app: dialOut,
  status: endOfPlaced,
};

/** The caller waits: for the flow, for the team, or for nothing. */
async function next(asked: Asked): Promise<VoiceAnswer> {
  const { desk, inbox, to } = asked;
  const waiting = await desk.holding(inbox, to.of.call, PATIENCE_SECONDS);
  if (waiting === 'hold') return xml(...hold(to));
  if (waiting === 'pick_up') return xml(...pickUp(to));
  return waiting === 'desk' ? ringTeam(asked) : xml(hangUp());
}

/** Rings everybody who is free; nobody free, or nobody answers: voicemail. */
async function ringTeam(asked: Asked): Promise<VoiceAnswer> {
  const { desk, inbox } = asked;
  const to: SayTo = { ...asked.to, of: { ...asked.to.of, ref: DESK } };
  const userIds = await desk.ring(inbox, to.of.call, { strategy: 'all' });
  if (userIds.length === 0) return leaveMessage(to);
  const callId = (await desk.callAt(inbox, to.of.call))?.id ?? '';
  return xml(...ringing(to, { userIds, callId, timeoutSeconds: to.settings.ringSeconds }));
}

function leaveMessage(to: SayTo): VoiceAnswer {
  const { greeting } = to.settings;
  const desked: SayTo = { ...to, of: { ...to.of, ref: DESK } };
  return greeting.trim() === ''
    ? xml(hangUp())
    : xml(...voicemail(desked, { text: greeting }, LONGEST_VOICEMAIL));
}

/** Agents' phones have rung: talked is over, not answered goes on with whoever had it ring. */
async function afterDial(asked: Asked): Promise<VoiceAnswer> {
  const { at, fields, to, desk, inbox } = asked;
  const status = fields.DialCallStatus ?? '';
  if (at.query.get('dir') === 'out' || status === 'completed' || status === 'answered') return xml(hangUp());
  await desk.stopRinging(inbox, to.of.call);
  if (at.ref === DESK || at.ref === 'transfer' || at.ref === 'resume') return leaveMessage(to);
  return next(asked);
}

/**
 * A phone of ours wants to call out. What it says of number and caller counts for nothing: only a ticket of this very agent, still good
 * and not used, says whom to dial and by which number.
 */
async function dialOut({ desk, inbox, fields, to }: Asked): Promise<VoiceAnswer> {
  const userId = userOf(fields.From);
  const placed =
    userId === null || fields.callId === undefined
      ? null
      : await desk.dial(inbox, { callId: fields.callId, userId, providerCallId: fields.CallSid });
  if (!placed)
    return xml(
      ...spoken({ text: 'This call may not be placed. Start it again from Teloring.' }, to.settings),
      hangUp(),
    );
  const of: CallbackOf = { call: placed.id, who: placed.to, more: { dir: 'out' } };
  const out: SayTo = { ...to, of };
  return xml(
    verb(
      'Dial',
      {
        callerId: placed.from,
        answerOnBridge: true,
        timeout: 60,
        action: callbackUrl(to.webhookUrl, 'dial', of),
        method: 'POST',
        ...recorded(out),
      },
      verb(
        'Number',
        {
          statusCallback: callbackUrl(to.webhookUrl, 'leg', of),
          statusCallbackEvent: 'initiated ringing answered completed',
          statusCallbackMethod: 'POST',
          ...(to.settings.recordCalls
            ? { url: callbackUrl(to.webhookUrl, 'said', { ...of, more: { notice: '1' } }), method: 'POST' }
            : {}),
        },
        placed.to,
      ),
    ),
  );
}

/** The agent's side is over before there was another one. */
async function endOfPlaced({ desk, inbox, at, fields }: Asked): Promise<VoiceAnswer> {
  const { CallStatus: status, From: from, CallSid: sid } = fields;
  if (!from.startsWith('client:') || !wire.isFinal(status)) return xml();
  const placed = await desk.placedBy(inbox, sid);
  if (!placed || !isAlone(placed)) return xml();
  const end = endOf(
    { ...at, call: placed.id, who: placed.to },
    fields,
    'out',
    status === 'completed' ? 'canceled' : status,
  );
  return { ...xml(), events: [end] };
}
const isAlone = ({ customerLeg, state, direction }: Placed): boolean =>
  direction === 'out' && customerLeg === null && state !== 'ended';
