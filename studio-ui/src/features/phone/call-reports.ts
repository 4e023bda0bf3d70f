/** What a phone that is the only witness of a call tells the server about it. Pure. */
import type { PhoneReport, PhoneReportBody } from '../../lib/api/voice-types.ts';
import type { Call, CallEnd } from './call-state.ts';
import type { LegEvent } from './engine.ts';

/** Nothing for what isn't an event of the call: mute is our own affair. */
export function reportOf(event: LegEvent, call: Call): PhoneReport | null {
  switch (event.kind) {
    case 'ringing':
      return { event: 'ringing' };
    case 'connected':
      return { event: 'answered' };
    case 'held':
      return { event: 'held' };
    case 'resumed':
      return { event: 'resumed' };
    case 'transfer_accepted':
      return { event: 'transferred', ...(call.transfer ? { to: call.transfer.to } : {}) };
    case 'ended':
      return endReport(event.end, call);
    default:
      return null;
  }
}

function endReport(end: CallEnd, { answeredAtMs, direction }: Call): PhoneReport | null {
  if (answeredAtMs !== null) return { event: 'ended' };
  // The phone that took it tells the rest.
  if (end.reason === 'answered_elsewhere') return null;
  const code = codes[end.reason] ?? Number(end.code);
  // A caller who gave up ends the call for everybody; who declines only leaves it to the others.
  const isOver = direction === 'in' && end.reason === 'missed';
  return { event: isOver ? 'ended' : 'failed', ...(code >= 100 && code <= 699 ? { sipCode: code } : {}) };
}
/** Where nobody sent one: what SIP calls it. */
const codes: Partial<Record<CallEnd['reason'], number>> = {
  cancelled: 487,
  missed: 487,
  declined: 603,
  busy: 486,
  no_answer: 480,
  connection_lost: 408,
};

/** The first report of an incoming call says what the server can't know. */
export function introduction(call: Call, providerCallId: string): Partial<PhoneReportBody> {
  return {
    inboxId: call.inboxId,
    from: call.party.number.slice(0, 200),
    ...(call.party.name ? { name: call.party.name.slice(0, 200) } : {}),
    providerCallId: providerCallId.slice(0, 300),
  };
}

/** The same id in every browser that the call rings in: a UUID made of the inbox and SIP's Call-ID. */
export async function callIdFor(inboxId: string, providerCallId: string): Promise<string> {
  const bytes = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${inboxId}\n${providerCallId}`)),
  ).slice(0, 16);
  // Version 8: made by a rule of our own (RFC 9562).
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
