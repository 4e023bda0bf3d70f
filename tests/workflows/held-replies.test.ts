/** Replies that wait so that their agent can take them back: they leave at their time, in order, once, also over a restart. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { inWorkspace } from '#db/client.ts';
import { agentReply } from '#db/ownership.ts';
import { parkInbox } from '#db/park.ts';
import { withdrawMessage } from '#db/run-actions.ts';
import { uuidV7 } from '#domain/ids.ts';
import { loadConfig } from '../../api/config.ts';
import { drainParked } from '../../api/inbox-connections.ts';
import { createLog } from '../../api/log.ts';
import { openRuntime, type Runtime } from '../../api/runtime.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let conversationId: string;
let worker: Runtime | null = null;
/** Without a sweeper: nothing here may need one. */
const startWorker = () =>
  openRuntime({
    config: loadConfig(stack.env),
    log: createLog('warn', { write: () => undefined }),
    queues: ['inbound', 'flows'],
    sweepEveryMs: 0,
  });
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  worker = await startWorker();
});
beforeEach(async () => {
  const from = uuidV7();
  stack.receiver.deliveries.length = 0;
  stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
  const eventId = await stack.say(from, 'hi');
  await stack.until('the message is there', async () => {
    const [event] = await stack.query<{ id: string | null }>(
      'select conversation_id as id from inbound_events where id = $1',
      [eventId],
    );
    conversationId = event?.id ?? '';
    return conversationId !== '';
  });
});
afterEach(() => checkInvariants(stack.runtime.activityDeps.pool));
afterAll(async () => {
  await worker?.stop();
  await stack?.close();
});

const texts = (): string[] => stack.receiver.deliveries.map((delivery) => delivery.body.message.text);
const write = <T>(work: Parameters<typeof inWorkspace<T>>[2]) =>
  inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, work);
async function reply(text: string, holdMs: number): Promise<string> {
  const { messageId } = await write((tx) =>
    agentReply(tx, {
      workspaceId: stack.workspaceId,
      conversationId,
      actor: { kind: 'agent', id: null },
      clientMessageId: uuidV7(),
      units: [[{ kind: 'text', text }]],
      isPrivate: false,
      authorName: 'Ada',
      holdMs,
    }),
  );
  await stack.runtime.deps.engine.startOutbound(messageId);
  return messageId;
}
const withdraw = (id: string) => write((tx) => withdrawMessage(tx, stack.workspaceId, id, 'Ada'));
const left = async (id: string) => {
  const [row] = await stack.query<{ early: boolean; attempts: number }>(
    'select claimed_at < created_at + interval $$900 ms$$ as early, attempts from outbox where message_id = $1',
    [id],
  );
  return row;
};

test('held back for its time, then sent once', async () => {
  const id = await reply('held', 1_000);
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()).toEqual(['held']);
  expect(await left(id)).toEqual({ early: false, attempts: 1 });
});

test('each leaves at its own time, in the order written, also behind one without a wait', async () => {
  await reply('first', 1_200);
  await reply('second', 2_400);
  await reply('third', 0);
  await reply('fourth', 3_000);
  await stack.receiver.waitFor(4);
  await stack.quiet();
  expect(texts()).toEqual(['first', 'second', 'third', 'fourth']);
});

test('one written while the one before is being sent is not forgotten', async () => {
  stack.receiver.answer = (delivery) => ({ status: 200, delayMs: 900, body: { id: delivery.key } });
  await reply('slow', 0);
  await stack.receiver.waitFor(1);
  await reply('held', 1_500);
  await stack.receiver.waitFor(2);
  await stack.quiet();
  expect(texts()).toEqual(['slow', 'held']);
});

test('withdrawn in time it never leaves, and those behind it do', async () => {
  const first = await reply('never', 1_500);
  await reply('behind', 2_000);
  expect(await withdraw(first)).toBe('withdrawn');
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()).toEqual(['behind']);
  expect(await withdraw(first)).toBe('before');
});

test('held back while the inbox can’t send: it waits for both, and its place', async () => {
  await reply('first', 500);
  await parkInbox(stack.runtime.activityDeps.pool, stack.inboxId, 'No more.');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(texts()).toEqual([]);
  await reply('second', 2_500);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await drainParked(stack.runtime.deps, stack.inboxId);
  await stack.receiver.waitFor(2);
  await stack.quiet();
  expect(texts()).toEqual(['first', 'second']);
});

test('nobody works when its time comes: it leaves once somebody does', async () => {
  await reply('over a restart', 1_500);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await worker?.stop();
  worker = null;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(texts()).toEqual([]);
  worker = await startWorker();
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()).toEqual(['over a restart']);
});
