/** One call as the softphone sees it. Pure: every event in every phase is defined, and what doesn't fit changes nothing. */

export type CallPhase = 'ringing_in' | 'ringing_out' | 'connecting' | 'active' | 'held' | 'wrap_up';

/** How a call ended, in the words of the records (`CallEndReason`), and two that only the phone tells apart. */
export type EndReason =
  | 'completed'
  | 'missed'
  | 'busy'
  | 'no_answer'
  | 'cancelled'
  | 'failed'
  | 'connection_lost'
  | 'declined'
  | 'answered_elsewhere';

export interface Party {
  /** As the provider names it: a number in E.164, or a SIP address. */
  number: string;
  name: string | null;
}
export interface Call {
  /** The softphone's own id of it. */
  id: string;
  inboxId: string;
  direction: 'in' | 'out';
  party: Party;
  phase: CallPhase;
  /** The server's, once it knows of it. */
  callId: string | null;
  conversationId: string | null;
  isMuted: boolean;
  isHeldByOther: boolean;
  offeredAtMs: number;
  answeredAtMs: number | null;
  endedAtMs: number | null;
  end: CallEnd | null;
  transfer: Transfer | null;
  /** Digits sent so far, for the keypad's display. */
  digits: string;
}
export interface CallEnd {
  reason: EndReason;
  /** The provider's or SIP's own code. */
  code?: string;
}
export interface Transfer {
  kind: 'blind' | 'attended';
  to: string;
  state: 'asked' | 'refused';
  reason?: string;
}
export type CallEvent =
  /** The other side's phone rings. */
  | { kind: 'ringing' }
  /** We take it; sound isn't there yet. */
  | { kind: 'taken' }
  /** Both can speak. */
  | { kind: 'connected' }
  | { kind: 'held' }
  | { kind: 'resumed' }
  | { kind: 'muted'; isMuted: boolean }
  | { kind: 'other_held'; isHeld: boolean }
  | { kind: 'digit'; digit: string }
  | { kind: 'transfer'; transfer: Transfer }
  | { kind: 'transfer_refused'; reason: string }
  /** The server knows it now. */
  | { kind: 'known'; callId: string; conversationId: string | null; name?: string | null | undefined }
  | { kind: 'ended'; end: CallEnd }
  /** The person is done with what follows a call. */
  | { kind: 'wrapped' };

export interface Offered {
  id: string;
  inboxId: string;
  party: Party;
  callId?: string | null;
  conversationId?: string | null;
}

export const incomingCall = (offered: Offered, nowMs: number): Call => newCall(offered, 'in', nowMs);
export const outgoingCall = (offered: Offered, nowMs: number): Call => newCall(offered, 'out', nowMs);

function newCall(offered: Offered, direction: Call['direction'], nowMs: number): Call {
  return {
    id: offered.id,
    inboxId: offered.inboxId,
    party: offered.party,
    direction,
    phase: direction === 'in' ? 'ringing_in' : 'connecting',
    callId: offered.callId ?? null,
    conversationId: offered.conversationId ?? null,
    isMuted: false,
    isHeldByOther: false,
    offeredAtMs: nowMs,
    answeredAtMs: null,
    endedAtMs: null,
    end: null,
    transfer: null,
    digits: '',
  };
}

/** Null once there is no call any more. The very same object where nothing changed. */
export function nextCall(call: Call, event: CallEvent, nowMs: number): Call | null {
  switch (event.kind) {
    case 'known':
      return known(call, event);
    case 'wrapped':
      return call.phase === 'wrap_up' ? null : call;
    case 'ended':
      return ended(call, event.end, nowMs);
    case 'ringing':
      return call.phase === 'connecting' && call.direction === 'out'
        ? { ...call, phase: 'ringing_out' }
        : call;
    case 'taken':
      return call.phase === 'ringing_in' ? { ...call, phase: 'connecting' } : call;
    case 'connected':
      return isBeforeTalk(call.phase)
        ? { ...call, phase: 'active', answeredAtMs: call.answeredAtMs ?? nowMs }
        : call;
    default:
      return isTalk(call.phase) ? inTalk(call, event) : call;
  }
}

/** The server's name of the contact is better than what the network says. */
function known(call: Call, { callId, conversationId, name }: Extract<CallEvent, { kind: 'known' }>): Call {
  const next = {
    ...call,
    callId,
    conversationId: conversationId ?? call.conversationId,
    party: name ? { ...call.party, name } : call.party,
  };
  const isSame =
    next.callId === call.callId &&
    next.conversationId === call.conversationId &&
    next.party.name === call.party.name;
  return isSame ? call : next;
}

type TalkEvent = Exclude<
  CallEvent,
  { kind: 'known' | 'wrapped' | 'ended' | 'ringing' | 'taken' | 'connected' }
>;
function inTalk(call: Call, event: TalkEvent): Call {
  switch (event.kind) {
    case 'held':
      return call.phase === 'held' ? call : { ...call, phase: 'held' };
    case 'resumed':
      return call.phase === 'active' ? call : { ...call, phase: 'active' };
    case 'muted':
      return call.isMuted === event.isMuted ? call : { ...call, isMuted: event.isMuted };
    case 'other_held':
      return call.isHeldByOther === event.isHeld ? call : { ...call, isHeldByOther: event.isHeld };
    case 'digit':
      return { ...call, digits: (call.digits + event.digit).slice(-32) };
    case 'transfer':
      return { ...call, transfer: event.transfer };
    case 'transfer_refused':
      return call.transfer
        ? { ...call, transfer: { ...call.transfer, state: 'refused', reason: event.reason } }
        : call;
  }
}

/** Whoever has talked has something to write down; a call nobody answered is over at once. */
function ended(call: Call, end: CallEnd, nowMs: number): Call | null {
  if (call.phase === 'wrap_up') return call;
  if (call.answeredAtMs === null) return null;
  return { ...call, phase: 'wrap_up', end, endedAtMs: nowMs, isMuted: false, isHeldByOther: false };
}

const isBeforeTalk = (phase: CallPhase): boolean =>
  phase === 'ringing_in' || phase === 'ringing_out' || phase === 'connecting';
export const isTalk = (phase: CallPhase): boolean => phase === 'active' || phase === 'held';
/** Whether there is a connection to lose. */
export const isLive = (call: Call | null): call is Call => call !== null && call.phase !== 'wrap_up';

/** How long both could speak. */
export function talkMs(call: Call, nowMs: number): number {
  return call.answeredAtMs === null ? 0 : Math.max(0, (call.endedAtMs ?? nowMs) - call.answeredAtMs);
}
