/**
 * The phone itself, in the tab that leads: keeps a line per voice inbox, one call at a time, and tells the server what only it sees.
 * Knows no browser and no provider: both are handed in.
 */
import { uuidV7 } from '#domain/ids.ts';
import { messageOf } from '../../lib/api/client.ts';
import type { VoiceCall } from '../../lib/api/voice-types.ts';
import { callIdFor } from './call-reports.ts';
import {
  incomingCall,
  isLive,
  nextCall,
  outgoingCall,
  type Call,
  type CallEnd,
  type CallEvent,
} from './call-state.ts';
import { endWords } from './end-words.ts';
import { MicFailure, type Engine, type Leg, type LegEvent } from './engine.ts';
import { createLines, type Lines } from './lines.ts';
import { shownNumber } from './number-words.ts';
import { idleState, type PhoneNotice, type PhoneState, type Wish } from './phone-state.ts';
import type { Softphone, SoftphoneDeps } from './softphone-deps.ts';
import { createTeller } from './teller.ts';

export type { Softphone };

export function createSoftphone(deps: SoftphoneDeps): Softphone {
  const { api } = deps;
  const nowMs = (): number => deps.nowMs();
  let state: PhoneState = idleState;
  let leg: Leg | null = null;
  let consultLeg: Leg | null = null;
  /** A hold that the server was asked for: it may take our leg before it answers. */
  let isParking = false;
  const teller = createTeller({
    report: (callId, report) => api.report(callId, report),
    storage: deps.storage,
    nowMs,
    wait: (ms) => deps.wait(ms),
    onWaiting: (unsent) => show({ unsent }),
    onKnown: known,
  });
  const lines: Lines = createLines({
    session: (inboxId) => api.session(inboxId),
    createEngine: (session, inboxId) => deps.createEngine(session, inboxId),
    onLines: (next) => show({ lines: next }),
    onIncoming: offered,
    isInUse: (inboxId) => isLive(state.call) && state.call.inboxId === inboxId,
  });

  function show(change: Partial<PhoneState>): void {
    state = { ...state, ...change };
    deps.onChange(state);
  }
  function notice(words: string | null, tone: PhoneNotice['tone'] = 'info'): void {
    show({ notice: words === null ? null : { id: uuidV7(), tone, words } });
  }
  function move(event: CallEvent): void {
    if (!state.call) return;
    const next = nextCall(state.call, event, nowMs());
    if (next !== state.call) show({ call: next });
  }
  /** As it is now: what a check before has told is past. */
  const current = (): Call | null => state.call;

  // ——— the call

  /** Held in the provider's cloud: our leg was taken, and the next one of the call gives it back. */
  const isParked = (): boolean => leg === null && state.call?.phase === 'held' && state.call.callId !== null;
  async function backFromHold(next: Leg): Promise<void> {
    follow(next);
    try {
      await next.answer();
      if (state.call?.isMuted) next.mute(true);
    } catch (error) {
      leg = null;
      next.decline('declined');
      notice(`You couldn’t come back to the call. ${messageOf(error)}`, 'danger');
    }
  }
  function offered(inboxId: string, engine: Engine, next: Leg): void {
    if (isParked() && next.params['callId'] === state.call?.callId) return void backFromHold(next);
    const isBusy = isLive(state.call) || !deps.isAvailable() || (state.wrapUpUntilMs ?? 0) > nowMs();
    if (isBusy) return next.decline('busy');
    const call = incomingCall(
      {
        id: uuidV7(),
        inboxId,
        party: next.party,
        callId: next.params['callId'] ?? null,
        conversationId: next.params['conversationId'] ?? null,
      },
      nowMs(),
    );
    const callId = engine.isOnlyWitness ? callIdFor(inboxId, next.ref) : null;
    teller.witness(callId);
    show({ call, consult: null, canConsult: next.control !== null, notice: null });
    follow(next);
    // It rings here, which the leg itself doesn't say.
    teller.tell({ kind: 'ringing' }, call, next);
    void callId?.then((known) => {
      if (state.call?.id === call.id) move({ kind: 'known', callId: known, conversationId: null });
    });
  }
  function known(call: VoiceCall): void {
    if (state.call?.callId !== call.id) return;
    const { id: callId, conversationId, contact } = call;
    move({ kind: 'known', callId, conversationId, name: contact?.name });
  }
  function follow(next: Leg): void {
    leg = next;
    next.listen((event) => {
      if (leg === next) onLeg(next, event);
    });
  }
  function onLeg(of: Leg, event: LegEvent): void {
    const { call } = state;
    if (!call) return;
    teller.tell(event, call, of);
    const isServers = of.control === null;
    if (event.kind === 'ended' && isServers && event.end.reason === 'completed' && call.callId !== null)
      if (isParking || call.phase === 'held') {
        leg = null;
        return void onServerCall(call.callId);
      }
    if (event.kind === 'ended') return over(call, event.end);
    if (event.kind === 'connected' && isServers && call.phase === 'held') return move({ kind: 'resumed' });
    if (event.kind === 'transfer_accepted') {
      // They speak to each other: nothing is left to do here.
      consultLeg?.hangUp();
      return of.hangUp();
    }
    if (event.kind === 'transfer_refused') {
      // Nobody is left who was asked: back to the caller.
      if (isHandingOver() && !state.consult) of.control?.resume();
      notice(`The transfer didn’t come about: ${event.reason}. You are still connected.`, 'warn');
    }
    move(event);
  }
  function over(call: Call, end: CallEnd): void {
    const asked = state.consult;
    leg = null;
    // A colleague who was being asked isn't left on the line.
    if (asked) endConsult();
    // Twilio tells no reason; the server knows whether a colleague took it.
    if (end.reason === 'missed' && !teller.isWitness() && call.callId) void explainMissed(call, call.callId);
    const words = endWords(call, whoIs(call), end);
    if (words) notice(words, end.reason === 'failed' || end.reason === 'connection_lost' ? 'danger' : 'info');
    move({ kind: 'ended', end });
    if (call.callId) void onServerCall(call.callId);
  }
  async function explainMissed(call: Call, callId: string): Promise<void> {
    const known = await api.call(callId).catch(() => null);
    if (known?.agent && !state.call) notice(endWords(call, whoIs(call), { reason: 'answered_elsewhere' }));
  }
  /** What the server alone knows of it: the conversation, who answered elsewhere, how long the wrap-up may last. */
  async function onServerCall(callId: string): Promise<void> {
    const { call } = state;
    if (call?.callId !== callId) return;
    const told = await api.call(callId).catch(() => null);
    if (!told || state.call?.callId !== callId) return;
    known(told);
    // No leg of ours tells that whoever waited has gone.
    if (isParked() && told.state === 'ended') return over(state.call, { reason: 'completed' });
    if (state.call?.phase === 'wrap_up')
      show({ wrapUpUntilMs: told.wrapUpUntil ? Date.parse(told.wrapUpUntil) : state.wrapUpUntilMs });
  }

  async function dial(wish: Extract<Wish, { do: 'dial' }>): Promise<void> {
    if (isLive(state.call)) throw new Error('You are on a call. End it first, or transfer it.');
    const engine = lines.engine(wish.inboxId);
    if (!engine) throw new Error('This inbox’s line isn’t connected yet. Try again in a moment.');
    const { inboxId, party, conversationId } = wish;
    const call = outgoingCall(
      { id: uuidV7(), inboxId, party, conversationId: conversationId ?? null },
      nowMs(),
    );
    teller.witness(null);
    leg = null;
    show({ call, consult: null, wrapUpUntilMs: null, notice: null });
    const isStill = (): boolean => state.call?.id === call.id && isLive(state.call);
    try {
      const placed = await api.place(inboxId, {
        to: wish.to,
        clientCallId: call.id,
        ...(conversationId === undefined ? {} : { conversationId }),
      });
      if (engine.isOnlyWitness) teller.witness(Promise.resolve(placed.callId));
      move({ kind: 'known', callId: placed.callId, conversationId: placed.conversationId });
      if (!isStill()) return abandoned(placed.callId, engine, call);
      const next = await engine.place(placed.dial.to, placed.dial.params);
      if (!isStill()) {
        next.listen((event) => event.kind === 'ended' && abandoned(placed.callId, engine, call));
        return next.hangUp();
      }
      show({ canConsult: next.control !== null });
      follow(next);
    } catch (error) {
      const mic = micOf(error);
      if (mic) show({ mic });
      const callId = current()?.callId;
      if (teller.isWitness() && callId) teller.tellFailed(callId);
      if (isStill()) show({ call: null });
      throw new Error(`The call wasn’t placed. ${messageOf(error)}`, { cause: error });
    }
  }
  /** Hung up while it was still being placed: the record of it ends too. */
  function abandoned(callId: string, engine: Engine, call: Call): void {
    if (!engine.isOnlyWitness) return;
    teller.tellFailed(callId, 487);
    if (state.call?.id === call.id) show({ call: null });
  }
  async function answer(): Promise<void> {
    if (state.call?.phase !== 'ringing_in' || !leg) return;
    const ringing = leg;
    try {
      await ringing.answer();
      move({ kind: 'taken' });
      show({ mic: 'ok' });
    } catch (error) {
      const mic = micOf(error);
      if (mic) show({ mic });
      throw error;
    }
  }
  async function hangUp(): Promise<void> {
    if (leg) return leg.hangUp();
    const { call } = state;
    if (call?.callId && isParked()) {
      await api.hangUp(call.callId);
      return over(call, { reason: 'completed' });
    }
    // Still being placed: what comes of it is hung up when it is there.
    if (isLive(state.call)) show({ call: null });
  }
  async function hold(isHeld: boolean): Promise<void> {
    if (!state.call || (!leg && !isParked())) return;
    if (leg?.control) return isHeld ? leg.control.hold() : leg.control.resume();
    const { callId } = state.call;
    if (callId === null) throw new Error('The server doesn’t know this call yet. Try again in a moment.');
    isParking = isHeld;
    try {
      await api.hold(callId, isHeld);
      // Back is who is rung again, and answers.
      if (isHeld || leg) move({ kind: isHeld ? 'held' : 'resumed' });
    } catch (error) {
      // Where our leg has gone, the other side waits all the same.
      if (isHeld && !leg) move({ kind: 'held' });
      throw error;
    } finally {
      isParking = false;
    }
    if (isParked()) await onServerCall(callId);
  }
  async function transfer({ to, shown, agentId }: Extract<Wish, { do: 'transfer' }>): Promise<void> {
    const { call } = state;
    if (!call || (!leg && !isParked())) return;
    move({ kind: 'transfer', transfer: { kind: 'blind', to: shown, state: 'asked' } });
    try {
      if (leg?.control && to !== '') return leg.control.transfer(to);
      if (call.callId === null)
        throw new Error('The server doesn’t know this call yet. Try again in a moment.');
      await api.transfer(call.callId, agentId ? { agentId } : { to });
      if (isParked()) over(call, { reason: 'completed' });
    } catch (error) {
      move({ kind: 'transfer_refused', reason: messageOf(error) });
      throw error;
    }
  }

  // ——— asking a colleague before a transfer

  async function consult({ to, party }: Extract<Wish, { do: 'consult' }>): Promise<void> {
    const { call } = state;
    if (!call || !leg?.control || state.consult) return;
    const engine = lines.engine(call.inboxId);
    if (!engine) throw new Error('This inbox’s line isn’t connected. Try again in a moment.');
    leg.control.hold();
    const asked = outgoingCall({ id: uuidV7(), inboxId: call.inboxId, party }, nowMs());
    show({ consult: asked });
    try {
      const next = await engine.place(to, {});
      consultLeg = next;
      next.listen((event) => {
        if (consultLeg !== next || !state.consult) return;
        if (event.kind === 'ended') {
          // The call they are given takes this one's place; whether it did, the other leg says.
          if (isHandingOver()) return forgetConsult();
          const words = endWords(asked, whoIs(asked), event.end);
          if (words) notice(words);
          return endConsult();
        }
        if (event.kind === 'transfer_accepted' || event.kind === 'transfer_refused') return;
        show({ consult: nextCall(state.consult, event, nowMs()) });
      });
    } catch (error) {
      endConsult();
      throw error;
    }
  }
  const isHandingOver = (): boolean =>
    state.call?.transfer?.kind === 'attended' && state.call.transfer.state === 'asked';
  function forgetConsult(): void {
    consultLeg = null;
    show({ consult: null });
  }
  function endConsult(): void {
    const ending = consultLeg;
    consultLeg = null;
    show({ consult: null });
    ending?.hangUp();
    leg?.control?.resume();
  }
  function completeTransfer(): void {
    const { consult: asked, call } = state;
    if (!leg?.control || !consultLeg || !asked || !call) return;
    move({
      kind: 'transfer',
      transfer: { kind: 'attended', to: asked.party.name ?? asked.party.number, state: 'asked' },
    });
    leg.control.transferTo(consultLeg);
  }

  async function ready(): Promise<void> {
    const callId = state.call?.callId;
    move({ kind: 'wrapped' });
    show({ wrapUpUntilMs: null });
    // The server ends it by itself; telling it is only sooner.
    if (callId) await api.wrapUp(callId, 0).catch(() => undefined);
  }
  async function useDevices(): Promise<void> {
    await lines.setSpeaker(deps.speakerId());
    for (const each of [leg, consultLeg])
      if (each && isLive(state.call) && state.call.answeredAtMs !== null)
        await each.setMicrophone(await deps.openMicrophone());
  }

  teller.drain();
  return {
    state: () => state,
    setInboxes: (ids) => lines.set(ids),
    onServerCall,
    noteCut: (who) =>
      notice(`The tab with your call to ${who} was closed, so the call was cut off.`, 'danger'),
    hurry() {
      teller.hurry();
      lines.hurry();
    },
    heartbeat() {
      if (isLive(state.call) && state.call.callId !== null) teller.heartbeat(state.call.callId);
    },
    async carryOut(wish) {
      const acts: { [W in Wish as W['do']]: (wish: W) => unknown } = {
        dial,
        answer,
        decline: () => leg?.decline('declined'),
        hang_up: hangUp,
        mute: ({ isMuted }) => muteTo(isMuted),
        hold: ({ isHeld }) => hold(isHeld),
        digit: ({ digit }) => {
          (consultLeg ?? leg)?.digit(digit);
          move({ kind: 'digit', digit });
        },
        transfer,
        consult,
        end_consult: endConsult,
        complete_transfer: completeTransfer,
        ready,
        dismiss: () => notice(null),
        reconnect: ({ inboxId }) => lines.reconnect(inboxId),
        devices: useDevices,
      };
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- no enum: the table has the act of each kind of wish
      await (acts[wish.do] as (wish: Wish) => unknown)(wish);
    },
    stop() {
      // What hanging up has to tell is still written down.
      lines.set([]);
      teller.stop();
    },
  };

  function muteTo(isMuted: boolean): void {
    leg?.mute(isMuted);
    consultLeg?.mute(isMuted);
    move({ kind: 'muted', isMuted });
  }
}

const whoIs = ({ party }: Call): string => party.name ?? shownNumber(party.number);
const micOf = (error: unknown): PhoneState['mic'] | null => (error instanceof MicFailure ? error.why : null);
