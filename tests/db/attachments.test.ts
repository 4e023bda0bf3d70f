import { afterAll, beforeAll, expect, test } from 'vitest';
import { followUp } from '#activities/media.ts';
import { ChannelError } from '#channels/contract.ts';
import type { SendFailureKind } from '#domain/channel.ts';
import { uuidV7 } from '#domain/ids.ts';
import { byHand, type ByHand } from '../support/by-hand.ts';
import { fakeChannel, type FakeChannel } from '../support/fake-channel.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let hand: ByHand;
let channel: FakeChannel;
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  await stack.runtime.dispatcher.stop();
  hand = byHand(stack);
  channel = fakeChannel(stack);
});
afterAll(() => stack?.close({ skipInvariants: true }));

/** A message with two files of which the provider refuses the first. */
async function twoFiles(refusal: SendFailureKind, retryAfterMs?: number) {
  channel.adapter.fetchMedia = async (_, source) => {
    if (source['name'] === 'refused')
      throw new ChannelError(refusal, 'Not now.', retryAfterMs === undefined ? {} : { retryAfterMs });
    return { bytes: new TextEncoder().encode('hello'), mimeType: 'text/plain' };
  };
  const { eventId } = await channel.provide({
    kind: 'message',
    threadKey: '',
    contact: { externalId: uuidV7() },
    parts: ['refused', 'there'].map((name) => ({ kind: 'file', source: { name }, mimeType: 'text/plain' })),
    providerMessageId: uuidV7(),
    replyAddress: {},
  });
  await hand.driveEvent(eventId);
  const states = () =>
    stack.query<{ name: string; state: string }>(
      `select source ->> 'name' as name, state from media
        where message_id = (select id from messages where event_id = $1) order by 1`,
      [eventId],
    );
  return {
    eventId,
    states,
    fetch: (attempt: number) => followUp(stack.runtime.activityDeps, eventId, attempt),
  };
}
const refused = (state: string) => [
  { name: 'refused', state },
  { name: 'there', state: 'stored' },
];

test.each(['retry_after', 'no_answer', 'not_sent', 'reauthorize'] as const)(
  '%s: a file is asked for again for a day, and keeps no other waiting',
  async (kind) => {
    const { states, fetch } = await twoFiles(kind);
    await expect(fetch(1)).rejects.toMatchObject({ type: 'media_not_fetched', nextRetryDelay: undefined });
    expect(await states()).toEqual(refused('pending'));
    await expect(fetch(6)).rejects.toMatchObject({ nextRetryDelay: 300_000 });
    await expect(fetch(293)).rejects.toThrow('Not now.');
    await fetch(294);
    expect(await states()).toEqual(refused('failed'));
  },
);

test('the provider’s own pause is kept', async () => {
  const { fetch } = await twoFiles('retry_after', 10_000);
  await expect(fetch(8)).rejects.toMatchObject({ nextRetryDelay: 10_000 });
});

test('what is refused for good is said at once', async () => {
  const { states, fetch } = await twoFiles('permanent');
  await fetch(1);
  expect(await states()).toEqual(refused('failed'));
});
