/** Reactions that are here before the message they are on. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sweep } from '#db/sweep.ts';
import { uuidV7 } from '#domain/ids.ts';
import { byHand, type ByHand } from '../support/by-hand.ts';
import { fakeChannel, providerId, type FakeChannel } from '../support/fake-channel.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let hand: ByHand;
let channel: FakeChannel;
let from: string;
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  await stack.runtime.dispatcher.stop();
  hand = byHand(stack);
  channel = fakeChannel(stack);
});
beforeEach(() => {
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  from = uuidV7();
});
afterAll(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
  await stack?.close({ skipInvariants: true });
});

async function react(providerMessageId: string, emoji: string): Promise<void> {
  const { eventId } = await channel.provide({
    kind: 'reaction',
    threadKey: '',
    contact: { externalId: from, name: 'Ada' },
    providerMessageId,
    emoji,
  });
  await hand.driveEvent(eventId);
}
const shown = async (providerMessageId: string) =>
  (
    await stack.query<{ reactions: { emoji: string }[] | null }>(
      'select reactions from messages where inbox_id = $1 and provider_message_id = $2',
      [stack.inboxId, providerMessageId],
    )
  )[0]?.reactions?.map(({ emoji }) => emoji);
const lines = async () =>
  (
    await stack.query(
      "select 1 from conversation_activities where kind = 'reaction' and conversation_id = $1",
      [(await hand.conversation(from)).id],
    )
  ).length;
const open = () =>
  stack.query(
    `select 1 from inbound_events where kind = 'reaction' and target_provider_message_id is not null and applied_at is null`,
  );

test('on a message of ours whose answer is still to come: the last one shows with it', async () => {
  await hand.driveEvent(await hand.accept(from, 'hi'));
  let named = '';
  channel.answer = async (message) => {
    named = providerId(message);
    await react(named, '👍');
    await react(named, '❤️');
    return { providerMessageId: named };
  };
  await channel.reply((await hand.conversation(from)).id, 'Good?');
  expect([await shown(named), await lines(), await open()]).toEqual([['❤️'], 2, []]);
});

test('on a contact’s own message that is not stored yet; one taken back before leaves nothing', async () => {
  const [one, two] = [uuidV7(), uuidV7()];
  await react(one, '👍');
  await react(two, '👍');
  await react(two, '');
  for (const id of [one, two]) {
    const { eventId } = await channel.provide({
      kind: 'message',
      threadKey: '',
      contact: { externalId: from },
      parts: [{ kind: 'text', text: 'late' }],
      providerMessageId: id,
      replyAddress: {},
    });
    await hand.driveEvent(eventId);
  }
  expect([await shown(one), await shown(two), await open()]).toEqual([['👍'], undefined, []]);
});

test('of another inbox it stays where it is', async () => {
  const id = uuidV7();
  await react(id, '👍');
  await stack.query(
    'update inbound_events set inbox_id = gen_random_uuid() where target_provider_message_id = $1',
    [id],
  );
  await hand.driveEvent(
    (
      await channel.provide({
        kind: 'message',
        threadKey: '',
        contact: { externalId: from },
        parts: [{ kind: 'text', text: 'x' }],
        providerMessageId: id,
        replyAddress: {},
      })
    ).eventId,
  );
  expect(await shown(id)).toBeUndefined();
  await stack.query('delete from inbound_events where target_provider_message_id = $1', [id]);
});

test('one that crossed its message on the way is found by the sweeper, and never takes a later one’s place', async () => {
  const [one, two] = [uuidV7(), uuidV7()];
  await react(one, '👍');
  await react(two, '👍');
  await hand.driveEvent(await hand.accept(from, 'hi'));
  // As if both had committed without seeing each other.
  const names = (id: string) =>
    stack.query(
      `update messages set provider_message_id = $2 where id = (select id from messages where conversation_id = $1 and direction = 'in'
         order by seq desc limit 1)`,
      [hand1, id],
    );
  const hand1 = (await hand.conversation(from)).id;
  await names(one);
  await sweep(stack.runtime.activityDeps.pool);
  expect(await shown(one)).toEqual(['👍']);
  await names(two);
  await react(two, '❤️');
  await sweep(stack.runtime.activityDeps.pool);
  expect([await shown(two), await open()]).toEqual([['❤️'], []]);
});
