/** A line per voice inbox: its session from the server, its engine, and new ones when they are refused. */
import { ApiFailure, messageOf } from '../../lib/api/client.ts';
import type { VoiceSession } from '../../lib/api/voice-types.ts';
import type { Engine, Leg, LineReport } from './engine.ts';
import type { Line } from './phone-state.ts';

export interface LinesDeps {
  session(inboxId: string): Promise<VoiceSession>;
  createEngine(session: VoiceSession, inboxId: string): Promise<Engine>;
  onLines(lines: readonly Line[]): void;
  onIncoming(inboxId: string, engine: Engine, leg: Leg): void;
  /** A call goes over this line now: it isn't taken down for a new session. */
  isInUse(inboxId: string): boolean;
}
export interface Lines {
  set(inboxIds: readonly string[]): void;
  /** The line's engine, once it has one: it may still be connecting. */
  engine(inboxId: string): Engine | null;
  /** From the start, with a new session. */
  reconnect(inboxId: string): void;
  /** What waits for its next attempt is tried now. */
  hurry(): void;
  setSpeaker(deviceId: string): Promise<void>;
}
interface Kept {
  line: Line;
  engine: Engine | null;
  /** Counts the openings: what an older one still says is not heard. */
  no: number;
  failures: number;
  timer?: ReturnType<typeof setTimeout> | undefined;
}
const AGAIN_MS = [2_000, 5_000, 15_000, 60_000];

export function createLines(deps: LinesDeps): Lines {
  const kept = new Map<string, Kept>();
  const tell = (): void => deps.onLines([...kept.values()].map(({ line }) => line));

  function say(of: Kept, report: LineReport): void {
    const { state, reason } = report;
    const { inboxId, provider } = of.line;
    of.line = {
      inboxId,
      state,
      ...(provider === undefined ? {} : { provider }),
      ...(reason === undefined ? {} : { reason }),
    };
    tell();
  }
  async function open(of: Kept): Promise<void> {
    const { inboxId } = of.line;
    const no = ++of.no;
    const isCurrent = (): boolean => kept.get(inboxId) === of && of.no === no;
    clearTimeout(of.timer);
    of.timer = undefined;
    of.engine?.stop();
    of.engine = null;
    say(of, { state: 'connecting' });
    try {
      const session = await deps.session(inboxId);
      const engine = await deps.createEngine(session, inboxId);
      if (!isCurrent()) return engine.stop();
      of.line = { ...of.line, provider: session.provider };
      of.engine = engine;
      engine.start({
        line(report) {
          if (!isCurrent()) return;
          if (report.state === 'ready') of.failures = 0;
          say(of, report);
          // The account may have changed since: a new session is asked for, ever more rarely.
          if (report.needsSession) again(of);
        },
        incoming: (leg) => (isCurrent() ? deps.onIncoming(inboxId, engine, leg) : leg.decline('busy')),
      });
    } catch (error) {
      if (!isCurrent()) return;
      const isFinal =
        error instanceof ApiFailure && error.status >= 400 && error.status < 500 && error.status !== 429;
      say(of, { state: isFinal ? 'refused' : 'lost', reason: messageOf(error) });
      again(of);
    }
  }
  function again(of: Kept): void {
    if (of.timer) return;
    of.timer = setTimeout(
      () => {
        of.timer = undefined;
        if (deps.isInUse(of.line.inboxId)) again(of);
        else void open(of);
      },
      AGAIN_MS[Math.min(of.failures++, AGAIN_MS.length - 1)],
    );
  }
  function close(of: Kept): void {
    kept.delete(of.line.inboxId);
    clearTimeout(of.timer);
    of.engine?.stop();
  }

  return {
    set(inboxIds) {
      const before = [...kept.keys()].join();
      for (const [inboxId, of] of kept) if (!inboxIds.includes(inboxId)) close(of);
      for (const inboxId of inboxIds) {
        if (kept.has(inboxId)) continue;
        const of: Kept = { line: { inboxId, state: 'connecting' }, engine: null, no: 0, failures: 0 };
        kept.set(inboxId, of);
        void open(of);
      }
      if (before !== [...kept.keys()].join()) tell();
    },
    engine: (inboxId) => kept.get(inboxId)?.engine ?? null,
    reconnect(inboxId) {
      const of = kept.get(inboxId);
      if (of) void open(of);
    },
    hurry() {
      for (const of of kept.values()) if (of.timer && of.line.state === 'lost') void open(of);
    },
    async setSpeaker(deviceId) {
      await Promise.all(
        [...kept.values()].flatMap(({ engine }) => (engine ? [engine.setSpeaker(deviceId)] : [])),
      );
    },
  };
}
