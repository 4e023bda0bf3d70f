/** The one loop that both kinds of workflow drive a conversation with. Deterministic and thin: what to do comes from the rows. */
import { proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '#activities/create-activities.ts';
import type { DriveReport } from '#activities/drive.ts';

/** One attempt each: repeating is this workflow's business, so that every execution claims anew. */
export const local = proxyLocalActivities<Activities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
});
export const regular = proxyActivities<Activities>({
  startToCloseTimeout: '2m',
  // Of a process that died nobody waits for the whole time; each execution claims anew, so that one that only seemed dead does no harm.
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '30s', backoffCoefficient: 2 },
});

const waitMs = 2_000;

/**
 * Drives until there is nothing left to do here. A failing step (Postgres away, a defect) is tried again for ever, slower and slower:
 * the rows stay as they are, and nothing is lost by waiting.
 */
export async function drive(
  step: () => Promise<DriveReport>,
  deliver: () => Promise<DriveReport>,
): Promise<Extract<DriveReport, { kind: 'done' | 'busy' | 'sleep' | 'complete' }>> {
  let failures = 0;
  let next = step;
  for (;;) {
    let report: DriveReport;
    try {
      report = await next();
      failures = 0;
    } catch {
      failures += 1;
      next = step;
      await sleep(Math.min(500 * 2 ** failures, 60_000));
      continue;
    }
    switch (report.kind) {
      case 'again':
        next = step;
        break;
      case 'wait':
        next = step;
        await sleep(waitMs);
        break;
      case 'deliver':
        next = deliver;
        break;
      default:
        return report;
    }
  }
}
