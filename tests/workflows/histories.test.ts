/** Lives of each kind of workflow, replayed as soon as they are over; `npm run replay:record` keeps them for later code. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { agentReply } from '#db/ownership.ts';
import { uuidV7 } from '#domain/ids.ts';
import { inboundWorkflowId, outboundWorkflowId, runWorkflowId } from '#workflows/contract.ts';
import { historiesKey, keepHistory } from '../replay/histories.ts';
import { replay } from '../replay/replay-bundle.ts';
import { askFlow } from '../support/flows.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ secretKey: historiesKey, sweepEveryMs: 0 });
});
afterAll(async () => {
  await stack?.close();
});

const lastRun = async (): Promise<string> =>
  (await stack.query<{ id: string }>('select id from runs order by id desc limit 1'))[0]?.id ?? '';
const waits = () =>
  stack.until(
    'the flow waits',
    async () => (await stack.query(`select 1 from runs where status = 'waiting'`)).length === 1,
  );

test('each kind of life replays', async () => {
  const ids: Record<string, string> = {};
  ids['inbound-plain'] = inboundWorkflowId(await stack.say('plain', 'hello'));
  await stack.quiet();
  await stack.publish(askFlow({ timeoutSeconds: 2 }));
  ids['inbound-reply'] = inboundWorkflowId(await stack.say('answers', 'hi'));
  await waits();
  ids['flow-run-answered'] = runWorkflowId(await lastRun());
  await stack.say('answers', '7');
  await stack.receiver.waitFor(2);
  await stack.quiet();
  await stack.say('is late', 'hi');
  await waits();
  ids['flow-run-timeout'] = runWorkflowId(await lastRun());
  await stack.receiver.waitFor(4);
  const answer = stack.receiver.answer;
  let refuse = true;
  stack.receiver.answer = (delivery, tries) => {
    if (!refuse) return answer(delivery, tries);
    refuse = false;
    return { status: 503 };
  };
  ids['inbound-refused'] = inboundWorkflowId(await stack.say('refused', 'hi'));
  await stack.receiver.waitFor(6);
  await waits();
  const [conversation] = await stack.query<{ id: string }>(
    `select c.id from conversations c join contacts k on k.id = c.contact_id where k.external_id = 'plain'`,
  );
  const { messageId } = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
    agentReply(tx, {
      workspaceId: stack.workspaceId,
      conversationId: conversation?.id ?? '',
      actor: { kind: 'agent', id: null },
      authorName: 'Ada',
      clientMessageId: uuidV7(),
      units: [[{ kind: 'text', text: 'Hello from a person' }]],
      isPrivate: false,
    }),
  );
  await stack.runtime.deps.engine.startOutbound(messageId);
  ids['outbound'] = outboundWorkflowId(messageId);
  await stack.quiet();

  const histories = [];
  for (const [name, workflowId] of Object.entries(ids)) {
    const handle = stack.runtime.deps.temporal.workflow.getHandle(workflowId);
    await stack.until(`${name} completes`, async () => (await handle.describe()).status.name === 'COMPLETED');
    const history = await handle.fetchHistory();
    if (process.env['RECORD_HISTORIES']) keepHistory(name, history);
    histories.push({ workflowId, history });
  }
  expect(await replay(histories)).toEqual([]);
  // No customer's words, no address: ids only, and those sealed.
  expect(JSON.stringify(histories)).not.toMatch(/hello|How many|plain|127\.0\.0\.1/i);
});
