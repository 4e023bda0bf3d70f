/** STOP and START: Twilio itself refuses sends after STOP, so the contact is shown as having blocked us. */
import type { Inbound } from './wire.ts';

const out = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT']);
/** Twilio also takes YES; that is an answer to many questions, and the next send finds out anyway. */
const back = new Set(['START', 'UNSTOP']);

/**
 * What a message changes between the contact and us. `OptOutType` comes with a service's advanced opt-out only, and then decides, with
 * the service's own words; else Twilio looks for its keywords standing alone.
 */
export function optOutOf(
  { OptOutType: type, Body: text }: Pick<Inbound, 'OptOutType' | 'Body'>,
  byKeyword: boolean,
): 'blocked' | 'unblocked' | null {
  if (type !== undefined && type !== '')
    return type === 'STOP' ? 'blocked' : type === 'START' ? 'unblocked' : null;
  if (!byKeyword) return null;
  const word = text.trim().toUpperCase();
  return out.has(word) ? 'blocked' : back.has(word) ? 'unblocked' : null;
}
