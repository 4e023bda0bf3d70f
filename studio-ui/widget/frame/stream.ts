/** Follows the thread's stream for as long as it is wanted, over any number of connections. */
import type { Connection } from './connection.ts';

export interface StreamEvents {
  /** Where to go on from when a connection begins. */
  place(): string | null;
  /** The visitor's, for what is sent to them later. */
  language(): string;
  event: (name: string, data: string) => void;
  connected(up: boolean): void;
}

const silentAfterMs = 40_000;
const firstRetryMs = 500;
const lastRetryMs = 15_000;

/** @returns start and stop; both may be called at any time */
export function createStream(connection: Connection, events: StreamEvents) {
  let wanted = false;
  let running = false;
  let abort = new AbortController();
  let hurry: (() => void) | null = null;

  const isWanted = (): boolean => wanted;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    let retryMs = firstRetryMs;
    while (isWanted()) {
      abort = new AbortController();
      try {
        const place = events.place();
        const query = new URLSearchParams({ language: events.language(), ...(place && { after: place }) });
        const response = await connection.open(`stream?${query}`, abort.signal);
        events.connected(true);
        retryMs = firstRetryMs;
        await read(response, abort, events.event);
      } catch {
        // Below: the same again after a while, from the place we have.
      }
      if (!isWanted()) break;
      events.connected(false);
      await pause(retryMs * (0.75 + Math.random() / 2));
      retryMs = Math.min(lastRetryMs, retryMs * 2);
    }
    running = false;
  }
  const pause = (forMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, forMs);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    start(): void {
      wanted = true;
      hurry?.();
      void run();
    },
    stop(): void {
      wanted = false;
      abort.abort();
      hurry?.();
    },
  };
}

/** Reads server-sent events until the connection ends or has been silent for longer than its heartbeat allows. */
async function read(response: Response, abort: AbortController, event: StreamEvents['event']): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let buffer = '';
  for (;;) {
    const watchdog = setTimeout(() => abort.abort(), silentAfterMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
    if (done) return;
    buffer += value;
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const lines = buffer.slice(0, end).split('\n');
      buffer = buffer.slice(end + 2);
      const field = (name: string): string[] =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''));
      event(field('event')[0] ?? 'message', field('data').join('\n'));
    }
  }
}
