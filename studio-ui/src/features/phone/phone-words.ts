/** What the phone says of itself. Pure. */
import type { Call } from './call-state.ts';
import type { PhoneMood } from './phone-state.ts';

export const MOOD_WORDS: Record<PhoneMood, string> = {
  off: 'No line',
  connecting: 'Connecting',
  ready: 'Ready',
  lost: 'Line lost',
  refused: 'Line refused',
  ringing: 'Incoming call',
  calling: 'Calling',
  talking: 'On a call',
  held: 'On hold',
  wrap_up: 'Wrap-up',
};

const two = (count: number): string => String(count).padStart(2, '0');
/** "03:12", "1:02:07". */
export function clockWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

export const partyName = ({ party }: Pick<Call, 'party'>): string => party.name || party.number;

/** What is going on with a call, for the caller card and for ears. */
export function phaseWords(call: Call): string {
  switch (call.phase) {
    case 'ringing_in':
      return 'is calling';
    case 'ringing_out':
      return 'Ringing…';
    case 'connecting':
      return call.direction === 'in' ? 'Connecting…' : 'Calling…';
    case 'active':
      return call.isHeldByOther ? 'They put you on hold' : 'Connected';
    case 'held':
      return 'On hold: they hear nothing';
    case 'wrap_up':
      return 'Call ended';
  }
}

export const MIC_WORDS = {
  denied: {
    title: 'The browser doesn’t let Teloring use the microphone.',
    todo: 'Click the icon left of the address, allow the microphone for this site, and try again. Nobody hears you until then.',
  },
  none: {
    title: 'No microphone was found.',
    todo: 'Plug one in, or choose another in the sound settings. Pages have one by https or on this machine only.',
  },
  taken: {
    title: 'Another program holds the microphone.',
    todo: 'Close it there (a meeting, a recorder) and try again.',
  },
} as const;
