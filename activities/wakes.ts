/** Pays the wakes that transactions owe. Signals are hints: paid twice they do no harm, unpaid they stay owed. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { markWoken } from '#db/drive.ts';
import { runFacts } from '#db/search-facts.ts';
import type { OwedWake } from '#domain/drive/snapshot.ts';
import { QUEUES, runWorkflowId } from '#workflows/contract.ts';
import type { ActivityDeps } from './deps.ts';

type WakeDeps = Pick<ActivityDeps, 'pool' | 'client' | 'faults' | 'searchAttributes'>;

/** @throws what Temporal throws; the wakes then stay owed */
export async function payWakes(deps: WakeDeps, wakes: readonly OwedWake[]): Promise<void> {
  if (wakes.length === 0) return;
  await Promise.all(wakes.map((wake) => payWake(deps, wake)));
  deps.faults.at('wake.sent');
  await markWoken(deps.pool, wakes);
  deps.faults.at('woken.committed');
}

async function payWake(deps: WakeDeps, { runId, wokenNo }: OwedWake): Promise<void> {
  const { client, pool } = deps;
  const workflowId = runWorkflowId(runId);
  const typedSearchAttributes = deps.searchAttributes(await runFacts(pool, runId));
  if (wokenNo === 0) {
    try {
      // Never woken before, so nothing can be asleep: a plain start is cheaper than signalWithStart and may be eager.
      await client.workflow.start('flowRun', {
        workflowId,
        taskQueue: QUEUES.flows,
        args: [runId],
        typedSearchAttributes,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        requestEagerStart: true,
        workflowTaskTimeout: '3s',
      });
      return;
    } catch (error) {
      // An earlier payer got this far and died before noting it: from here on only a signal is sure to be seen.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
  await client.workflow.signalWithStart('flowRun', {
    workflowId,
    taskQueue: QUEUES.flows,
    args: [runId],
    typedSearchAttributes,
    signal: 'wake',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowTaskTimeout: '3s',
  });
}
