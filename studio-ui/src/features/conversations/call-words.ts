/** What a call's events say, one by one and as a whole. Pure. */
import type { CallPart } from '#domain/message.ts';
import type { Message } from '../../lib/api/types.ts';

export type CallMark =
  | 'incoming'
  | 'outgoing'
  | 'ringing'
  | 'answered'
  | 'missed'
  | 'held'
  | 'transferred'
  | 'voicemail'
  | 'recording'
  | 'spoken'
  | 'pressed'
  | 'ended'
  | 'failed';
export interface CallLine {
  mark: CallMark;
  words: string;
  /** What was said or pressed, word for word. */
  quote?: string;
}

const WHO_ENDS: Record<string, string> = {
  busy: 'They were on another call',
  no_answer: 'They didn’t answer',
  cancelled: 'Hung up before it was answered',
  connection_lost: 'The connection was lost',
};

/** `contact` is whom the call is with. */
export function callLine(part: CallPart, contact: string): CallLine {
  if (part.instruction) return instructionLine(part);
  const us = part.by?.name ?? 'Somebody of the team';
  switch (part.event) {
    case 'incoming':
      return { mark: 'incoming', words: `${contact} called` };
    case 'dialling':
      return { mark: 'outgoing', words: `${us} called ${contact}` };
    case 'ringing':
      return {
        mark: 'ringing',
        words: part.direction === 'out' ? 'It rang over there' : 'Phones of the team rang',
      };
    case 'answered':
      return { mark: 'answered', words: part.by ? `${us} answered` : `${contact} answered` };
    case 'no_answer':
      return { mark: 'missed', words: 'Nobody answered in time' };
    case 'said':
      return { mark: 'spoken', words: 'Heard to the end' };
    case 'gathered':
      return gatheredLine(part);
    case 'held':
      return { mark: 'held', words: `${us} put the call on hold` };
    case 'resumed':
      return { mark: 'answered', words: `${us} came back` };
    case 'transferred':
      return { mark: 'transferred', words: `${us} transferred the call${part.to ? ` to ${part.to}` : ''}` };
    case 'voicemail':
      return { mark: 'voicemail', words: `${contact} left a message` };
    case 'recording':
      return { mark: 'recording', words: 'The call was recorded' };
    case 'ended':
      return { mark: 'ended', words: WHO_ENDS[part.reason ?? ''] ?? 'The call ended' };
    case 'missed':
      return { mark: 'missed', words: 'Nobody took the call' };
    case 'failed':
      return {
        mark: 'failed',
        words: `${WHO_ENDS[part.reason ?? ''] ?? 'The call didn’t come about'}${part.code ? ` (${part.code})` : ''}`,
      };
    default:
      return { mark: 'ringing', words: part.event.replaceAll('_', ' ') };
  }
}

function gatheredLine({ digits, speech }: CallPart): CallLine {
  if (digits) return { mark: 'pressed', words: 'Pressed', quote: digits.split('').join(' ') };
  if (speech) return { mark: 'spoken', words: 'Said', quote: `“${speech}”` };
  return { mark: 'pressed', words: 'Pressed and said nothing' };
}
function instructionLine({ instruction }: CallPart): CallLine {
  switch (instruction?.do) {
    case 'say':
      return { mark: 'spoken', words: 'The bot said', quote: `“${instruction.text}”` };
    case 'gather':
      return { mark: 'spoken', words: 'The bot asked', quote: `“${instruction.text}”` };
    case 'ring':
      return { mark: 'ringing', words: 'The bot rang the team' };
    case 'voicemail':
      return { mark: 'voicemail', words: 'The bot offered to take a message' };
    default:
      return { mark: 'ended', words: 'The bot hung up' };
  }
}

export interface CallSummary {
  title: string;
  tone: 'neutral' | 'ok' | 'warn' | 'danger' | 'info';
  /** Whoever of us was on the phone. */
  by: string | null;
  durationSeconds: number | null;
  isOver: boolean;
  direction: 'in' | 'out';
}

export function callSummary(messages: readonly Message[]): CallSummary {
  const parts = messages.flatMap(({ parts: [part] }) =>
    part?.kind === 'call' && !part.instruction ? [part] : [],
  );
  const has = (event: string): CallPart | undefined => parts.find((part) => part.event === event);
  const end = parts.findLast(({ event }) => event === 'ended' || event === 'missed' || event === 'failed');
  const answered = parts.findLast((part) => part.event === 'answered' && part.by);
  const dialling = has('dialling');
  const direction = dialling || parts.some((part) => part.direction === 'out') ? 'out' : 'in';
  const summary = {
    by: answered?.by?.name ?? (direction === 'out' ? (dialling?.by?.name ?? null) : null),
    durationSeconds: has('answered') ? (end?.durationSeconds ?? null) : null,
    isOver: end !== undefined,
    direction,
  } as const;
  if (has('voicemail')) return { ...summary, title: 'Voicemail', tone: 'info' };
  if (end?.event === 'missed') return { ...summary, title: 'Missed call', tone: 'danger' };
  if (end?.event === 'failed') return { ...summary, title: 'Call without an answer', tone: 'warn' };
  if (end?.reason === 'connection_lost') return { ...summary, title: 'Call cut off', tone: 'warn' };
  if (end)
    return { ...summary, title: direction === 'out' ? 'Outgoing call' : 'Incoming call', tone: 'neutral' };
  if (has('answered')) return { ...summary, title: 'On the phone now', tone: 'ok' };
  return { ...summary, title: direction === 'out' ? 'Calling now' : 'Ringing now', tone: 'ok' };
}
