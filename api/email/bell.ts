/** Something to wait for that others ring. A ring while nobody waits is kept for the next who does. */
export interface Bell {
  ring(): void;
  /** Until it rings, the time is over, or the signal aborts. Never rejects. @returns whether it rang */
  wait(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  /** Somebody waits now. */
  waiting(): boolean;
}

export function createBell(): Bell {
  let rung = false;
  let wake: ((rang: boolean) => void) | null = null;
  return {
    ring() {
      if (wake) wake(true);
      else rung = true;
    },
    waiting: () => wake !== null,
    async wait(timeoutMs, signal) {
      if (rung || signal.aborted) {
        const rang = rung;
        rung = false;
        return rang;
      }
      const { promise, resolve } = Promise.withResolvers<boolean>();
      wake = resolve;
      const timer = setTimeout(() => resolve(false), timeoutMs);
      const aborted = (): void => resolve(false);
      signal.addEventListener('abort', aborted);
      try {
        return await promise;
      } finally {
        wake = null;
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
      }
    },
  };
}
