/** What the softphone needs of a provider: one interface, two engines (SIP over WebSocket, Twilio's SDK). */
import type { CallEnd, Party } from './call-state.ts';

export type LineState = 'connecting' | 'ready' | 'lost' | 'refused';
export interface LineReport {
  state: LineState;
  /** Why it isn't ready, in plain words. */
  reason?: string;
  /** The account was refused: new credentials may help. */
  needsSession?: boolean;
}

/** What the softphone hears of one call, in the order in which it happened. */
export type LegEvent =
  | { kind: 'ringing' }
  | { kind: 'connected' }
  | { kind: 'held' }
  | { kind: 'resumed' }
  | { kind: 'muted'; isMuted: boolean }
  | { kind: 'other_held'; isHeld: boolean }
  | { kind: 'transfer_accepted' }
  | { kind: 'transfer_refused'; reason: string }
  | { kind: 'ended'; end: CallEnd };

/** One connection at the provider. Every act may come too late; then nothing happens. */
export interface Leg {
  /** The provider's id of it: SIP's Call-ID, Twilio's CallSid. The same in every browser that it rings in. */
  readonly ref: string;
  readonly party: Party;
  /** What the server sent along with an offered call. */
  readonly params: Readonly<Record<string, string>>;
  listen(listener: (event: LegEvent) => void): void;
  /** @throws MicFailure without a microphone; the call rings on */
  answer(): Promise<void>;
  /** Refuses an offered call: as busy, or for good. */
  decline(as: 'busy' | 'declined'): void;
  hangUp(): void;
  mute(isMuted: boolean): void;
  digit(digit: string): void;
  setMicrophone(stream: MediaStream): Promise<void>;
  /** Null where the server holds and transfers in the provider's cloud. */
  readonly control: LegControl | null;
}
export interface LegControl {
  hold(): void;
  resume(): void;
  /** Hands the call over without asking. */
  transfer(to: string): void;
  /** Connects the other side with the leg asked beforehand. */
  transferTo(other: Leg): void;
}

export interface Engine {
  /** Whether nobody but this browser sees the call: then it tells the server what happens. */
  readonly isOnlyWitness: boolean;
  start(listener: { line(report: LineReport): void; incoming(leg: Leg): void }): void;
  /** @throws MicFailure without a microphone; nothing was dialled */
  place(to: string, params: Readonly<Record<string, string>>): Promise<Leg>;
  setSpeaker(deviceId: string): Promise<void>;
  stop(): void;
}

/** What an engine needs of this browser. */
export interface Sound {
  /** The chosen microphone. @throws MicFailure */
  openMicrophone(): Promise<MediaStream>;
  closeMicrophone(stream: MediaStream): void;
  /** The chosen speaker; '' is the browser's own choice. */
  speakerId(): string;
}
export class MicFailure extends Error {
  override name = 'MicFailure';
  readonly why: 'denied' | 'none' | 'taken';
  constructor(why: 'denied' | 'none' | 'taken', message: string) {
    super(message);
    this.why = why;
  }
}
