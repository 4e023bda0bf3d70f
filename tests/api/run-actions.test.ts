/** What operators do to runs, over real workflows. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startRunStack, type List, type Run, type RunStack } from '../support/run-stack.ts';

let runs: RunStack;
let from: string;
beforeAll(async () => {
  runs = await startRunStack();
});
beforeEach(async () => {
  from = `contact-${uuidV7()}`;
  await runs.stack.query('update flows set deleted_at = now()');
  runs.stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
});
afterEach(() => checkInvariants(runs.stack.runtime.activityDeps.pool));
afterAll(() => runs?.stack.close());

test('cancel ends a waiting run; a second time is 409', async () => {
  const { run } = await runs.asked(from);
  const ended = await runs.act(run.id, 'cancel');
  expect([ended.status, ended.body.status]).toEqual([200, 'cancelled']);
  const again = await runs.act(run.id, 'cancel');
  expect([again.status, again.body.error.code]).toEqual([409, 'wrong_state']);
  await runs.stack.quiet();
});

test('terminate ends the run and its workflow', async () => {
  const { run } = await runs.asked(from);
  expect((await runs.act(run.id, 'terminate')).body.status).toBe('terminated');
  // Its workflow may have ended by itself, woken by the end of its run.
  const { status } = await runs.stack.runtime.deps.temporal.workflow.getHandle(`run/${run.id}`).describe();
  expect(['TERMINATED', 'COMPLETED']).toContain(status.name);
  expect((await runs.act(run.id, 'terminate')).status).toBe(409);
  await runs.stack.quiet();
  expect((await runs.list('status=terminated')).map((one) => one.id)).toContain(run.id);
});

test('skip ends the wait at once, by the timeout exit', async () => {
  const { run } = await runs.asked(from, { timeoutSeconds: 86_400 });
  const skipped = await runs.act(run.id, 'skip');
  expect(skipped.status).toBe(200);
  await runs.stack.until(
    'the run ends',
    async () => (await runs.json<Run>(`/api/runs/${run.id}`)).body.status === 'completed',
  );
  expect(runs.stack.receiver.deliveries.at(-1)?.body.message.text).toBe('Too late');
  expect((await runs.act(run.id, 'skip')).status).toBe(409);
  await runs.stack.quiet();
});

test('a paused run is resumed, and only a paused one', async () => {
  const { run } = await runs.asked(from);
  expect((await runs.act(run.id, 'resume')).status).toBe(409);
  await runs.reply(from, 'mine now');
  await runs.stack.quiet();
  const paused = await runs.act(run.id, 'skip');
  expect([paused.status, paused.body.error.message]).toEqual([
    409,
    expect.stringContaining('resume it first'),
  ]);
  expect((await runs.act(run.id, 'resume')).status).toBe(200);
  await runs.stack.until(
    'it waits again',
    async () => (await runs.json<Run>(`/api/runs/${run.id}`)).body.waitingFor === 'reply',
  );
  await runs.stack.say(from, '3');
  await runs.stack.until(
    'it goes on',
    async () => runs.stack.receiver.deliveries.at(-1)?.body.message.text === 'Got 3',
  );
  await runs.stack.quiet();
});

test('a reply that failed is sent again; one that may have arrived only when told so', async () => {
  await runs.stack.say(from, 'hi');
  await runs.stack.quiet();
  runs.stack.receiver.answer = () => ({ status: 200, drop: true });
  const messageId = await runs.reply(from, 'did you get this?');
  await runs.stack.until(
    'no answer',
    async () => (await runs.json<Run>(`/api/runs/${messageId}`)).body.error?.kind === 'no_answer',
    30_000,
  );
  expect((await runs.json<Run>(`/api/runs/${messageId}`)).body.status).toBe('failed');
  runs.stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
  const refused = await runs.act(messageId, 'retry');
  expect([refused.status, refused.body.error.code]).toEqual([409, 'may_have_arrived']);
  expect((await runs.act(messageId, 'retry', { evenIfUnknown: true })).status).toBe(200);
  await runs.stack.until(
    'sent',
    async () => (await runs.json<Run>(`/api/runs/${messageId}`)).body.status === 'completed',
  );
  expect((await runs.act(messageId, 'retry')).status).toBe(409);
  expect((await runs.act(messageId, 'cancel')).status).toBe(409);
  // Sent twice because a person asked for it: not for the invariant, which counts calls without that.
  expect(
    runs.stack.receiver.deliveries.filter((delivery) => delivery.body.message.id === messageId).length,
  ).toBe(2);
});

test('a reply that has not left is withdrawn', async () => {
  await runs.stack.say(from, 'hi');
  await runs.stack.quiet();
  await runs.stack.query('update inboxes set can_send = false where id = $1', [runs.stack.inboxId]);
  const messageId = await runs.reply(from, 'wait');
  await runs.stack.until(
    'parked',
    async () => (await runs.json<Run>(`/api/runs/${messageId}`)).body.waitingFor === 'inbox',
  );
  expect((await runs.act(messageId, 'cancel')).body.status).toBe('cancelled');
  await runs.stack.query('update inboxes set can_send = true where id = $1', [runs.stack.inboxId]);
  const { body } = await runs.json<List<{ id: string; status: string; error?: { kind: string } }>>(
    `/api/conversations/${await runs.conversation(from)}/messages`,
  );
  expect(body.items.at(-1)).toMatchObject({ id: messageId, status: 'failed', error: { kind: 'cancelled' } });
  expect(runs.stack.receiver.deliveries.some((delivery) => delivery.body.message.id === messageId)).toBe(
    false,
  );
});

test('what can not be done to a message says why', async () => {
  const eventId = await runs.stack.say(from, 'hi');
  await runs.stack.quiet();
  for (const action of ['cancel', 'terminate', 'retry', 'skip', 'resume']) {
    const refused = await runs.act(eventId, action);
    expect([action, refused.status, refused.body.error.code]).toEqual([action, 409, 'wrong_state']);
  }
  expect((await runs.json(`/api/runs/${eventId}/cancel`, { as: 'agent', body: {} })).status).toBe(403);
  expect((await runs.act(uuidV7(), 'cancel')).status).toBe(404);
});

test('a message whose workflow failed is retried', async () => {
  const eventId = await runs.stack.say(from, 'hi');
  await runs.stack.quiet();
  await runs.stack.query(
    `update inbound_events set error = '{"kind":"broken","message":"It broke."}' where id = $1`,
    [eventId],
  );
  expect((await runs.list('status=failed&kind=inbound')).map((one) => one.id)).toEqual([eventId]);
  expect((await runs.act(eventId, 'retry')).status).toBe(200);
  await runs.stack.until(
    'done',
    async () => (await runs.json<Run>(`/api/runs/${eventId}`)).body.status !== 'failed',
  );
  await runs.stack.query('update inbound_events set done_at = now(), started_at = now() where id = $1', [
    eventId,
  ]);
});
