/** SIP's answers → how a call ended, and what a line is told. Pure. */
import type { CallEnd } from './call-state.ts';

export interface SipEnd {
  /** JsSIP's word for it. */
  cause: string;
  originator: string;
  /** Of the answer that ended it; absent where a request did. */
  statusCode?: number | undefined;
  /** RFC 3326, of the request that ended it. */
  reason?: string | undefined;
}

const busy = [486, 600];
const unanswered = [408, 480];
/** The network's or the media's doing rather than anybody's. */
const lost = ['RTP Timeout', 'Connection Error', 'Request Timeout', 'No ACK', 'Dialog Error'];

/** `wasAnswered`: both could speak. */
export function sipEnd(end: SipEnd, direction: 'in' | 'out', wasAnswered: boolean): CallEnd {
  const { cause, statusCode } = end;
  const code = statusCode === undefined ? {} : { code: String(statusCode) };
  if (wasAnswered) return { reason: lost.includes(cause) ? 'connection_lost' : 'completed' };
  if (cause === 'User Denied Media Access') return { reason: 'failed', code: 'no microphone' };
  if (direction === 'in') return { ...unansweredIn(end), ...code };
  if (end.originator === 'local' && (cause === 'Canceled' || cause === 'Terminated'))
    return { reason: 'cancelled' };
  if (statusCode === undefined)
    return cause === 'No Answer' || cause === 'Expires'
      ? { reason: 'no_answer' }
      : { reason: 'failed', code: cause };
  if (busy.includes(statusCode)) return { reason: 'busy', ...code };
  if (statusCode === 603) return { reason: 'declined', ...code };
  if (unanswered.includes(statusCode)) return { reason: 'no_answer', ...code };
  if (statusCode === 487) return { reason: 'cancelled' };
  return { reason: 'failed', ...code };
}

/** Who gave up on a call that rang here. A proxy that rings in several places cancels the others with cause 200 (RFC 3326). */
function unansweredIn({ cause, originator, reason }: SipEnd): CallEnd {
  if (/cause\s*=\s*200\b/i.test(reason ?? '')) return { reason: 'answered_elsewhere' };
  if (originator === 'local' && (cause === 'Rejected' || cause === 'Busy' || cause === 'Terminated'))
    return { reason: 'declined' };
  if (cause === 'Canceled' || cause === 'No Answer' || cause === 'Expires' || cause === 'Terminated')
    return { reason: 'missed' };
  return { reason: 'failed' };
}

/** Why a registration was refused. */
export function registrationWords(cause: string, statusCode: number | undefined): string {
  if (cause === 'Authentication Error') return 'The PBX refused the user name or the password.';
  if (statusCode === 403) return 'The PBX doesn’t let this account register (403).';
  if (statusCode === 404) return 'The PBX doesn’t know this account (404).';
  if (cause === 'Request Timeout' || cause === 'Connection Error') return 'The PBX doesn’t answer.';
  return `The PBX refused the registration${statusCode === undefined ? '' : ` (${statusCode})`}.`;
}
