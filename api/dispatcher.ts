/**
 * Starts a workflow for every accepted event, a bounded number at a time: overload queues in Postgres, where it is cheap, and Temporal
 * never collapses. Answering providers has priority, so the bound falls when the event loop lags.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import type { Logger } from 'pino';
import { claimUnstarted, unstart } from '#db/inbound-events.ts';
import type { Faults } from '#activities/faults.ts';
import { inboundWorkflowId, QUEUES } from '#workflows/contract.ts';

export interface Dispatcher {
  /** New events are committed. At once where there is room, else from the rows as room comes. */
  accepted(eventIds?: readonly string[]): void;
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
  deps: { pool: pg.Pool; client: Client; log: Logger; faults: Faults },
  options: DispatcherOptions = defaults,
): Dispatcher {
  const unfinished = new Map<string, number>();
  const starting = new Set<Promise<void>>();
  let limit = Math.ceil(options.most / 2);
  // Rows may be waiting from before this process: look once.
  let backlog = true;
  let pumping = false;
  let stopped = false;
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();

  const adapt = setInterval(() => {
    const lagMs = delay.percentile(90) / 1e6 - 10;
    delay.reset();
    limit = lagMs > 40 ? Math.max(options.least, Math.floor(limit * 0.7)) : Math.min(options.most, limit + 1);
    const before = Date.now() - options.forgetAfterMs;
    for (const [id, sinceMs] of unfinished) if (sinceMs < before) unfinished.delete(id);
    pump();
  }, 250);

  function begin(eventId: string): void {
    unfinished.set(eventId, Date.now());
    const started: Promise<void> = start(eventId, 'ALLOW_DUPLICATE_FAILED_ONLY').catch(
      async (error: Error) => {
        unfinished.delete(eventId);
        deps.log.warn(
          { reason: error.message },
          'Temporal did not take a workflow; its event waits in Postgres.',
        );
        await unstart(deps.pool, [eventId]).catch(() => undefined); // else the sweeper finds it
        backlog = true;
      },
    );
    starting.add(started);
    void started.finally(() => starting.delete(started));
  }

  async function start(
    eventId: string,
    reuse: 'ALLOW_DUPLICATE_FAILED_ONLY' | 'ALLOW_DUPLICATE',
  ): Promise<void> {
    try {
      await deps.client.workflow.start('inboundMessage', {
        workflowId: inboundWorkflowId(eventId),
        taskQueue: QUEUES.inbound,
        args: [eventId],
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

  function pump(): void {
    if (pumping || stopped || !backlog || unfinished.size >= limit) return;
    pumping = true;
    void fill().finally(() => {
      pumping = false;
    });
  }

  async function fill(): Promise<void> {
    try {
      const room = limit - unfinished.size;
      // Before the rows are read: what is accepted meanwhile may not be among them, and sets it again.
      backlog = false;
      const ids = await claimUnstarted(deps.pool, room);
      if (ids.length >= room) backlog = true;
      for (const id of ids) begin(id);
    } catch (error) {
      backlog = true;
      deps.log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'The queue could not be read; trying again.',
      );
    }
  }

  return {
    accepted(eventIds) {
      if (stopped) return;
      // Behind a backlog the rows decide whose turn it is.
      if (!eventIds || backlog || pumping || unfinished.size + eventIds.length > limit) backlog = true;
      else for (const id of eventIds) begin(id);
      pump();
    },
    done(eventId) {
      unfinished.delete(eventId);
      pump();
    },
    restart: (eventId) => start(eventId, 'ALLOW_DUPLICATE'),
    state: () => ({ unfinished: unfinished.size, limit, backlog }),
    async stop() {
      stopped = true;
      clearInterval(adapt);
      delay.disable();
      await Promise.allSettled(starting);
    },
  };
}
