/** A Temporal namespace of its own, so that test files sharing one server never meet each other's workflows. */
import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const workflowTasks = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW;

export async function createNamespace(address: string): Promise<string> {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: (24 * 3600) as never },
    });
    for (let tries = 0; ; tries++) {
      try {
        await connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: 'probe' },
          taskQueueType: workflowTasks,
        });
        return namespace;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    await connection.close();
  }
}
