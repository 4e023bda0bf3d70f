/** Compares rows with workflows every few seconds and mends what a crash left behind. Any number of processes may sweep. */
import type pg from 'pg';
import type { Logger } from 'pino';
import { forgottenSubscriptions } from '#db/mail-subscriptions.ts';
import { endSnoozes } from '#db/snooze.ts';
import { sweep, tidy } from '#db/sweep.ts';
import type { Faults } from '#activities/faults.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Engine } from './engine.ts';

export interface Sweeper {
  /** One sweep now. @returns what was found, for tests and metrics */
  run(olderThanMs?: number): Promise<Awaited<ReturnType<typeof sweep>>>;
  stop(): Promise<void>;
}

export function createSweeper(
  deps: {
    pool: pg.Pool;
    dispatcher: Dispatcher;
    engine: Engine;
    log: Logger;
    faults: Faults;
    /** Routes what was left behind unrouted, and lets go what nobody connected. */
    tidyUnrouted: () => Promise<void>;
    /** What is due in Live Chat by its rows: away messages, mails to who has left. */
    attendLiveChat: () => Promise<void>;
    /** Ends calls that nobody ended. */
    sweepCalls: () => Promise<void>;
  },
  everyMs = 5_000,
): Sweeper {
  let running: Promise<unknown> | null = null;
  let lastTidyMs = 0;

  async function run(olderThanMs = 10_000): Promise<Awaited<ReturnType<typeof sweep>>> {
    // Events never claimed wait for the dispatcher's bound, also when it wasn't told of them.
    deps.dispatcher.accepted();
    const found = await sweep(deps.pool, olderThanMs);
    if (found.leasesCleared > 0) deps.faults.at('lease.swept');
    const events = new Set([
      ...found.unstarted,
      ...found.drivers.flatMap((driver) => (driver.kind === 'event' ? [driver.eventId] : [])),
    ]);
    const wakes = [
      ...found.owed,
      ...found.drivers.flatMap((driver) => (driver.kind === 'run' ? [driver.wake] : [])),
    ];
    const mends = [
      ...[...events].map((eventId) => deps.dispatcher.restart(eventId)),
      ...found.outbound.map((messageId) => deps.engine.startOutbound(messageId)),
      deps.engine.payWakes(wakes),
    ];
    for (const result of await Promise.allSettled(mends)) {
      if (result.status === 'rejected')
        deps.log.warn({ reason: String(result.reason) }, 'A mend failed; the next sweep tries again.');
    }
    if (mends.length > 1 || wakes.length > 0) deps.faults.at('driver.started');
    const mended = events.size + wakes.length + found.outbound.length + found.leasesCleared;
    if (mended > 0) {
      deps.log.info(
        {
          events: events.size,
          wakes: wakes.length,
          outbound: found.outbound.length,
          leases: found.leasesCleared,
        },
        'The sweeper mended what was left behind.',
      );
    }
    await chore('subscriptions', async () => {
      for (const inboxId of await forgottenSubscriptions(deps.pool, 6 * olderThanMs))
        await deps.engine.keepSubscription(inboxId);
    });
    await chore('snoozes', () => endSnoozes(deps.pool));
    await chore('unrouted events', deps.tidyUnrouted);
    await chore('live chat', deps.attendLiveChat);
    await chore('calls', deps.sweepCalls);
    if (Date.now() - lastTidyMs > 3_600_000) {
      lastTidyMs = Date.now();
      await chore('old rows', () => tidy(deps.pool));
    }
    return found;
  }

  /** None of them keeps the others from theirs. */
  async function chore(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      deps.log.warn({ reason: String(error), what }, 'A part of the sweep failed; the next one tries again.');
    }
  }

  const timer = setInterval(() => {
    running ??= run()
      .catch((error: Error) => deps.log.warn({ reason: error.message }, 'The sweep failed; trying again.'))
      .finally(() => {
        running = null;
      });
  }, everyMs);
  return {
    run,
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
