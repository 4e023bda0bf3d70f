import { proxyLocalActivities } from '@temporalio/workflow';
import type { FloorActivities, FloorMessage } from './floor-b.ts';

const { store, reply } = proxyLocalActivities<FloorActivities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

export async function floorMessage(message: FloorMessage): Promise<void> {
  await store(message);
  await reply(message);
}
