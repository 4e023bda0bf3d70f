/**
 * What the softphone has to tell the server, kept in this browser until the server has taken it: written down first, sent in order,
 * again after every failure, by the next tab or the next visit where this one ends. The server knows each by its id.
 */

const nothing = (): void => undefined;
export interface LogStorage {
  read(): string | null;
  /** @returns false where the browser refuses (private mode, full) */
  write(text: string): boolean;
}
export interface LogDeps<Entry> {
  storage: LogStorage;
  /**
   * Sends one. `taken`: the server has it. `later`: nothing reached it, or it was busy. `refused`: it will never take this one.
   */
  send(entry: Entry): Promise<'taken' | 'later' | 'refused'>;
  /** Called when the number of what waits changes. */
  onWaiting?(count: number): void;
  wait?(ms: number): Promise<void>;
}
export interface ReportLog<Entry> {
  add(entry: Entry): void;
  /** Sends what waits, from the oldest on; once at a time. Resolves when nothing waits or `stop` was called. */
  drain(): Promise<void>;
  waiting(): Entry[];
  /** Tries again at once: the network is back. */
  hurry(): void;
  stop(): void;
}

const AGAIN_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];
/** Far more than a day of calls; beyond it the oldest go. */
const MOST = 2_000;

export function createReportLog<Entry extends { id: string }>(deps: LogDeps<Entry>): ReportLog<Entry> {
  let entries = parse<Entry>(deps.storage.read());
  let draining: Promise<void> | null = null;
  let isStopped = false;
  let wake: () => void = nothing;
  const wait = (ms: number): Promise<void> =>
    deps.wait?.(ms) ?? new Promise((resolve) => setTimeout(resolve, ms));

  function keep(next: Entry[]): void {
    entries = next.slice(-MOST);
    deps.storage.write(JSON.stringify(entries));
    deps.onWaiting?.(entries.length);
  }
  async function drain(): Promise<void> {
    let failures = 0;
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop changes it while this waits
    for (let [first] = entries; first && !isStopped; [first] = entries) {
      const entry = first;
      const answer = await deps.send(entry).catch((): 'later' => 'later');
      if (answer !== 'later') {
        failures = 0;
        keep(entries.filter(({ id }) => id !== entry.id));
        continue;
      }
      const hurried = new Promise<void>((resolve) => (wake = resolve));
      await Promise.race([wait(AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)] ?? 0), hurried]);
    }
  }
  const log: ReportLog<Entry> = {
    add(entry) {
      keep([...entries, entry]);
      void log.drain();
    },
    drain() {
      draining ??= drain().finally(() => {
        draining = null;
        // One may have been added after the last look.
        if (entries.length > 0 && !isStopped) void log.drain();
      });
      return draining;
    },
    waiting: () => entries,
    hurry: () => wake(),
    stop() {
      isStopped = true;
      wake();
    },
  };
  return log;
}

function parse<Entry extends { id: string }>(text: string | null): Entry[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter((one): one is Entry => typeof one?.id === 'string') : [];
  } catch {
    return []; // written by something else: nothing of ours to send
  }
}
