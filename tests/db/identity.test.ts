/** Who somebody is when ids change hands, and what providers say of people. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { byHand, type ByHand } from '../support/by-hand.ts';
import { fakeChannel, type FakeChannel } from '../support/fake-channel.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let hand: ByHand;
let channel: FakeChannel;
let phone: string;
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  await stack.runtime.dispatcher.stop();
  hand = byHand(stack);
  channel = fakeChannel(stack);
});
beforeEach(() => {
  phone = uuidV7();
});
afterAll(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
  await stack?.close({ skipInvariants: true });
});

const ann = () => `ann-${phone}`;
const bob = () => `bob-${phone}`;
async function take(event: { kind: string } & Record<string, unknown>): Promise<string> {
  const { eventId } = await channel.provide(event);
  await hand.driveEvent(eventId);
  return eventId;
}
const says = (contact: object, more: object = {}) =>
  take({
    kind: 'message',
    threadKey: '',
    contact,
    parts: [{ kind: 'text', text: 'x' }],
    providerMessageId: uuidV7(),
    replyAddress: {},
    ...more,
  });
const echoTo = (contact: object) => says(contact, { kind: 'echo' });
const changed = (contact: object, change = 'updated') =>
  take({ kind: 'contact', threadKey: '', contact, change });
/** Each contact of this phone with the number of its messages. */
const people = async () =>
  Object.fromEntries(
    (
      await stack.query<{ external_id: string; count: number }>(
        `select k.external_id, count(m.id)::int as count from contacts k left join conversations c on c.contact_id = k.id
           left join messages m on m.conversation_id = c.id where k.external_id like $1 group by 1`,
        [`%${phone}%`],
      )
    ).map((row) => [row.external_id, row.count]),
  );

test('a phone number that somebody else got doesn’t join them to its owner before', async () => {
  await says({ externalId: phone });
  await says({ externalId: ann(), aliases: [phone] });
  expect(await people()).toEqual({ [ann()]: 2 });
  await says({ externalId: bob(), aliases: [phone] });
  await echoTo({ externalId: bob(), aliases: [phone] });
  await says({ externalId: ann() });
  expect(await people()).toEqual({ [ann()]: 3, [bob()]: 2 });
  // Who has only the number to show is whoever was seen with it last.
  await says({ externalId: phone });
  expect(await people()).toEqual({ [ann()]: 3, [bob()]: 3 });
  await says({ externalId: ann(), aliases: [phone] });
  await says({ externalId: phone });
  expect(await people()).toEqual({ [ann()]: 5, [bob()]: 3 });
});

test('an echo alone doesn’t join them either', async () => {
  await says({ externalId: ann(), aliases: [phone] });
  await echoTo({ externalId: bob(), aliases: [phone] });
  expect(await people()).toEqual({ [ann()]: 1, [bob()]: 1 });
});

test('that ids have changed is the provider’s to say: the ids before lead to the contact', async () => {
  await says({ externalId: ann(), aliases: [phone] });
  const newId = `new-${ann()}`;
  await changed({ externalId: newId, aliases: [`new-${phone}`, phone] });
  await says({ externalId: newId });
  expect(await people()).toEqual({ [newId]: 2 });
});

test('other news of somebody don’t join them to the owner before of their number', async () => {
  await says({ externalId: ann(), aliases: [phone] });
  await changed({ externalId: bob(), aliases: [phone], phone: `+${phone}` });
  await says({ externalId: bob(), aliases: [phone] });
  expect(await people()).toEqual({ [ann()]: 1, [bob()]: 1 });
});

test('the id before counts more than the number that somebody else had', async () => {
  await says({ externalId: `second-${phone}` });
  await says({ externalId: ann(), aliases: [phone] });
  const newId = `new-${ann()}`;
  // Moved to a number that another contact is still known by.
  await changed({ externalId: newId, aliases: [`second-${phone}`, ann(), phone] });
  await says({ externalId: newId });
  expect(await people()).toEqual({ [newId]: 2, [`second-${phone}`]: 1 });
});

test('“came back” of somebody who hadn’t left says nothing', async () => {
  const lines = async () =>
    (
      await stack.query<{ kind: string }>(
        `select a.kind from conversation_activities a join conversations c on c.id = a.conversation_id
           join contacts k on k.id = c.contact_id where k.external_id = $1 order by a.id`,
        [phone],
      )
    ).map(({ kind }) => kind);
  const conversation = () =>
    stack.query(
      `select c.id, c.status, c.updated_at from conversations c join contacts k on k.id = c.contact_id where k.external_id = $1`,
      [phone],
    );
  await says({ externalId: phone });
  await stack.query(
    `update conversations set status = 'resolved', resolved_at = now() where contact_id in (select id from contacts where external_id = $1)`,
    [phone],
  );
  const before = await conversation();
  const eventId = await changed({ externalId: phone }, 'unblocked');
  expect([await conversation(), await lines()]).toEqual([before, []]);
  const [event] = await stack.query<{ done: boolean }>(
    'select done_at is not null and ingested_at is not null as done from inbound_events where id = $1',
    [eventId],
  );
  expect(event?.done).toBe(true);
  await changed({ externalId: phone }, 'blocked');
  await changed({ externalId: phone }, 'unblocked');
  await changed({ externalId: phone }, 'unblocked');
  expect(await lines()).toEqual(['reopened', 'contact_blocked', 'contact_unblocked']);
});

test('one that comes in front of a message is passed, and the message is driven', async () => {
  await says({ externalId: phone });
  const back = await channel.provide({
    kind: 'contact',
    threadKey: '',
    contact: { externalId: phone },
    change: 'unblocked',
  });
  await says({ externalId: phone });
  expect(await hand.driveEvent(back.eventId)).toEqual({ kind: 'done', followUp: false });
  expect(await people()).toEqual({ [phone]: 2 });
});

test('somebody new who follows us is met', async () => {
  await changed({ externalId: phone }, 'unblocked');
  expect(await people()).toEqual({ [phone]: 0 });
});
