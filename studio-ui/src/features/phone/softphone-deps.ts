/** What the softphone is, and what it is handed: the server, providers' libraries, and the little of a browser that it needs. */
import type { PhoneReportBody, PlacedCall, VoiceCall, VoiceSession } from '../../lib/api/voice-types.ts';
import type { Engine } from './engine.ts';
import type { PhoneState, Wish } from './phone-state.ts';
import type { LogStorage } from './report-log.ts';

export interface PhoneApi {
  session(inboxId: string): Promise<VoiceSession>;
  place(
    inboxId: string,
    input: { to: string; clientCallId: string; conversationId?: string },
  ): Promise<PlacedCall>;
  report(callId: string, report: PhoneReportBody): Promise<VoiceCall>;
  hold(callId: string, held: boolean): Promise<unknown>;
  transfer(callId: string, to: { agentId: string } | { to: string }): Promise<unknown>;
  hangUp(callId: string): Promise<unknown>;
  wrapUp(callId: string, seconds?: number): Promise<unknown>;
  call(callId: string): Promise<VoiceCall>;
}
export interface SoftphoneDeps {
  api: PhoneApi;
  /** Loads the provider's library when it is first needed. */
  createEngine(session: VoiceSession, inboxId: string): Promise<Engine>;
  storage: LogStorage;
  /** Whether this person takes calls now. */
  isAvailable(): boolean;
  onChange(state: PhoneState): void;
  nowMs(): number;
  /** Opens the chosen microphone again, for a call that goes on. */
  openMicrophone(): Promise<MediaStream>;
  speakerId(): string;
  wait(ms: number): Promise<void>;
}
export interface Softphone {
  state(): PhoneState;
  /** The voice inboxes this person may speak for; others' lines are closed. */
  setInboxes(inboxIds: readonly string[]): void;
  /** @throws Error in words for the person who wished it */
  carryOut(wish: Wish): Promise<void>;
  /** The server says that a call changed. */
  onServerCall(callId: string): Promise<void>;
  /** The tab that held a call was closed or crashed. */
  noteCut(who: string): void;
  /** The network is back. */
  hurry(): void;
  /** Says that a call goes on; every `CALL_HEARTBEAT_SECONDS`. */
  heartbeat(): void;
  stop(): void;
}
