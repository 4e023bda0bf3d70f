/** Keeps children running: starts them, starts a crashed one again with growing pauses, stops all in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CHILD_NAMES, type Child, type ChildName, type Track } from './child.ts';
import type { ChildRegister } from './leftovers.ts';
import { signalGroup } from './processes.ts';

export interface SupervisorDeps {
  register: ChildRegister;
  say: (line: string) => void;
  /** Called once, when a child crashes again and again; the caller stops everything. */
  giveUp: (reason: string) => void;
  /** Pauses before the restarts of one bad stretch; when they are used up, it is given up. */
  pausesMs?: readonly number[];
  /** A child that ran this long begins with the first pause again. */
  steadyAfterMs?: number;
}
/** Starts a child, tells `track` at once and resolves when the child is ready. */
export type StartService = (track: Track) => Promise<Child>;

export interface Supervisor {
  /** Resolves when the child is ready; from then on it is watched. @throws what `start` throws */
  run(name: ChildName, start: StartService): Promise<void>;
  pids(): Partial<Record<ChildName, number>>;
  /** Ends all in order: the server, then what it uses. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL for whatever still runs. */
  force(): void;
}

const TITLES: Record<ChildName, string> = {
  postgres: 'Postgres',
  temporal: 'Temporal',
  server: 'The server',
};

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  const {
    register,
    say,
    giveUp,
    pausesMs = [500, 1_000, 2_000, 4_000, 8_000],
    steadyAfterMs = 60_000,
  } = deps;
  const children = new Map<ChildName, Child>();
  const stopping = new AbortController();
  const watchers: Promise<void>[] = [];
  let stopped: Promise<void> | undefined;

  const track: Track = async (child) => {
    children.set(child.name, child);
    await register.add(child);
    if (stopping.signal.aborted) await child.stop();
  };

  async function watch(name: ChildName, start: StartService, first: Child): Promise<void> {
    let child: Child | null = first;
    let startedAt = Date.now();
    let crashes = 0;
    for (;;) {
      let what = "didn't come up";
      if (child) {
        const { code, signal } = await child.ended;
        what = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      }
      if (stopping.signal.aborted) return;
      crashes = Date.now() - startedAt > steadyAfterMs ? 1 : crashes + 1;
      const pauseMs = pausesMs[crashes - 1];
      if (pauseMs === undefined) {
        giveUp(
          `${TITLES[name]} ${what}, ${crashes} times in a row: stopping everything. What was accepted is kept.`,
        );
        return;
      }
      say(`${TITLES[name]} ${what}; starting it again in ${pauseMs / 1000} s. What was accepted is kept.`);
      if (!(await pause(pauseMs))) return;
      startedAt = Date.now();
      try {
        child = await start(track);
        say(`${TITLES[name]} is back.`);
      } catch (error) {
        child = null;
        if (!stopping.signal.aborted) say((error as Error).message);
      }
    }
  }

  async function pause(ms: number): Promise<boolean> {
    return sleep(ms, true, { signal: stopping.signal }).catch(() => false);
  }

  async function stopAll(): Promise<void> {
    stopping.abort();
    for (const name of CHILD_NAMES.toReversed()) {
      const child = children.get(name);
      if (!child) continue;
      await child.stop();
      await register.remove(name);
    }
    // One of them may have been starting a child anew.
    await Promise.allSettled(watchers);
  }

  return {
    async run(name, start) {
      const child = await start(track);
      watchers.push(watch(name, start, child));
    },
    pids: () => Object.fromEntries([...children].map(([name, child]) => [name, child.identity.pid])),
    stop: () => (stopped ??= stopAll()),
    force() {
      stopping.abort();
      for (const child of children.values()) signalGroup(child.identity, 'SIGKILL');
    },
  };
}
