/** The drive's executions without Temporal: the same functions the activities call, one after the other and at once. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { drive, type DriveOptions } from '#activities/drive.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import { ingestOnly } from '#db/drive.ts';
import { clearStaleLeases } from '#db/sweep.ts';
import { uuidV7 } from '#domain/ids.ts';
import { checkInvariants } from '../support/invariants.ts';
import { askFlow } from '../support/flows.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  await stack.runtime.dispatcher.stop();
});
beforeEach(async () => {
  await stack.query('update flows set deleted_at = now()');
  stack.receiver.deliveries.length = 0;
});
afterAll(async () => {
  await stack?.close({ skipInvariants: true });
});

const options: DriveOptions = { mode: 'local', budgetMs: 5_000 };
const driveEvent = (eventId: string) =>
  drive(stack.runtime.activityDeps, { eventId }, `inbound/${eventId}`, options);

async function accept(from: string, text: string, id = uuidV7()): Promise<string> {
  const [accepted] = await acceptEvents(stack.runtime.deps.engineDb, {
    type: 'api',
    inbox: { id: stack.inboxId, workspaceId: stack.workspaceId, accountKey: stack.inboxId },
    raw: new Uint8Array(),
    events: [
      {
        kind: 'message',
        eventId: id,
        threadKey: '',
        contact: { externalId: from },
        parts: [{ kind: 'text', text }] as never,
        providerMessageId: id,
      },
    ],
  });
  if (!accepted) throw new Error('Nothing was accepted.');
  return accepted.eventId;
}

const seqs = (from: string) =>
  stack.query<{ seq: number; text: string }>(
    `select m.seq, m.text from messages m join conversations c on c.id = m.conversation_id join contacts k on k.id = c.contact_id
      where k.external_id = $1 and m.direction = 'in' order by m.seq`,
    [from],
  );

test('seq is the order of acceptance, however the workflows race', async () => {
  const from = uuidV7();
  const ids: string[] = [];
  for (let n = 1; n <= 12; n++) ids.push(await accept(from, `message ${n}`));
  await Promise.all(ids.toReversed().map((id) => driveEvent(id)));
  expect((await seqs(from)).map((row) => row.text)).toEqual(ids.map((_, index) => `message ${index + 1}`));
});

test('three messages ingested before the first is driven: the run ends after the second, the third starts a new one', async () => {
  await stack.publish(askFlow());
  const from = uuidV7();
  const ids = [await accept(from, 'hi'), await accept(from, '7'), await accept(from, 'more')];
  for (const id of ids) await ingestOnly(stack.runtime.activityDeps.pool, id);
  await driveEvent(ids[0] ?? '');
  expect(stack.receiver.deliveries.map((delivery) => delivery.body.message.text)).toEqual([
    'How many?',
    'Got 7',
    'How many?',
  ]);
  for (const id of ids) await driveEvent(id);
  expect(stack.receiver.deliveries).toHaveLength(3);
});

test('a repeated execution of a done event does nothing', async () => {
  await stack.publish(askFlow());
  const id = await accept(uuidV7(), 'hi');
  await driveEvent(id);
  const before = await stack.query(
    'select last_seq, lease_token from conversations where id = (select conversation_id from inbound_events where id = $1)',
    [id],
  );
  expect(await driveEvent(id)).toMatchObject({ kind: 'done' });
  expect(
    await stack.query(
      'select last_seq, lease_token from conversations where id = (select conversation_id from inbound_events where id = $1)',
      [id],
    ),
  ).toEqual(before);
  expect(stack.receiver.deliveries).toHaveLength(1);
});

test('the same event driven by many at once is answered once', async () => {
  await stack.publish(askFlow());
  const id = await accept(uuidV7(), 'hi');
  await Promise.all(Array.from({ length: 6 }, () => driveEvent(id)));
  // Whoever found another one's claim waits and looks again, as its workflow would.
  await driveEvent(id);
  expect(stack.receiver.deliveries).toHaveLength(1);
});

test('concurrent deliveries of the same provider ids are accepted once each', async () => {
  const from = uuidV7();
  const ids = Array.from({ length: 40 }, (_, index) => `provider-${from}-${index}`);
  await Promise.all([...ids, ...ids, ...ids].map((id) => accept(from, id, id)));
  const rows = await stack.query<{ n: number }>(
    'select count(*) as n from inbound_events where provider_event_id like $1',
    [`provider-${from}-%`],
  );
  expect(rows[0]?.n).toBe(40);
  const orders = await stack.query<{ id: string }>(
    'select id from inbound_events where provider_event_id like $1 order by accept_no',
    [`provider-${from}-%`],
  );
  for (const { id } of orders) await driveEvent(id);
  expect(await seqs(from)).toHaveLength(40);
});

test('a status that comes before the send’s answer is applied when the answer is stored', async () => {
  await stack.publish(askFlow());
  const from = uuidV7();
  stack.receiver.answer = () => ({ status: 200, body: { id: `early-${from}` }, delayMs: 300 });
  const id = await accept(from, 'hi');
  const driving = driveEvent(id);
  await stack.receiver.waitFor(1);
  await acceptEvents(stack.runtime.deps.engineDb, {
    type: 'api',
    inbox: { id: stack.inboxId, workspaceId: stack.workspaceId, accountKey: stack.inboxId },
    raw: new Uint8Array(),
    events: [
      {
        kind: 'status',
        eventId: `status-${from}`,
        providerMessageId: `early-${from}`,
        status: 'delivered',
      } as never,
    ],
  });
  await driving;
  const [message] = await stack.query<{ status: string }>(
    'select status from messages where provider_message_id = $1',
    [`early-${from}`],
  );
  expect(message?.status).toBe('delivered');
  stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
});

test('a stale lease is taken away; its holder is fenced', async () => {
  const from = uuidV7();
  const first = await accept(from, 'one');
  await driveEvent(first);
  await stack.query(
    `update conversations set lease_holder = 'inbound/gone', lease_at = now() - interval '5 minutes'
      where id = (select conversation_id from inbound_events where id = $1)`,
    [first],
  );
  const second = await accept(from, 'two');
  expect(await driveEvent(second)).toMatchObject({ kind: 'done' });
  expect(await clearStaleLeases(stack.runtime.activityDeps.pool)).toBeGreaterThan(0);
  await driveEvent(second);
  await checkInvariants(stack.runtime.activityDeps.pool);
});
