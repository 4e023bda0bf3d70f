/** Waiting for what comes by itself: asked again and again until it is there, never a fixed pause. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for a busy machine; a test that passes never waits for it. */
export const PATIENCE_MS = 30_000;
const EVERY_MS = 60;

/**
 * What `look` finds, once it finds something.
 * @throws Error saying what was waited for, and what `look` said last where it threw
 */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | null | undefined | false> | Found | null | undefined | false,
  { forMs = PATIENCE_MS, seen }: { forMs?: number; seen?: () => Promise<unknown> } = {},
): Promise<Found> {
  const untilMs = Date.now() + forMs;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > untilMs) {
      const shown = seen ? `\n${JSON.stringify(await seen(), null, 1)}` : '';
      throw new Error(`${what}: not within ${forMs} ms. ${last}${shown}`);
    }
    await sleep(EVERY_MS);
  }
}
