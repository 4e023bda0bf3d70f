/** Why a call didn't come about, for the person who waits for it. Pure. */
import type { Call, CallEnd } from './call-state.ts';

/** Null where nothing has to be said: who hangs up knows it. */
export function endWords(
  call: Pick<Call, 'direction' | 'answeredAtMs'>,
  who: string,
  end: CallEnd,
): string | null {
  const code = end.code ? ` (${end.code})` : '';
  switch (end.reason) {
    case 'busy':
      return call.direction === 'out' ? `${who} is on another call.` : null;
    case 'no_answer':
      return call.direction === 'out' ? `${who} didn’t answer.` : `You missed a call from ${who}.`;
    case 'missed':
      return `You missed a call from ${who}.`;
    case 'declined':
      return call.direction === 'out' ? `${who} declined the call.` : null;
    case 'answered_elsewhere':
      return `The call from ${who} was answered elsewhere.`;
    case 'failed':
      return call.direction === 'out'
        ? `The call to ${who} didn’t come about${code}. Check the number and try again.`
        : `The call from ${who} couldn’t be connected${code}.`;
    case 'connection_lost':
      return `The connection to ${who} was lost. Call again when your network is back.`;
    case 'cancelled':
      return call.direction === 'in' ? `You missed a call from ${who}.` : null;
    case 'completed':
      return null;
  }
}
