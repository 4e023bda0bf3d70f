import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { agentReply } from '#db/ownership.ts';
import { clearStaleLeases, sweep } from '#db/sweep.ts';
import { uuidV7 } from '#domain/ids.ts';
import { answered, byHand, type ByHand } from '../support/by-hand.ts';
import { askFlow } from '../support/flows.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let hand: ByHand;
let from: string;
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  await stack.runtime.dispatcher.stop();
  hand = byHand(stack);
});
beforeEach(async () => {
  from = `contact-${uuidV7()}`;
  await stack.query('update flows set deleted_at = now()');
  await stack.query('update inboxes set can_send = true');
  stack.receiver.deliveries.length = 0;
  stack.receiver.answer = answered;
});
afterAll(async () => {
  await stack?.close({ skipInvariants: true });
});

test('a background run’s work does not keep a dead holder’s lease alive', async () => {
  const beside = await stack.publish(
    {
      schemaVersion: 1,
      triggers: [],
      entry: 'wait',
      steps: { wait: { kind: 'delay', params: { seconds: 1 }, exits: { next: null } } },
    },
    'Beside',
  );
  const flow = askFlow();
  await stack.publish({
    ...flow,
    entry: 'beside',
    steps: {
      ...flow.steps,
      beside: { kind: 'start_flow', params: { flowId: beside }, exits: { next: 'ask' } },
    },
  });
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const { id } = await hand.conversation(from);
  const [background] = await stack.query<{ id: string }>(
    'select id from runs where conversation_id = $1 and background',
    [id],
  );
  await stack.query(
    `update conversations set lease_holder = 'inbound/gone', lease_at = now() - interval '5 minutes' where id = $1`,
    [id],
  );
  expect(await hand.driveRun(background?.id ?? '')).toMatchObject({ kind: 'sleep' });
  await clearStaleLeases(stack.runtime.activityDeps.pool);
  expect((await hand.conversation(from)).lease_holder).toBeNull();
});

test('the sweeper finds what nobody drives, and leaves alone what is parked or not due', async () => {
  const note = await stack.publish(
    {
      schemaVersion: 1,
      triggers: [],
      entry: 'say',
      steps: { say: { kind: 'send', params: { text: 'By the way' }, exits: { next: null, failed: null } } },
    },
    'Beside',
  );
  const flow = askFlow();
  await stack.publish({
    ...flow,
    entry: 'beside',
    steps: {
      ...flow.steps,
      beside: { kind: 'start_flow', params: { flowId: note }, exits: { next: 'ask' } },
    },
  });
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const { id } = await hand.conversation(from);
  const [background] = await stack.query<{ id: string }>(
    'select id from runs where conversation_id = $1 and background',
    [id],
  );
  await stack.query('update inboxes set can_send = false');
  await hand.driveRun(background?.id ?? '');
  await stack.query("update runs set woken_no = wake_no, updated_at = now() - interval '1 minute'");
  await stack.query("update conversations set updated_at = now() - interval '1 minute'");
  const found = async () =>
    (await sweep(stack.runtime.activityDeps.pool)).drivers.flatMap((driver) =>
      driver.kind === 'run' ? [driver.wake.runId] : [],
    );
  expect(await found()).not.toContain(background?.id);
  await stack.query('update inboxes set can_send = true');
  expect(await found()).toContain(background?.id);
  expect(await found()).not.toContain(await hand.openRun(from));
  await stack.query("update runs set deadline = now() - interval '1 minute' where id = $1", [
    await hand.openRun(from),
  ]);
  expect(await found()).toContain(await hand.openRun(from));
});

test('the sweeper starts the first of a conversation’s unsent messages, and none while that one is not due', async () => {
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const { id: conversationId } = await hand.conversation(from);
  const reply = (clientMessageId: string) =>
    inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
      agentReply(tx, {
        workspaceId: stack.workspaceId,
        conversationId,
        actor: { kind: 'agent', id: null },
        authorName: 'Ada',
        clientMessageId,
        units: [[{ kind: 'text', text: clientMessageId }]],
        isPrivate: false,
      }),
    );
  await reply('first');
  await reply('second');
  await stack.query("update outbox set created_at = now() - interval '1 minute' where conversation_id = $1", [
    conversationId,
  ]);
  const [first] = await stack.query<{ id: string }>(
    "select id from messages where conversation_id = $1 and text = 'first'",
    [conversationId],
  );
  expect((await sweep(stack.runtime.activityDeps.pool)).outbound).toContain(first?.id);
  await stack.query("update outbox set not_before = now() + interval '5 minutes' where message_id = $1", [
    first?.id,
  ]);
  const due = await stack.query<{ id: string }>('select id from messages where conversation_id = $1', [
    conversationId,
  ]);
  const { outbound } = await sweep(stack.runtime.activityDeps.pool);
  expect(due.filter((row) => outbound.includes(row.id))).toEqual([]);
});

test('an event nobody has claimed is the dispatcher’s, however old; one claimed and never finished is the sweeper’s', async () => {
  const eventId = await hand.accept(from, 'hi');
  await stack.query("update inbound_events set received_at = now() - interval '1 minute' where id = $1", [
    eventId,
  ]);
  expect((await sweep(stack.runtime.activityDeps.pool)).unstarted).not.toContain(eventId);
  await stack.query("update inbound_events set started_at = now() - interval '1 minute' where id = $1", [
    eventId,
  ]);
  expect((await sweep(stack.runtime.activityDeps.pool)).unstarted).toContain(eventId);
  await hand.driveEvent(eventId);
  expect((await sweep(stack.runtime.activityDeps.pool)).unstarted).not.toContain(eventId);
});
