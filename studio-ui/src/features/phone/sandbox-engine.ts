/** A phone without a provider: a sandbox's calls live on the server, this answers, declines and hangs up there. No sound. */
import { request } from '../../lib/api/client.ts';
import { api } from '../../lib/api/endpoints.ts';
import type { VoiceCall } from '../../lib/api/voice-types.ts';
import { feed } from '../../lib/feed.svelte.ts';
import { session } from '../../lib/session.svelte.ts';
import type { CallEnd } from './call-state.ts';
import type { Engine, Leg, LegEvent } from './engine.ts';

const nothing = (): void => undefined;

export function createSandboxEngine(inboxId: string): Engine {
  const legs = new Map<string, SandboxLeg>();
  /** Held: the double took the leg, as Twilio does, and rings again when the call comes back. */
  const parked = new Set<string>();
  let offer: (leg: Leg) => void = nothing;
  let undo: (() => void)[] = [];

  function heard(call: VoiceCall): void {
    if (call.inboxId !== inboxId) return;
    const me = session.me?.user?.id ?? '';
    const known = legs.get(call.id);
    if (known) {
      if (!known.follow(call, me)) return;
      legs.delete(call.id);
      if (call.held && call.state !== 'ended') parked.add(call.id);
    } else if (parked.has(call.id) && !call.held) {
      parked.delete(call.id);
      if (call.state !== 'ended' && call.agent?.id === me) take(call);
    } else if (call.direction === 'in' && call.state === 'ringing' && call.ringing.includes(me)) {
      take(call);
    }
  }
  function take(call: VoiceCall): void {
    const leg = createSandboxLeg(call);
    legs.set(call.id, leg);
    offer(leg);
  }
  const look = (callId: string): void => void api.voiceCall(callId).then(heard, () => undefined);
  const lookAtAll = (): void =>
    void api.activeCalls().then(
      ({ items }) => items.forEach(heard),
      () => undefined,
    );
  return {
    isOnlyWitness: false,
    start(listener) {
      offer = (leg) => listener.incoming(leg);
      undo = [
        feed.onEvent((event) => {
          if (event.name === 'call.updated' && event.callId) look(event.callId);
        }),
        feed.onResync(lookAtAll),
      ];
      lookAtAll();
      listener.line({ state: 'ready' });
    },
    async place(_to, params) {
      const call = await api.voiceCall(params['callId'] ?? '');
      const leg = createSandboxLeg(call);
      legs.set(call.id, leg);
      await act(call.id, 'dial');
      return leg;
    },
    setSpeaker: async () => undefined,
    stop() {
      for (const stop of undo) stop();
      undo = [];
    },
  };
}

interface SandboxLeg extends Leg {
  /** Whether it is over. */
  follow(call: VoiceCall, me: string): boolean;
}
function createSandboxLeg(first: VoiceCall): SandboxLeg {
  let listener: ((event: LegEvent) => void) | null = null;
  const early: LegEvent[] = [];
  let last: 'offered' | 'talking' | 'over' = 'offered';
  const tell = (event: LegEvent): void => {
    if (listener) listener(event);
    else early.push(event);
  };
  const finish = (end: CallEnd): boolean => {
    if (last !== 'over') tell({ kind: 'ended', end });
    last = 'over';
    return true;
  };
  const number = first.direction === 'in' ? first.from : first.to;
  return {
    ref: first.providerCallId ?? first.id,
    party: { number, name: first.contact?.name ?? null },
    params: { callId: first.id, ...(first.conversationId ? { conversationId: first.conversationId } : {}) },
    control: null,
    listen(next) {
      listener = next;
      for (const event of early.splice(0)) next(event);
    },
    follow(call, me) {
      if (call.state === 'ended') return finish(endOf(call, last === 'talking'));
      if (call.held && last === 'talking') return finish({ reason: 'completed' });
      if (call.agent && call.agent.id !== me) return finish({ reason: 'answered_elsewhere' });
      if (call.answeredAt !== null && first.answeredAt === null && last === 'offered') {
        last = 'talking';
        tell({ kind: 'connected' });
      } else if (call.direction === 'in' && call.state === 'ringing' && !call.ringing.includes(me)) {
        return finish({ reason: 'missed' });
      }
      return false;
    },
    async answer() {
      for (let tries = 0; ; tries += 1)
        try {
          await act(first.id, 'answer');
          break;
        } catch (error) {
          // One that comes back from hold is told of a moment before it rings.
          if (first.answeredAt === null || tries === 5) throw error;
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
      if (first.answeredAt === null) return;
      last = 'talking';
      tell({ kind: 'connected' });
    },
    decline() {
      void act(first.id, 'decline').catch(() => undefined);
      finish({ reason: 'declined' });
    },
    hangUp: () => void act(first.id, 'hang_up').catch(() => finish({ reason: 'connection_lost' })),
    mute: (isMuted) => tell({ kind: 'muted', isMuted }),
    digit: () => undefined,
    setMicrophone: async () => undefined,
  };
}

async function act(callId: string, what: 'answer' | 'decline' | 'hang_up' | 'dial'): Promise<void> {
  await request('POST', `/api/voice/calls/${encodeURIComponent(callId)}/sandbox`, { body: { do: what } });
}
function endOf(call: VoiceCall, wasTalking: boolean): CallEnd {
  if (wasTalking) return { reason: call.endReason === 'connection_lost' ? 'connection_lost' : 'completed' };
  if (call.endReason === 'busy' || call.endReason === 'no_answer' || call.endReason === 'failed')
    return { reason: call.endReason };
  return { reason: call.direction === 'in' ? 'missed' : 'cancelled' };
}
