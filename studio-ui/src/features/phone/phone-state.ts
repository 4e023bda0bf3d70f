/** What every tab shows of the phone, and what a person may wish of it. Plain JSON: it travels between tabs. */
import type { Call, Party } from './call-state.ts';
import type { LineState } from './engine.ts';

export interface Line {
  inboxId: string;
  state: LineState;
  reason?: string;
  /** Whose line it is, once the server has said so. */
  provider?: 'twilio' | 'sip';
}
export interface PhoneNotice {
  id: string;
  tone: 'info' | 'warn' | 'danger';
  words: string;
}
export interface PhoneState {
  lines: readonly Line[];
  call: Call | null;
  /** The colleague asked before a transfer. */
  consult: Call | null;
  /** Until when no call comes, after one that was answered. */
  wrapUpUntilMs: number | null;
  notice: PhoneNotice | null;
  mic: 'unknown' | 'ok' | 'denied' | 'none' | 'taken';
  /** Events that the server hasn't taken yet. */
  unsent: number;
  /** Holding and transferring is the server's: it knows no asking beforehand. */
  canConsult: boolean;
}
export type Wish =
  | { do: 'dial'; inboxId: string; to: string; party: Party; conversationId?: string }
  | { do: 'answer' }
  | { do: 'decline' }
  | { do: 'hang_up' }
  | { do: 'mute'; isMuted: boolean }
  | { do: 'hold'; isHeld: boolean }
  | { do: 'digit'; digit: string }
  | { do: 'transfer'; to: string; shown: string; agentId?: string }
  | { do: 'consult'; to: string; party: Party }
  | { do: 'end_consult' }
  | { do: 'complete_transfer' }
  | { do: 'ready' }
  | { do: 'dismiss' }
  | { do: 'reconnect'; inboxId: string }
  /** Devices were chosen anew, in whichever tab. */
  | { do: 'devices' };

export const idleState: PhoneState = {
  lines: [],
  call: null,
  consult: null,
  wrapUpUntilMs: null,
  notice: null,
  mic: 'unknown',
  unsent: 0,
  canConsult: false,
};

/** Where the phone as a whole stands: the words of the pill. */
export type PhoneMood =
  | 'off'
  | 'connecting'
  | 'ready'
  | 'lost'
  | 'refused'
  | 'ringing'
  | 'calling'
  | 'talking'
  | 'held'
  | 'wrap_up';

export function moodOf({ call, lines, wrapUpUntilMs }: PhoneState, nowMs: number): PhoneMood {
  if (call?.phase === 'ringing_in') return 'ringing';
  if (call?.phase === 'connecting' || call?.phase === 'ringing_out') return 'calling';
  if (call?.phase === 'active') return 'talking';
  if (call?.phase === 'held') return 'held';
  if (call?.phase === 'wrap_up' || (wrapUpUntilMs ?? 0) > nowMs) return 'wrap_up';
  if (lines.length === 0) return 'off';
  // The worst of them: one that doesn't ring is worth knowing of.
  for (const state of ['refused', 'lost', 'connecting'] as const)
    if (lines.some((line) => line.state === state)) return state;
  return 'ready';
}
