import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { drive } from '#activities/drive.ts';
import { inWorkspace } from '#db/client.ts';
import { resolveConversation, takeOver } from '#db/ownership.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { uuidV7 } from '#domain/ids.ts';
import { answered, byHand, textMessage, type ByHand } from '../support/by-hand.ts';
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

const texts = (): string[] => stack.receiver.deliveries.map((delivery) => delivery.body.message.text);

/** Asks twice: the first answer must come within 1 s, the second within a minute. */
function twoQuestions(): FlowDefinition {
  const flow = askFlow({ timeoutSeconds: 1, format: 'text' });
  const ask = flow.steps['ask'];
  if (ask?.kind !== 'ask') throw new Error('No ask.');
  return {
    ...flow,
    steps: {
      ...flow.steps,
      ask: { ...ask, exits: { ...ask.exits, reply: 'again' } },
      again: { ...ask, params: { ...ask.params, text: 'Really?', timeoutSeconds: 60 } },
    },
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a deadline that moved later lets the run’s workflow sleep on, and an earlier one still wakes it', async () => {
  await stack.publish(twoQuestions());
  await hand.driveEvent(await hand.accept(from, 'hi'));
  await hand.driveEvent(await hand.accept(from, 'yes'));
  expect(texts()).toEqual(['How many?', 'Really?']);
  const run = await hand.openRun(from);
  await sleep(1_100);
  const look = await hand.driveRun(run);
  expect(look.kind).toBe('sleep');
  expect(look.kind === 'sleep' && look.untilMs).toBeGreaterThan(Date.now() + 30_000);
  const [row] = await stack.query<{ due: boolean }>(
    'select wake_at = deadline as due from runs where id = $1',
    [run],
  );
  expect(row?.due).toBe(true);
});

test('a parked reply lets the run’s workflow sleep until it is unparked, whatever deadline passed meanwhile', async () => {
  await stack.publish(twoQuestions());
  await hand.driveEvent(await hand.accept(from, 'hi'));
  await stack.query('update inboxes set can_send = false');
  await hand.driveEvent(await hand.accept(from, 'yes'));
  const run = await hand.openRun(from);
  await sleep(1_100);
  expect(await hand.driveRun(run)).toEqual({ kind: 'sleep', untilMs: null });
});

test('a wake that is added while a transaction decides stays owed', async () => {
  await stack.publish(askFlow());
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const run = await hand.openRun(from);
  await stack.query('update runs set woken_no = wake_no where id = $1', [run]);
  const eventId = await hand.accept(from, 'seven');
  let before = 0;
  // The sweeper and unparking bump wake_no without the conversation's lock, between load and store.
  const deps = stack.runtime.activityDeps;
  const load = deps.definitions.load.bind(deps.definitions);
  const definitions = {
    ...deps.definitions,
    async load(ids: readonly string[]) {
      if (before === 0) {
        const [row] = await stack.query<{ wake_no: number }>(
          'update runs set wake_no = wake_no + 1 where id = $1 returning wake_no',
          [run],
        );
        before = row?.wake_no ?? 0;
      }
      await load(ids);
    },
  };
  await drive({ ...deps, definitions }, { eventId }, `inbound/${eventId}`, {
    mode: 'local',
    budgetMs: 5_000,
  });
  const [row] = await stack.query<{ wake_no: number }>('select wake_no from runs where id = $1', [run]);
  expect(before).toBeGreaterThan(0);
  expect(row?.wake_no).toBeGreaterThanOrEqual(before);
});

test('resolving while a flow asks: what its exit would start is not started, and the conversation goes on', async () => {
  const second = await stack.publish(askFlow({ keyword: 'second' }), 'Second');
  const flow = askFlow({ keyword: 'first' });
  const ask = flow.steps['ask'];
  if (!ask) throw new Error('No ask.');
  await stack.publish({
    ...flow,
    steps: {
      ...flow.steps,
      ask: { ...ask, exits: { ...ask.exits, taken_over: 'handon' } },
      handon: { kind: 'start_flow', params: { flowId: second }, exits: { next: null } },
    },
  });
  await hand.driveEvent(await hand.accept(from, 'first'));
  const run = await hand.openRun(from);
  const { id: conversationId } = await hand.conversation(from);
  await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
    resolveConversation(tx, {
      workspaceId: stack.workspaceId,
      conversationId,
      actor: { kind: 'agent', id: null },
    }),
  );
  await hand.driveRun(run);
  const open = await stack.query('select id from runs where conversation_id = $1 and ended_at is null', [
    conversationId,
  ]);
  expect(open).toEqual([]);
  await hand.driveEvent(await hand.accept(from, 'first'));
  expect(texts()).toEqual(['How many?', 'How many?']);
});

test('thirty conversations at once, nothing cached: transactions don’t wait for each other’s connections', async () => {
  await stack.publish(askFlow());
  const ids = await Promise.all(Array.from({ length: 30 }, (_, n) => hand.accept(`${from}-${n}`, 'hi')));
  const startedMs = performance.now();
  await Promise.all(ids.map((id) => hand.driveEvent(id)));
  expect(performance.now() - startedMs).toBeLessThan(8_000);
  expect(stack.receiver.deliveries).toHaveLength(30);
});

test('batches that name the same contacts in other orders are all accepted', async () => {
  const contacts = Array.from({ length: 60 }, (_, n) => `${from}-${n}`);
  const batch = (names: string[]) => hand.acceptAll(names.map((name) => textMessage(name, 'hi')));
  const rounds = Array.from({ length: 8 }, (_, n) => batch(n % 2 ? contacts : contacts.toReversed()));
  expect((await Promise.all(rounds)).flat()).toHaveLength(480);
  // None of them is to be driven: the next test starts from a quiet database.
  await stack.query(
    'update inbound_events set done_at = now(), ingested_at = now() where ingested_at is null',
  );
});

test('a flow cannot be stuck on a status that another open conversation forbids', async () => {
  await stack.publish({
    schemaVersion: 1,
    triggers: askFlow().triggers,
    entry: 'set',
    steps: {
      set: {
        kind: 'set',
        params: { target: 'conversation', field: 'status', value: 'resolved' },
        exits: { next: 'wait' },
      },
      wait: { kind: 'delay', params: { seconds: 1 }, exits: { next: 'reopen' } },
      reopen: {
        kind: 'set',
        params: { target: 'conversation', field: 'status', value: 'open' },
        exits: { next: null },
      },
    },
  });
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const run = await hand.openRun(from);
  await stack.query('update inboxes set reopen_within_hours = 0');
  await hand.driveEvent(await hand.accept(from, 'again'));
  await stack.query('update inboxes set reopen_within_hours = 72');
  await stack.query(
    "update conversations set status = 'open', resolved_at = null where run_id <> $1 and contact_id = (select id from contacts where external_id = $2)",
    [run, from],
  );
  await sleep(1_100);
  expect(await hand.driveRun(run)).toEqual({ kind: 'complete' });
});

test('429, takeover, retry: nothing leaves', async () => {
  await stack.publish(askFlow());
  stack.receiver.answer = () => ({ status: 429, delayMs: 400 });
  const eventId = await hand.accept(from, 'hi');
  const driving = hand.driveEvent(eventId);
  await stack.receiver.waitFor(1);
  const { id: conversationId } = await hand.conversation(from);
  const { stillSending } = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
    takeOver(tx, { workspaceId: stack.workspaceId, conversationId, actor: { kind: 'agent', id: null } }),
  );
  expect(stillSending).toBe(1);
  await driving;
  await sleep(1_200);
  await hand.driveEvent(eventId);
  await hand.driveRun(await hand.openRun(from));
  expect(stack.receiver.deliveries).toHaveLength(1);
  const [run] = await stack.query<{ status: string }>('select status from runs where conversation_id = $1', [
    conversationId,
  ]);
  expect(run?.status).toBe('paused');
});

test('a claim that may still be calling is waited for; who made it leaves the evidence and drives no further', async () => {
  await stack.publish(askFlow());
  stack.receiver.answer = (delivery) => ({ ...answered(delivery), delayMs: 800 });
  const eventId = await hand.accept(from, 'hi');
  const first = hand.driveEvent(eventId);
  await stack.receiver.waitFor(1);
  expect(await hand.driveEvent(eventId)).toEqual({ kind: 'wait' });
  expect(await first).toEqual({ kind: 'again' });
  const rows = await stack.query(
    'select o.state, r.status from runs r join outbox o on o.run_id = r.id where r.id = $1',
    [await hand.openRun(from)],
  );
  expect(rows).toEqual([{ state: 'sent', status: 'active' }]);
  expect(await hand.driveEvent(eventId)).toMatchObject({ kind: 'done' });
  expect(stack.receiver.deliveries).toHaveLength(1);
});

test('what was queued while the last effect was on its way is read before the lease goes', async () => {
  await stack.publish(askFlow());
  stack.receiver.answer = (delivery) => ({ ...answered(delivery), delayMs: 300 });
  const driving = hand.driveEvent(await hand.accept(from, 'hi'));
  await stack.receiver.waitFor(1);
  expect(await hand.driveEvent(await hand.accept(from, '7'))).toMatchObject({ kind: 'done' });
  await driving;
  expect(texts()).toEqual(['How many?', 'Got 7']);
});

test('more messages than one decision may start runs for: each gets its own', async () => {
  await stack.publish({
    schemaVersion: 1,
    triggers: askFlow().triggers,
    entry: 'mark',
    steps: { mark: { kind: 'label', params: { add: ['seen'], remove: [] }, exits: { next: null } } },
  });
  const ids = await hand.acceptAll(Array.from({ length: 30 }, (_, n) => textMessage(from, `message ${n}`)));
  const last = ids.at(-1)?.eventId ?? '';
  while ((await hand.driveEvent(last)).kind === 'again');
  const { id } = await hand.conversation(from);
  const [row] = await stack.query<{ n: number }>(
    'select count(*) as n from runs where conversation_id = $1',
    [id],
  );
  expect(row?.n).toBe(30);
});
