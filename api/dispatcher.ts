/**
 * Starts a workflow for every accepted event, a bounded number at a time: overload queues in Postgres, where it is cheap, and Temporal
 * never collapses. Answering providers has priority: the bound falls when the event loop lags, and at once while events pour in.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import type { Logger } from 'pino';
import { claimUnstarted, finishedOf, unstart, type StartableEvent } from '#db/inbound-events.ts';
import type { ActivityDeps } from '#activities/deps.ts';
import type { Faults } from '#activities/faults.ts';
import { inboundWorkflowId, QUEUES } from '#workflows/contract.ts';

export interface Dispatcher {
  /** New events are committed. At once where there is room, else from the rows as room comes. */
  accepted(events?: readonly StartableEvent[]): void;
  /** An event's workflow has nothing more to do. */
  done(eventId: string): void;
  /** Starts the workflow of an event that was forgotten; whatever ran before under its id. */
  restart(eventId: string): Promise<void>;
  /** For metrics. */
  state(): { unfinished: number; limit: number; backlog: boolean };
  /** Starts nothing new; resolves when what was being started is. */
  stop(): Promise<void>;
}

export interface DispatcherOptions {
  least: number;
  most: number;
  /** A workflow that hasn't reported back by then no longer counts against the bound. */
  forgetAfterMs: number;
}
const defaults: DispatcherOptions = { least: 4, most: 40, forgetAfterMs: 15_000 };

export function createDispatcher(
  deps: {
    pool: pg.Pool;
    client: Client;
    log: Logger;
    faults: Faults;
    searchAttributes: ActivityDeps['searchAttributes'];
  },
  options: DispatcherOptions = defaults,
): Dispatcher {
  const unfinished = new Map<string, number>();
  const starting = new Set<Promise<void>>();
  let limit = Math.ceil(options.most / 2);
  const arriving = createRecentCount();
  const finishing = createRecentCount();
  let calmAtMs = performance.now();
  // Rows may be waiting from before this process: look once.
  let backlog = true;
  let pumping = false;
  let stopped = false;
  let asking = false;
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();

  let ticks = 0;
  const ticking = setInterval(() => {
    if (++ticks % 5 === 0) adapt();
    pump();
  }, 50);

  function adapt(): void {
    const lagMs = delay.percentile(90) / 1e6 - 10;
    delay.reset();
    limit = lagMs > 40 ? Math.max(options.least, Math.floor(limit * 0.7)) : Math.min(options.most, limit + 1);
    const before = Date.now() - options.forgetAfterMs;
    for (const [id, sinceMs] of unfinished) if (sinceMs < before) unfinished.delete(id);
    void askForFinished();
  }

  /** Workflows that a worker of another process has finished tell nobody here: their rows do. */
  async function askForFinished(): Promise<void> {
    const before = Date.now() - silentMs;
    const silent = [...unfinished].flatMap(([id, sinceMs]) => (sinceMs < before ? [id] : []));
    if (silent.length === 0 || asking || stopped) return;
    asking = true;
    try {
      for (const id of await finishedOf(deps.pool, silent)) if (unfinished.delete(id)) finishing.add(1);
      pump();
    } catch {
      // Asked again in a moment; at worst they are forgotten after forgetAfterMs.
    } finally {
      asking = false;
    }
  }

  function begin(event: StartableEvent): void {
    const { eventId } = event;
    unfinished.set(eventId, Date.now());
    const started: Promise<void> = start(event, 'ALLOW_DUPLICATE_FAILED_ONLY').catch(async (error: Error) => {
      unfinished.delete(eventId);
      deps.log.warn(
        { reason: error.message },
        'Temporal did not take a workflow; its event waits in Postgres.',
      );
      await unstart(deps.pool, [eventId]).catch(() => undefined); // else the sweeper finds it
      backlog = true;
    });
    starting.add(started);
    void started.finally(() => starting.delete(started));
  }

  /** The answer to whoever brought them leaves first. */
  function beginSoon(events: readonly StartableEvent[]): void {
    for (const { eventId } of events) unfinished.set(eventId, Date.now());
    setImmediate(() => {
      for (const event of events) {
        if (!stopped && unfinished.size <= bound()) begin(event);
        else {
          unfinished.delete(event.eventId);
          backlog = true;
        }
      }
    });
  }

  async function start(
    { eventId, ...facts }: { eventId: string } & Partial<StartableEvent>,
    reuse: 'ALLOW_DUPLICATE_FAILED_ONLY' | 'ALLOW_DUPLICATE',
  ): Promise<void> {
    try {
      await deps.client.workflow.start('inboundMessage', {
        workflowId: inboundWorkflowId(eventId),
        taskQueue: QUEUES.inbound,
        args: [eventId],
        typedSearchAttributes: deps.searchAttributes(facts),
        workflowIdReusePolicy: reuse,
        workflowIdConflictPolicy: 'USE_EXISTING',
        requestEagerStart: true,
        workflowTaskTimeout: '3s',
      });
    } catch (error) {
      // Completed before: a second start of the same event has nothing to do.
      if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
      unfinished.delete(eventId);
    }
    deps.faults.at('start.sent');
  }

  /** How many may be unfinished now. While far more arrive than are finished: none at first, few if that goes on. */
  function bound(): number {
    const nowMs = performance.now();
    if (arriving.value() <= 2 * finishing.value() + floodMargin) {
      calmAtMs = nowMs;
      return limit;
    }
    return nowMs - calmAtMs < holdMs ? 0 : Math.min(limit, options.least);
  }

  function pump(): void {
    if (pumping || stopped || !backlog) return;
    // Not for each one that ends: reading the queue costs the same for many as for one.
    const most = bound();
    if (most === 0 || unfinished.size > most - Math.ceil(most / 4)) return;
    pumping = true;
    void fill().finally(() => {
      pumping = false;
    });
  }

  async function fill(): Promise<void> {
    try {
      const room = Math.max(1, bound() - unfinished.size);
      // Before the rows are read: what is accepted meanwhile may not be among them, and sets it again.
      backlog = false;
      const events = await claimUnstarted(deps.pool, room);
      if (events.length >= room) backlog = true;
      for (const event of events) begin(event);
    } catch (error) {
      backlog = true;
      deps.log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'The queue could not be read; trying again.',
      );
    }
  }

  return {
    accepted(events) {
      if (stopped) return;
      // Behind a backlog the rows decide whose turn it is.
      if (events) arriving.add(events.length);
      if (!events || backlog || pumping || unfinished.size + events.length > bound()) backlog = true;
      else beginSoon(events);
      pump();
    },
    done(eventId) {
      if (unfinished.delete(eventId)) finishing.add(1);
      pump();
    },
    restart: (eventId) => start({ eventId }, 'ALLOW_DUPLICATE'),
    state: () => ({ unfinished: unfinished.size, limit, backlog }),
    async stop() {
      stopped = true;
      clearInterval(ticking);
      delay.disable();
      await Promise.allSettled(starting);
    },
  };
}

/** Arrivals above twice what is finished, within the last moments, that are no flood yet. */
const floodMargin = 12;
/** A flood shorter than this has the machine to itself: its events are started when it is over. */
const holdMs = 1_500;
const recentMs = 100;
/** A workflow that hasn't told us of its end by then may have ended elsewhere. */
const silentMs = 1_000;

/** A count that forgets: about what was added within the last 100 ms. */
function createRecentCount(): { add(count: number): void; value(): number } {
  let level = 0;
  let atMs = performance.now();
  const value = (): number => {
    const nowMs = performance.now();
    level *= Math.exp((atMs - nowMs) / recentMs);
    atMs = nowMs;
    return level;
  };
  return {
    value,
    add(count) {
      level = value() + count;
    },
  };
}
