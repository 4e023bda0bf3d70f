/** Tells the server what happens in a call that only this browser sees: written down first, in order, until it is taken. */
import { uuidV7 } from '#domain/ids.ts';
import { ApiFailure } from '../../lib/api/client.ts';
import type { PhoneReport, PhoneReportBody, VoiceCall } from '../../lib/api/voice-types.ts';
import { introduction, reportOf } from './call-reports.ts';
import type { Call } from './call-state.ts';
import type { Leg, LegEvent } from './engine.ts';
import { createReportLog, type LogStorage } from './report-log.ts';

export interface TellerDeps {
  report(callId: string, report: PhoneReportBody): Promise<VoiceCall>;
  storage: LogStorage;
  nowMs(): number;
  wait(ms: number): Promise<void>;
  onWaiting(count: number): void;
  /** What the server answered about a call. */
  onKnown(call: VoiceCall): void;
}
export interface Teller {
  /** Of this call: nobody else tells of it. Null: the provider does. */
  witness(callId: Promise<string> | null): void;
  isWitness(): boolean;
  tell(event: LegEvent, call: Call, of: Leg): void;
  /** Ours, that never got as far as ringing. */
  tellFailed(callId: string, sipCode?: number): void;
  heartbeat(callId: string): void;
  drain(): void;
  hurry(): void;
  stop(): void;
}
interface Told {
  id: string;
  callId: string;
  body: PhoneReportBody;
}
/** How long a phone that stopped ringing waits before it says that nobody answered. */
const OTHERS_FIRST_MS = 2_000;

export function createTeller(deps: TellerDeps): Teller {
  let witnessed: Promise<string> | null = null;
  const log = createReportLog<Told>({
    storage: deps.storage,
    send,
    onWaiting: (count) => deps.onWaiting(count),
  });

  async function send({ callId, body }: Told): Promise<'taken' | 'later' | 'refused'> {
    try {
      deps.onKnown(await deps.report(callId, body));
      return 'taken';
    } catch (error) {
      const status = error instanceof ApiFailure ? error.status : 0;
      // Signed out, too many, or nothing answered: it keeps. What is refused for itself never will be taken.
      return status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status) ? 'refused' : 'later';
    }
  }
  function add(callId: string, report: PhoneReport & Partial<PhoneReportBody>, at: string): void {
    const id = uuidV7();
    log.add({ id, callId, body: { eventId: id, at, ...report } });
  }
  const now = (): string => new Date(deps.nowMs()).toISOString();

  return {
    witness(callId) {
      witnessed = callId;
    },
    isWitness: () => witnessed !== null,
    tell(event, call, of) {
      const report = reportOf(event, call);
      if (!report || !witnessed) return;
      const at = now();
      const who = call.direction === 'in' ? introduction(call, of.ref) : {};
      const isMissed = event.kind === 'ended' && event.end.reason === 'missed';
      void witnessed.then(async (callId) => {
        // Not every exchange says that somebody else answered: their phone speaks first.
        if (isMissed) await deps.wait(OTHERS_FIRST_MS);
        add(callId, { ...report, ...who }, at);
      });
    },
    tellFailed: (callId, sipCode) =>
      add(callId, { event: 'failed', ...(sipCode === undefined ? {} : { sipCode }) }, now()),
    heartbeat(callId) {
      // Not before the server has heard of the call, and none ahead of what it hasn't heard yet.
      if (!witnessed || log.waiting().length > 0) return;
      void deps.report(callId, { eventId: uuidV7(), event: 'heartbeat' }).catch(() => undefined);
    },
    drain: () => void log.drain(),
    hurry: () => log.hurry(),
    stop: () => log.stop(),
  };
}
