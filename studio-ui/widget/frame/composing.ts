/** Lets the team see that the visitor writes: said now and then while they do, and once when they stop. */
import type { Connection } from './connection.ts';

const againAfterMs = 3_500;
const restMs = 5_000;

export function createComposing(connection: Connection): (isWriting: boolean) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let isSaid = false;
  let rest: ReturnType<typeof setTimeout> | undefined;

  const say = (typing: boolean): void => {
    isSaid = typing;
    saidAtMs = typing ? performance.now() : Number.NEGATIVE_INFINITY;
    // Ephemeral: what doesn't get through is worth nothing a moment later.
    void connection.call('POST', 'typing', { typing });
  };
  return (isWriting) => {
    clearTimeout(rest);
    if (!isWriting) {
      if (isSaid) say(false);
      return;
    }
    if (performance.now() - saidAtMs > againAfterMs) say(true);
    rest = setTimeout(() => isSaid && say(false), restMs);
  };
}
