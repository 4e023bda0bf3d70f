/** Calls: what happens in one, what a flow asks of one, and where one stands. A call is a conversation; its events are messages. */

/** What happened in a call, as the parts of its conversation tell it (`CallPart.event`). */
export const CALL_EVENTS = [
  /** Somebody calls us. */
  'incoming',
  /** One of us calls somebody. */
  'dialling',
  /** It rings over there. */
  'ringing',
  /** `by` answered; without it, the other side did. */
  'answered',
  /** Nobody here answered in time; the call goes on. */
  'no_answer',
  /** Everything a flow said was heard. */
  'said',
  /** Digits or speech; neither when nothing came. */
  'gathered',
  'held',
  'resumed',
  /** To `to`. */
  'transferred',
  'voicemail',
  'recording',
  /** It was answered, and is over. */
  'ended',
  /** Somebody called us and gave up, or nobody answered. */
  'missed',
  /** Ours did not come about. */
  'failed',
] as const;
export type CallEvent = (typeof CALL_EVENTS)[number];

/** Those after which a call is over. */
export const CALL_ENDS: readonly string[] = ['ended', 'missed', 'failed'] satisfies CallEvent[];

export function isCallEnd(event: string): boolean {
  return CALL_ENDS.includes(event);
}

/** A step of a flow, as the provider is told it. */
export type CallInstruction =
  SayInstruction | GatherInstruction | RingInstruction | VoicemailInstruction | { do: 'hang_up' };

export interface Spoken {
  /** Already filled in. */
  text: string;
  /** The provider's name of a voice. */
  voice?: string;
  /** BCP 47, such as en-GB. */
  language?: string;
}
export interface SayInstruction extends Spoken {
  do: 'say';
}
export interface GatherInstruction extends Spoken {
  do: 'gather';
  input: 'digits' | 'speech' | 'both';
  /** Ends after so many digits; else by # or silence. */
  numDigits?: number;
  /** Silence after which it is over. */
  timeoutSeconds: number;
}
export const RING_STRATEGIES = ['all', 'round_robin', 'longest_idle'] as const;
export type RingStrategy = (typeof RING_STRATEGIES)[number];
export interface RingInstruction {
  do: 'ring';
  /** Whom: these people, else this team, else everybody. */
  agentIds?: string[];
  teamId?: string;
  strategy: RingStrategy;
  timeoutSeconds: number;
}
export interface VoicemailInstruction extends Spoken {
  do: 'voicemail';
  maxSeconds: number;
}

/** Where a call stands. It never goes back: what comes late changes nothing. */
export const CALL_STATES = ['ringing', 'in_progress', 'ended'] as const;
export type CallState = (typeof CALL_STATES)[number];
export type CallDirection = 'in' | 'out';

/** Why a call is over. */
export const CALL_END_REASONS = [
  'completed',
  'missed',
  'voicemail',
  'busy',
  'no_answer',
  'cancelled',
  'failed',
  /** Whoever reported on it fell silent. */
  'connection_lost',
] as const;
export type CallEndReason = (typeof CALL_END_REASONS)[number];

/** What a member says of themselves, and what is seen. */
export const PRESENCE_CHOICES = ['online', 'busy', 'away'] as const;
export type PresenceChoice = (typeof PRESENCE_CHOICES)[number];
export type PresenceStatus = PresenceChoice | 'offline';

/** Seconds without a sign of life after which a member is offline, or a browser's call is lost. */
export const PRESENCE_GAP_SECONDS = 60;
export const CALL_HEARTBEAT_GAP_SECONDS = 45;
/** A phone's state of mind, asked for as long as it is open. */
export const CALL_HEARTBEAT_SECONDS = 15;
