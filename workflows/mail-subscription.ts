import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { wake } from './contract.ts';
import { regular } from './drive.ts';

/** Clocks differ: a look that comes a little early must not turn into a spin. */
const shortestSleepMs = 1_000;

/**
 * One per Microsoft mailbox: keeps the subscription alive that tells us of new mails. Sleeps until half of its life is over, or until
 * it is woken because Microsoft said something of it. Ends with its inbox.
 */
export async function mailSubscription(inboxId: string): Promise<void> {
  let woken = false;
  setHandler(wake, () => {
    woken = true;
  });
  for (;;) {
    woken = false;
    const report = await regular.keepSubscription(inboxId);
    if (report.kind === 'gone') {
      if (!woken) return;
      continue;
    }
    await condition(() => woken, Math.max(report.untilMs - Date.now(), shortestSleepMs));
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof mailSubscription>(inboxId);
  }
}
