import { expect, test } from 'vitest';
import { noFaults } from '#activities/faults.ts';
import { createDispatcher } from '../../../api/dispatcher.ts';
import { createLog } from '../../../api/log.ts';

/** Rows that answer when told to, and a Temporal that notes what was started. */
function setUp() {
  const reads: ((ids: string[]) => void)[] = [];
  const started: string[] = [];
  const pool = {
    query: () =>
      new Promise((resolve) => {
        reads.push((ids) => resolve({ rows: ids.map((id) => ({ id, workspace_id: 'w', inbox_id: 'i' })) }));
      }),
  };
  const client = {
    workflow: {
      start: async (_type: string, { args }: { args: [string] }) => {
        started.push(args[0]);
      },
    },
  };
  const log = createLog('error', { write: () => undefined });
  // Guarantee: the dispatcher calls nothing else of either.
  const deps = { pool, client, log, faults: noFaults, searchAttributes: () => [] } as unknown as Parameters<
    typeof createDispatcher
  >[0];
  return { dispatcher: createDispatcher(deps), reads, started };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what is accepted while the rows are being read is started too, though that read did not see it', async () => {
  const { dispatcher, reads, started } = setUp();
  dispatcher.accepted();
  expect(reads).toHaveLength(1);
  dispatcher.accepted([{ eventId: 'late', workspaceId: 'w', inboxId: 'i' }]);
  reads[0]?.(['early']);
  await expect.poll(() => reads.length, { timeout: 2_000 }).toBe(2);
  reads[1]?.(['late']);
  await turn();
  expect(started).toEqual(['early', 'late']);
  await dispatcher.stop();
});

test('an event that another process has finished gives its place back', async () => {
  const { dispatcher, reads } = setUp();
  // The look at start.
  dispatcher.accepted();
  reads[0]?.([]);
  await turn();
  dispatcher.accepted([{ eventId: 'elsewhere', workspaceId: 'w', inboxId: 'i' }]);
  await turn();
  expect(dispatcher.state().unfinished).toBe(1);
  // It asks the rows once nothing was heard for a while.
  await expect.poll(() => reads.length, { timeout: 5_000 }).toBeGreaterThan(1);
  reads.at(-1)?.(['elsewhere']);
  await turn();
  expect(dispatcher.state().unfinished).toBe(0);
  await dispatcher.stop();
});
