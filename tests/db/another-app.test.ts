/** Messages of a thread that another app at the provider owns: shown to people, nobody's trigger and nobody's answer. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { byHand, type ByHand } from '../support/by-hand.ts';
import { fakeChannel, providerId, type FakeChannel } from '../support/fake-channel.ts';
import { askFlow } from '../support/flows.ts';
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
beforeEach(async () => {
  await stack.query('update flows set deleted_at = now()');
  channel.sent.length = 0;
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  from = uuidV7();
});
afterAll(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
  await stack?.close({ skipInvariants: true });
});

async function hears(text: string, more: object = { automation: 'off' }): Promise<string> {
  const { eventId } = await channel.provide({
    kind: 'message',
    threadKey: '',
    contact: { externalId: from },
    parts: [{ kind: 'text', text }],
    providerMessageId: uuidV7(),
    replyAddress: {},
    ...more,
  });
  return eventId;
}
const routed = async () =>
  (
    await stack.query<{ kind: string; reason: string | null }>(
      `select m.routing ->> 'kind' as kind, m.routing ->> 'reason' as reason from messages m
        where m.conversation_id = $1 and m.direction = 'in' order by m.seq`,
      [(await hand.conversation(from)).id],
    )
  ).map(({ kind, reason }) => (kind === 'other_app' ? reason : kind));
const another = 'Another app answers here.';

test('no trigger takes it, and the thread begins for flows with the first message that is ours', async () => {
  await stack.publish(askFlow());
  expect(await hand.driveEvent(await hears('hi'))).toEqual({ kind: 'done', followUp: false });
  expect([channel.sent.length, await routed()]).toEqual([0, [another]]);
  await hand.driveEvent(await hears('hi again', {}));
  expect([channel.sent.length, await routed()]).toEqual([1, [another, 'flow']]);
});

test('a waiting run doesn’t take it for its answer, also between two that are', async () => {
  await stack.publish(askFlow());
  await hand.driveEvent(await hears('hi', {}));
  await hand.driveEvent(await hears('7'));
  expect(channel.sent).toHaveLength(1);
  const run = await hand.openRun(from);
  const later = [await hears('8'), await hears('nine', {}), await hears('10'), await hears('11', {})];
  for (const eventId of later.toReversed()) await hand.driveEvent(eventId);
  expect(channel.sent.map(({ message }) => message.parts)).toMatchObject([
    [{ text: 'How many?' }],
    [{ text: expect.stringContaining('') }],
    [{ text: 'Got 11' }],
  ]);
  expect(await routed()).toEqual(['flow', another, another, 'run', another, 'run']);
  const [row] = await stack.query<{ status: string }>('select status from runs where id = $1', [run]);
  expect(row?.status).toBe('completed');
});

test('a person’s conversation says the same of it', async () => {
  await hand.driveEvent(await hears('hi', {}));
  await channel.reply((await hand.conversation(from)).id, 'A person');
  await hand.driveEvent(await hears('thanks'));
  await hand.driveEvent(await hears('more', {}));
  expect(await routed()).toEqual(['none', another, 'person']);
});

test('what an adapter may say is “off” and nothing else', async () => {
  await stack.publish(askFlow());
  await hand.driveEvent(await hears('hi', { automation: 'maybe' }));
  expect(channel.sent).toHaveLength(1);
});
