/** Activities by effect. `drive*` and `outbound*` call providers at most once per claim; `followUp` is idempotent and retried. */
import { activityInfo, ApplicationFailure, heartbeat } from '@temporalio/activity';
import { LEASED_WAIT_MS } from '#domain/drive/times.ts';
import type { DriveTarget } from '#db/drive.ts';
import type { ActivityDeps } from './deps.ts';
import { drive, type DriveReport } from './drive.ts';
import { keepMailSubscription, type SubscriptionReport } from './mail-subscription.ts';
import { followUp } from './media.ts';
import { sendOutbound, type OutboundReport } from './outbound.ts';

/** Below the workflow task's timeout, so that one task holds the whole fast path. */
const localBudgetMs = 1_000;
const regularBudgetMs = 20_000;
/** Well within the heartbeat timeout of workflows/drive.ts. */
const heartbeatEveryMs = 4_000;

export function createActivities(deps: ActivityDeps) {
  return logged(deps, {
    /** Local: the fast path of a message. */
    async driveEvent(eventId: string): Promise<DriveReport> {
      return driveLocally({ eventId });
    },
    /** Local: a look of `run/<id>`. */
    async driveRun(runId: string): Promise<DriveReport> {
      return driveLocally({ runId });
    },
    /** Regular: slow HTTP steps, and sends that were refused, tried again when they are due. */
    async deliverEvent(eventId: string): Promise<DriveReport> {
      return driveWhenDue({ eventId });
    },
    async deliverRun(runId: string): Promise<DriveReport> {
      return driveWhenDue({ runId });
    },
    async sendOutbound(messageId: string): Promise<OutboundReport> {
      return sendOutbound(deps, messageId, { mode: 'local', budgetMs: localBudgetMs });
    },
    async deliverOutbound(messageId: string): Promise<OutboundReport> {
      const report = await beating(() =>
        sendOutbound(deps, messageId, { mode: 'regular', budgetMs: regularBudgetMs }),
      );
      if (report.kind === 'later' && report.afterMs <= LEASED_WAIT_MS) throw notDue(report.afterMs);
      return report;
    },
    async keepSubscription(inboxId: string): Promise<SubscriptionReport> {
      return beating(() => keepMailSubscription(deps, inboxId, 'due'));
    },
    async followUp(eventId: string): Promise<void> {
      await beating(() => followUp(deps, eventId, activityInfo().attempt));
    },
  });

  function driveLocally(target: DriveTarget): Promise<DriveReport> {
    return drive(deps, target, activityInfo().workflowExecution?.workflowId ?? '', {
      mode: 'local',
      budgetMs: localBudgetMs,
    });
  }

  async function driveWhenDue(target: DriveTarget): Promise<DriveReport> {
    const holder = activityInfo().workflowExecution?.workflowId ?? '';
    const report = await beating(() =>
      drive(deps, target, holder, { mode: 'regular', budgetMs: regularBudgetMs }),
    );
    if (report.kind === 'deliver') throw notDue(report.afterMs);
    return report;
  }
}

/** A process that dies in the middle is missed within seconds, rather than when the activity's whole time is over. */
async function beating<Result>(work: () => Promise<Result>): Promise<Result> {
  const timer = setInterval(() => heartbeat(), heartbeatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

export type Activities = ReturnType<typeof createActivities>;

/** Not a failure: the provider said when to come back, or its agent may still take it back. */
function notDue(afterMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'not_due',
    message: 'It is not due yet.',
    nextRetryDelay: Math.max(afterMs, 50),
    category: 'BENIGN',
  });
}

/** Unexpected failures are told to the log once, where they happen; the workflow tries again. */
function logged<T extends Record<string, (id: string) => Promise<unknown>>>(
  deps: ActivityDeps,
  activities: T,
): T {
  const wrap =
    (name: string, work: (id: string) => Promise<unknown>) =>
    async (id: string): Promise<unknown> => {
      try {
        return await work(id);
      } catch (error) {
        if (!(error instanceof ApplicationFailure)) {
          deps.log.error({ err: error, activity: name, id }, 'An activity failed; its workflow tries again.');
        }
        throw error;
      }
    };
  // Guarantee: the same names with the same signatures, each only wrapped.
  return Object.fromEntries(Object.entries(activities).map(([name, work]) => [name, wrap(name, work)])) as T;
}
