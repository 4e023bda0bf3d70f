import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { agentReply, cancelRun, giveBack, resolveConversation, takeOver } from '#db/ownership.ts';
import { unparkInbox } from '#db/park.ts';
import { uuidV7 } from '#domain/ids.ts';
import { runWorkflowId } from '#workflows/contract.ts';
import { checkInvariants } from '../support/invariants.ts';
import { askFlow } from '../support/flows.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let from: string;
beforeAll(async () => {
  stack = await startStack({ sweepEveryMs: 0 });
});
beforeEach(async () => {
  from = `contact-${uuidV7()}`;
  await stack.query('update flows set deleted_at = now()');
  stack.receiver.deliveries.length = 0;
  stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
});
afterEach(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
});
afterAll(async () => {
  await stack?.close();
});

const actor = { kind: 'agent' as const, id: null };
const texts = (): string[] => stack.receiver.deliveries.map((delivery) => delivery.body.message.text);

async function conversationId(): Promise<string> {
  const [row] = await stack.query<{ id: string }>(
    'select c.id from conversations c join contacts k on k.id = c.contact_id where k.external_id = $1',
    [from],
  );
  if (!row) throw new Error('No conversation yet.');
  return row.id;
}
async function run(): Promise<{ id: string; status: string; wake_no: number; woken_no: number }> {
  const [row] = await stack.query<{ id: string; status: string; wake_no: number; woken_no: number }>(
    'select id, status, wake_no, woken_no from runs where conversation_id = $1 order by id desc limit 1',
    [await conversationId()],
  );
  if (!row) throw new Error('No run yet.');
  return row;
}
async function waiting(): Promise<void> {
  await stack.until('the run waits', async () => (await run().catch(() => null))?.status === 'waiting');
  await stack.quiet();
}
const workflowStatus = async (id: string): Promise<string> =>
  (await stack.runtime.deps.temporal.workflow.getHandle(runWorkflowId(id)).describe()).status.name;
async function owned<T extends { wakes: never[] | object[] }>(
  work: Parameters<typeof inWorkspace<T>>[2],
): Promise<T> {
  const result = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, work);
  await stack.runtime.deps.engine.payWakes(result.wakes as never);
  return result;
}

test('a reply goes on by the message’s own workflow, and the run’s workflow ends', async () => {
  await stack.publish(askFlow());
  await stack.say(from, 'hi');
  await waiting();
  const { id } = await run();
  expect(await workflowStatus(id)).toBe('RUNNING');
  await stack.say(from, '7');
  await stack.receiver.waitFor(2);
  await stack.quiet();
  expect(texts()).toEqual(['How many?', 'Got 7']);
  await stack.until('flowRun completes', async () => (await workflowStatus(id)) === 'COMPLETED');
});

test('the deadline is kept by the run’s workflow', async () => {
  await stack.publish(askFlow({ timeoutSeconds: 1 }));
  await stack.say(from, 'hi');
  await stack.receiver.waitFor(2);
  await stack.quiet();
  expect(texts()).toEqual(['How many?', 'Too late']);
});

test('an invalid reply is answered and the same deadline still comes', async () => {
  await stack.publish(askFlow({ timeoutSeconds: 3, maxInvalid: 5 }));
  await stack.say(from, 'hi');
  await waiting();
  await stack.say(from, 'many');
  await stack.until('timeout', async () => texts().includes('Too late'));
  await stack.quiet();
  expect(texts().at(-1)).toBe('Too late');
  expect(texts().filter((text) => text === 'Too late')).toHaveLength(1);
});

test('a burst is merged into one answer after the silence', async () => {
  await stack.publish(askFlow({ format: 'text', mergeSeconds: 1 }));
  await stack.say(from, 'hi');
  await waiting();
  await stack.say(from, 'first');
  await stack.say(from, 'second');
  await stack.receiver.waitFor(2);
  await stack.quiet();
  expect(texts()[1]).toContain('first');
  expect(texts()[1]).toContain('second');
  expect(texts()).toHaveLength(2);
});

test('messages that arrive while the run is busy are read in order, none dropped', async () => {
  await stack.publish(askFlow());
  stack.receiver.answer = (delivery) => ({
    status: 200,
    delayMs: delivery.body.message.text === 'How many?' ? 800 : 0,
    body: { id: `provider-${delivery.body.message.id}` },
  });
  await stack.say(from, 'hi');
  await stack.receiver.waitFor(1);
  await stack.say(from, '3');
  await stack.say(from, '4');
  await stack.receiver.waitFor(3);
  await stack.quiet();
  // "3" answers, the run ends, "4" starts the next one.
  expect(texts()).toEqual(['How many?', 'Got 3', 'How many?']);
});

describe('people', () => {
  test('a takeover silences the bot, giving back resumes at the same step', async () => {
    await stack.publish(askFlow({ timeoutSeconds: 60 }));
    await stack.say(from, 'hi');
    await waiting();
    const input = { workspaceId: stack.workspaceId, conversationId: await conversationId(), actor };
    await owned((tx) => takeOver(tx, input));
    await stack.say(from, '5');
    await stack.quiet();
    expect(texts()).toEqual(['How many?']);
    expect((await run()).status).toBe('paused');
    await owned((tx) => giveBack(tx, input));
    await stack.until('waiting again', async () => (await run()).status === 'waiting');
    await stack.say(from, '6');
    await stack.receiver.waitFor(2);
    await stack.quiet();
    expect(texts()).toEqual(['How many?', 'Got 6']);
  });

  test('an agent’s reply is sent once, in order, and takes the conversation over', async () => {
    await stack.publish(askFlow());
    await stack.say(from, 'hi');
    await waiting();
    const conversation = await conversationId();
    const reply = (clientMessageId: string, text: string) =>
      owned((tx) =>
        agentReply(tx, {
          workspaceId: stack.workspaceId,
          conversationId: conversation,
          actor,
          clientMessageId,
          units: [[{ kind: 'text', text }]],
          isPrivate: false,
          authorName: 'Ada',
        }),
      );
    const ids: string[] = [];
    for (const n of [1, 2, 3, 4, 5]) ids.push((await reply(`c${n}`, `reply ${n}`)).messageId);
    expect((await reply('c1', 'again')).created).toBe(false);
    await Promise.all(ids.map((id) => stack.runtime.deps.engine.startOutbound(id)));
    await stack.receiver.waitFor(6);
    await stack.quiet();
    expect(texts()).toEqual(['How many?', 'reply 1', 'reply 2', 'reply 3', 'reply 4', 'reply 5']);
    expect((await run()).status).toBe('paused');
  });

  test('429, takeover, retry: nothing leaves', async () => {
    await stack.publish(askFlow());
    stack.receiver.answer = () => ({ status: 429, headers: { 'retry-after': '1' } });
    await stack.say(from, 'hi');
    await stack.receiver.waitFor(1);
    await stack.until(
      'refused',
      async () =>
        (await stack.query(`select 1 from outbox where state = 'planned' and attempts > 0`)).length > 0,
    );
    stack.receiver.answer = (delivery) => ({ status: 200, body: { id: delivery.key } });
    await owned(async (tx) =>
      takeOver(tx, { workspaceId: stack.workspaceId, conversationId: await conversationId(), actor }),
    );
    await stack.quiet();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(stack.receiver.deliveries).toHaveLength(1);
    expect(
      await stack.query(`select state from outbox where conversation_id = $1`, [await conversationId()]),
    ).toEqual([{ state: 'cancelled' }]);
  });

  test('claim, takeover, give back within one slow call: one reply, and the run goes on once', async () => {
    await stack.publish(askFlow());
    stack.receiver.answer = (delivery) => ({
      status: 200,
      delayMs: delivery.body.message.text === 'How many?' ? 1_000 : 0,
      body: { id: `provider-${delivery.body.message.id}` },
    });
    await stack.say(from, 'hi');
    await stack.receiver.waitFor(1);
    const input = { workspaceId: stack.workspaceId, conversationId: await conversationId(), actor };
    expect((await owned((tx) => takeOver(tx, input))).stillSending).toBe(1);
    await owned((tx) => giveBack(tx, input));
    await waiting();
    await stack.say(from, '9');
    await stack.receiver.waitFor(2);
    await stack.quiet();
    expect(texts()).toEqual(['How many?', 'Got 9']);
  });

  test('resolving ends the run; the next message begins anew', async () => {
    await stack.publish(askFlow());
    await stack.say(from, 'hi');
    await waiting();
    const first = await run();
    await owned(async (tx) =>
      resolveConversation(tx, {
        workspaceId: stack.workspaceId,
        conversationId: await conversationId(),
        actor,
      }),
    );
    await stack.until(
      'the run ends',
      async () => !['active', 'waiting', 'paused'].includes((await run()).status),
    );
    await stack.until('its workflow too', async () => (await workflowStatus(first.id)) === 'COMPLETED');
    await stack.say(from, 'hello again');
    await stack.receiver.waitFor(2);
    await stack.quiet();
    expect((await run()).id).not.toBe(first.id);
    const rows = await stack.query('select status from conversations where id = $1', [
      await conversationId(),
    ]);
    expect(rows).toEqual([{ status: 'open' }]);
  });

  test('cancelling a run ends its workflow', async () => {
    await stack.publish(askFlow());
    await stack.say(from, 'hi');
    await waiting();
    const { id } = await run();
    const { cancelled } = await owned((tx) =>
      cancelRun(tx, { workspaceId: stack.workspaceId, runId: id, actor }),
    );
    expect(cancelled).toBe(true);
    await stack.until('its workflow ends', async () => (await workflowStatus(id)) === 'COMPLETED');
    await stack.quiet();
  });
});

describe('refusals', () => {
  test('a refused send is tried again with the same key, and only then the run goes on', async () => {
    await stack.publish(askFlow());
    stack.receiver.answer = (delivery, tries) =>
      tries < 3 ? { status: 503 } : { status: 200, body: { id: delivery.key } };
    await stack.say(from, 'hi');
    await stack.receiver.waitFor(3, 20_000);
    await waiting();
    expect(new Set(stack.receiver.deliveries.map((delivery) => delivery.key)).size).toBe(1);
    expect(texts()).toEqual(['How many?', 'How many?', 'How many?']);
  });

  test('no answer is unknown, never repeated, and the run goes on', async () => {
    await stack.publish(askFlow());
    stack.receiver.answer = (delivery) =>
      delivery.body.message.text === 'How many?'
        ? { status: 200, drop: true }
        : { status: 200, body: { id: delivery.key } };
    await stack.say(from, 'hi');
    await waiting();
    const states = await stack.query('select state from outbox where conversation_id = $1', [
      await conversationId(),
    ]);
    expect(states).toEqual([{ state: 'unknown' }]);
    await stack.say(from, '2');
    await stack.receiver.waitFor(2);
    await stack.quiet();
    expect(texts()).toEqual(['How many?', 'Got 2']);
  });

  test('a parked inbox loses nothing and drains when it can send again', async () => {
    await stack.publish(askFlow());
    await stack.query(`update inboxes set can_send = false`);
    await stack.say(from, 'hi');
    await stack.until(
      'planned',
      async () => (await stack.query(`select 1 from messages where status = 'parked'`)).length === 1,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(stack.receiver.deliveries).toHaveLength(0);
    const { wakes } = await unparkInbox(stack.runtime.activityDeps.pool, stack.inboxId);
    await stack.runtime.deps.engine.payWakes(wakes);
    await stack.receiver.waitFor(1);
    await waiting();
    expect(texts()).toEqual(['How many?']);
  });
});
