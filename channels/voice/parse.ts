import type { CallEvent } from '#domain/call.ts';
import type { CallPart } from '#domain/message.ts';
import type { ChannelEvent, InboundMessageEvent, InboundPart, RawRequest } from '../contract.ts';
import { isE164 } from '../sms/number.ts';
import { formFields } from '../sms/signature.ts';
import { readCallback, userOf, type VoiceInbox } from './inbox.ts';
import * as wire from './wire.ts';

type Malformed = { kind: 'malformed'; message: string };
export type At = ReturnType<typeof readCallback>;

/** One request is at most one event of one call. Total: no body makes it throw. */
export function parseVoice(_inbox: VoiceInbox, request: RawRequest): ChannelEvent[] | Malformed {
  const fields = fieldsOf(request);
  if (fields === null) return { kind: 'malformed', message: 'The body is no voice callback of Twilio’s.' };
  const event = eventOf(readCallback(request.url), fields);
  return event === null ? [] : [event];
}

export function fieldsOf(request: RawRequest): wire.Callback | null {
  const read = wire.callback.safeParse(Object.fromEntries(formFields(request.body).toReversed()));
  return read.success ? read.data : null;
}

type Reader = (at: At, fields: wire.Callback) => ChannelEvent | null;
const readers: Readonly<Record<string, Reader>> = {
  // A phone of ours that calls out is answered by what its ticket says, and told of by the other side's events.
  voice: (at, fields) =>
    isOurs(fields.From)
      ? null
      : told(at, fields, 'incoming', { direction: 'in', from: fields.From, to: fields.To }, 'incoming'),
  status: (at, fields) =>
    isOurs(fields.From) || !wire.isFinal(fields.CallStatus)
      ? null
      : endOf(at, fields, 'in', fields.CallStatus),
  said: (at, fields) => (at.ref === undefined ? null : told(at, fields, 'said', {}, `said:${at.ref}`)),
  gather: (at, fields) =>
    told(
      at,
      fields,
      'gathered',
      {
        ...(fields.Digits ? { digits: fields.Digits } : {}),
        ...(fields.SpeechResult ? { speech: fields.SpeechResult } : {}),
      },
      `gathered:${at.ref ?? ''}`,
    ),
  dial: (at, fields) => {
    const status = fields.DialCallStatus ?? '';
    if (isOut(at) || status === 'completed' || status === 'answered') return null;
    const reason = wire.reasonOf(status) ?? 'no_answer';
    return told(at, fields, 'no_answer', { reason }, `no_answer:${at.ref ?? ''}`);
  },
  leg: legOf,
  voicemail: (at, fields) => {
    const { RecordingUrl: url, RecordingDuration: seconds } = fields;
    if (!url) return told(at, fields, 'no_answer', { reason: 'silent' }, `silent:${at.ref ?? ''}`);
    return told(
      at,
      fields,
      'voicemail',
      seconds === undefined ? {} : { durationSeconds: seconds },
      `voicemail:${at.ref ?? ''}`,
      [recording(url, 'voicemail')],
    );
  },
  recording: (at, fields) => {
    const { RecordingUrl: url, RecordingDuration: seconds, RecordingSid: sid = '' } = fields;
    if (!url || (fields.RecordingStatus ?? 'completed') !== 'completed') return null;
    const part = seconds === undefined ? {} : { durationSeconds: seconds };
    return told(at, fields, 'recording', part, `recording:${sid || url}`, [recording(url, 'recording')]);
  },
};

function eventOf(at: At, fields: wire.Callback): ChannelEvent | null {
  return Object.hasOwn(readers, at.place) ? (readers[at.place]?.(at, fields) ?? null) : null;
}

const isOut = (at: At): boolean => at.query.get('dir') === 'out';
const isOurs = (from: string): boolean => from.startsWith('client:');

/** One side of a call that we had Twilio dial: an agent's phone, or whom an agent calls. */
function legOf(at: At, fields: wire.Callback): ChannelEvent | null {
  const { CallStatus: status, CallSid: sid, To: to } = fields;
  const answered = status === 'in-progress' || status === 'answered';
  if (!isOut(at)) {
    const userId = userOf(to);
    if (!answered || userId === null) return null;
    const how = at.ref === 'transfer' || at.ref === 'resume' ? { reason: at.ref } : {};
    return told(at, fields, 'answered', { by: { id: userId }, ...how }, `answered:${sid}`, [], {
      legSid: sid,
    });
  }
  if (status === 'ringing')
    return told(at, fields, 'ringing', { direction: 'out', to: at.who ?? to }, 'ringing', [], {
      legSid: sid,
    });
  if (answered) return told(at, fields, 'answered', {}, `answered:${sid}`, [], { legSid: sid });
  return wire.isFinal(status) ? endOf(at, fields, 'out', status) : null;
}

/** Every way a call ends has one id: whichever news of it comes first is the end. */
export function endOf(at: At, fields: wire.Callback, direction: 'in' | 'out', status: string): ChannelEvent {
  const reason = wire.reasonOf(status);
  const code = fields.SipResponseCode || fields.ErrorCode;
  return told(
    at,
    fields,
    direction === 'out' && reason !== undefined ? 'failed' : 'ended',
    {
      ...(fields.CallDuration === undefined ? {} : { durationSeconds: fields.CallDuration }),
      ...(reason === undefined ? {} : { reason }),
      ...(code ? { code } : {}),
    },
    'end',
  );
}

function told(
  at: At,
  fields: wire.Callback,
  event: CallEvent,
  more: Partial<CallPart>,
  id: string,
  others: InboundPart[] = [],
  reference?: { legSid: string },
): InboundMessageEvent {
  const threadKey = at.call ?? fields.CallSid;
  const eventId = `${threadKey}:${id}`;
  const sentAtMs = Date.parse(fields.Timestamp ?? '');
  return {
    kind: 'message',
    eventId,
    threadKey,
    contact: contactOf(at.who ?? fields.From, fields.CallerName),
    parts: [{ kind: 'call', event, ...more, ...(at.ref === undefined ? {} : { ref: at.ref }) }, ...others],
    providerMessageId: eventId,
    // What a flow does is done to the customer's side.
    replyAddress: { callSid: threadKey.startsWith('CA') ? threadKey : fields.CallSid },
    ...(Number.isNaN(sentAtMs) ? {} : { sentAtMs }),
    ...(reference === undefined ? {} : { reference }),
  };
}

/** Numbers that Twilio writes for callers who hide theirs. */
const HIDDEN = new Set([
  '+266696687',
  '+7378742833',
  '+2562533',
  '+8656696',
  '+86282452253',
  '+464',
  'anonymous',
  'restricted',
  'unknown',
  'blocked',
  '',
]);

export function externalIdOf(from: string): string {
  return HIDDEN.has(from.trim().toLowerCase()) ? 'anonymous' : from.trim();
}

function contactOf(from: string, name: string | undefined): InboundMessageEvent['contact'] {
  const externalId = externalIdOf(from);
  return {
    externalId,
    ...(isE164(externalId) ? { phone: externalId } : {}),
    ...(name ? { name } : externalId === 'anonymous' ? { name: 'Hidden number' } : {}),
  };
}

function recording(url: string, name: string): InboundPart {
  return {
    kind: 'audio',
    source: { url: `${url}.mp3`, mimeType: 'audio/mpeg' },
    mimeType: 'audio/mpeg',
    name: `${name}.mp3`,
  };
}
