import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  incomingCall,
  isLive,
  nextCall,
  outgoingCall,
  talkMs,
  type Call,
  type CallEvent,
  type CallPhase,
} from '../../../../studio-ui/src/features/phone/call-state.ts';

const offered = { id: 'c1', inboxId: 'i1', party: { number: '+442079460000', name: null } };
const incoming = incomingCall(offered, 1_000);
const outgoing = outgoingCall(offered, 1_000);
const run = (call: Call, ...events: CallEvent[]): Call | null =>
  events.reduce<Call | null>((now, event) => (now ? nextCall(now, event, 2_000) : null), call);
const must = (call: Call | null): Call => {
  if (!call) throw new Error('The call is over.');
  return call;
};
const active = must(run(incoming, { kind: 'taken' }, { kind: 'connected' }));
const inPhase: Record<CallPhase, Call> = {
  ringing_in: incoming,
  connecting: outgoing,
  ringing_out: must(run(outgoing, { kind: 'ringing' })),
  active,
  held: must(run(active, { kind: 'held' })),
  wrap_up: must(run(active, { kind: 'ended', end: { reason: 'completed' } })),
};
const events: Record<CallEvent['kind'], CallEvent> = {
  ringing: { kind: 'ringing' },
  taken: { kind: 'taken' },
  connected: { kind: 'connected' },
  held: { kind: 'held' },
  resumed: { kind: 'resumed' },
  muted: { kind: 'muted', isMuted: true },
  other_held: { kind: 'other_held', isHeld: true },
  digit: { kind: 'digit', digit: '5' },
  transfer: { kind: 'transfer', transfer: { kind: 'blind', to: '200', state: 'asked' } },
  transfer_refused: { kind: 'transfer_refused', reason: '404' },
  known: { kind: 'known', callId: 's1', conversationId: null },
  ended: { kind: 'ended', end: { reason: 'completed' } },
  wrapped: { kind: 'wrapped' },
};
/** Where each event leads: a phase, `over`, or nothing where it changes none. */
const table: Record<CallPhase, Partial<Record<CallEvent['kind'], CallPhase | 'over'>>> = {
  ringing_in: { taken: 'connecting', connected: 'active', ended: 'over' },
  ringing_out: { connected: 'active', ended: 'over' },
  connecting: { ringing: 'ringing_out', connected: 'active', ended: 'over' },
  active: { held: 'held', ended: 'wrap_up' },
  held: { resumed: 'active', ended: 'wrap_up' },
  wrap_up: { wrapped: 'over' },
};
const changesInTalk: readonly string[] = ['muted', 'other_held', 'digit', 'transfer'];

describe('a call of the softphone', () => {
  const cases = (Object.keys(inPhase) as CallPhase[]).flatMap((phase) =>
    (Object.keys(events) as CallEvent['kind'][]).map((kind) => ({ phase, kind })),
  );
  it.each(cases)('in $phase, $kind', ({ phase, kind }) => {
    const before = inPhase[phase];
    const after = nextCall(before, events[kind], 3_000);
    const expected = table[phase][kind];
    if (expected === 'over') return expect(after).toBeNull();
    expect(after?.phase).toBe(expected ?? phase);
    const isTalk = phase === 'active' || phase === 'held';
    const mayChange = expected !== undefined || kind === 'known' || (isTalk && changesInTalk.includes(kind));
    // What doesn't fit changes nothing, and says so by identity: no tab redraws.
    if (!mayChange) expect(after).toBe(before);
    else expect(after).not.toBe(before);
  });

  it('counts from the answer to the end, whatever comes late', () => {
    const ended = must(nextCall(active, { kind: 'ended', end: { reason: 'completed' } }, 65_000));
    expect(talkMs(ended, 999_999)).toBe(63_000);
    const late = must(nextCall(ended, { kind: 'ended', end: { reason: 'connection_lost' } }, 80_000));
    expect(late).toBe(ended);
    expect(talkMs(inPhase.ringing_out, 9_000)).toBe(0);
  });

  it('forgets mute and the other’s hold with the call, and keeps its number of digits in bounds', () => {
    const muted = must(run(active, events.muted, events.other_held));
    expect(muted).toMatchObject({ isMuted: true, isHeldByOther: true });
    expect(run(muted, events.ended)).toMatchObject({ isMuted: false, isHeldByOther: false });
    expect(run(active, ...Array<CallEvent>(40).fill(events.digit))?.digits).toHaveLength(32);
  });

  it('says that a transfer was refused, and why', () => {
    expect(run(active, events.transfer, events.transfer_refused)?.transfer).toEqual({
      kind: 'blind',
      to: '200',
      state: 'refused',
      reason: '404',
    });
    expect(run(active, events.transfer_refused)).toBe(active);
  });

  it('takes the contact’s name from the server, and keeps a conversation it knows', () => {
    const first = must(run(incoming, { kind: 'known', callId: 's1', conversationId: 'v1', name: 'Ada' }));
    expect(first).toMatchObject({ callId: 's1', conversationId: 'v1', party: { name: 'Ada' } });
    expect(run(first, { kind: 'known', callId: 's1', conversationId: null, name: null })).toBe(first);
  });

  it('never speaks before it was answered nor after it ended, in any order of events', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.constantFrom(...Object.values(events)), { maxLength: 30 }),
        (isIn, sequence) => {
          let call: Call | null = isIn ? incoming : outgoing;
          let hasEnded = false;
          for (const event of sequence) {
            if (!call) return;
            call = nextCall(call, event, 5_000);
            hasEnded ||= event.kind === 'ended';
            if (!call) return;
            const talks = call.phase === 'active' || call.phase === 'held' || call.phase === 'wrap_up';
            expect(talks).toBe(call.answeredAtMs !== null);
            expect(call.phase === 'wrap_up').toBe(call.endedAtMs !== null);
            if (hasEnded) expect(isLive(call)).toBe(false);
          }
        },
      ),
    );
  });
});
