/** Something to wait for that others ring. A ring while nobody waits is kept for the next who does. */
export interface Bell {
  ring(): void;
  /** Until it rings, the time is over, or the signal aborts. Never rejects. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Somebody waits now. */
  waiting(): boolean;
}

export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      if (wake) wake();
      else rung = true;
    },
    waiting: () => wake !== null,
    async wait(timeoutMs, signal) {
      if (rung || signal.aborted) {
        rung = false;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, timeoutMs);
      const aborted = (): void => resolve();
      signal.addEventListener('abort', aborted);
      try {
        await promise;
      } finally {
        wake = null;
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
      }
    },
  };
}
