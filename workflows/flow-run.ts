import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { wake } from './contract.ts';
import { drive, local, regular } from './drive.ts';

/** Clocks differ: a look that comes a little early must not turn into a spin. */
const shortestSleepMs = 100;

/**
 * One per flow run that outlives a message: holds its deadline as a durable timer, looks when it passes or when woken, and drives the
 * run by the same loop as a message does. Completes only on an ended run and with no signal unread.
 */
export async function flowRun(runId: string): Promise<void> {
  let woken = false;
  let busyMs = 1_000;
  setHandler(wake, () => {
    woken = true;
  });
  for (;;) {
    woken = false;
    const report = await drive(
      () => local.driveRun(runId),
      () => regular.deliverRun(runId),
    );
    if (report.kind === 'complete' || report.kind === 'done') {
      if (!woken) return;
      continue;
    }
    if (report.kind === 'busy') {
      // Somebody else drives; nobody else will look at this deadline, so it polls.
      busyMs = Math.min(busyMs * 2, 30_000);
      await condition(() => woken, busyMs);
    } else {
      busyMs = 1_000;
      if (report.untilMs === null) await condition(() => woken);
      else await condition(() => woken, Math.max(report.untilMs - Date.now(), shortestSleepMs));
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof flowRun>(runId);
  }
}
