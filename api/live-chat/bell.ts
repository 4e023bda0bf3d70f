import type { VisitorChange } from './visitor-hub.ts';

export interface Bell {
  ring(change: Partial<VisitorChange>): void;
  /** What was rung for since it was asked last. */
  taken(): VisitorChange;
  /** @returns whether it rang before the time was over */
  rung(timeoutMs: number): Promise<boolean>;
}

/** Rings are remembered until somebody waits, so that none is missed between two looks. */
export function createBell(): Bell {
  let rang = false;
  let wake: (() => void) | null = null;
  let about: VisitorChange = { messageIds: [], conversation: false, run: false };
  return {
    ring({ messageIds = [], conversation = false, run = false }) {
      rang = true;
      about = {
        messageIds: [...about.messageIds, ...messageIds],
        conversation: about.conversation || conversation,
        run: about.run || run,
      };
      wake?.();
    },
    taken() {
      const taken = { ...about, messageIds: [...new Set(about.messageIds)] };
      about = { messageIds: [], conversation: false, run: false };
      return taken;
    },
    async rung(timeoutMs) {
      if (!rang) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
      const result = rang;
      rang = false;
      return result;
    },
  };
}
