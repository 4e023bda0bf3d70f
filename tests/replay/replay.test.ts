/** Runs that are under way when the code changes must go on: kept histories replay without a difference. */
import { expect, test } from 'vitest';
import { keptHistories } from './histories.ts';
import { replay } from './replay-bundle.ts';

test('every kept history replays against the present workflow code', async () => {
  const kept = keptHistories();
  expect(kept.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'inbound-plain',
      'inbound-reply',
      'inbound-refused',
      'flow-run-answered',
      'flow-run-timeout',
      'outbound',
    ]),
  );
  expect(await replay(kept.map(({ name, history }) => ({ workflowId: name, history })))).toEqual([]);
});
