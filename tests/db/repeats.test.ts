/** What a send is handed of the message it answers, and how long an unanswered one may be repeated with its key. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sendOutbound } from '#activities/outbound.ts';
import { ChannelError } from '#channels/contract.ts';
import { inWorkspace } from '#db/client.ts';
import { replanMessage } from '#db/run-actions.ts';
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
  channel.adapter.keyLifeHours = 24;
  channel.adapter.resend = () => 'unsafe';
  from = uuidV7();
});
afterAll(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
  await stack?.close({ skipInvariants: true });
});

const unheard = (repeatable: boolean) => () =>
  Promise.reject(new ChannelError('no_answer', 'Nothing came back.', { repeatable }));
const slow = () => Promise.reject(new ChannelError('retry_after', 'Slow down.'));
async function greeted(): Promise<string> {
  await hand.driveEvent(await hand.accept(from, 'hi'));
  return (await hand.conversation(from)).id;
}
interface Row extends Record<string, unknown> {
  id: string;
  state: string;
  status: string;
  attempts: number;
  error: { kind: string } | null;
}
const rows = () =>
  stack.query<Row>(
    `select m.id, o.state, m.status, o.attempts, o.error from outbox o join messages m on m.id = o.message_id
       join conversations c on c.id = o.conversation_id join contacts k on k.id = c.contact_id where k.external_id = $1 order by m.seq`,
    [from],
  );
/** As if everything had happened so much earlier. */
const passes = (hours: number) =>
  stack.query(
    `update outbox o set created_at = o.created_at - make_interval(hours => $2), claimed_at = claimed_at - make_interval(hours => $2),
            claim_expires_at = claim_expires_at - make_interval(hours => $2), in_doubt_since = in_doubt_since - make_interval(hours => $2),
            not_before = now() - interval '1 second', give_up_at = give_up_at - make_interval(hours => $2)
       from conversations c join contacts k on k.id = c.contact_id where c.id = o.conversation_id and k.external_id = $1
        and o.state in ('planned', 'sending')`,
    [from, hours],
  );
const send = (messageId: string) =>
  sendOutbound(stack.runtime.activityDeps, messageId, { mode: 'local', budgetMs: 5_000 });

test('an agent’s quote brings the provider’s handles of what it quotes, with its first part only', async () => {
  const { eventId } = await channel.provide({
    kind: 'message',
    threadKey: '',
    contact: { externalId: from },
    parts: [{ kind: 'text', text: 'quote me' }],
    providerMessageId: `quoted-${from}`,
    reference: { quoteToken: 'q1' },
    replyAddress: {},
  });
  await hand.driveEvent(eventId);
  const [quoted] = await stack.query<{ id: string; conversation_id: string }>(
    'select id, conversation_id from messages where event_id = $1',
    [eventId],
  );
  const { id, conversation_id: conversationId } = quoted ?? { id: '', conversation_id: '' };
  await channel.reply(conversationId, 'as you said', { inReplyToId: id });
  await channel.reply(conversationId, 'and more');
  expect(channel.sent.map(({ message }) => [message.inReplyTo, message.inReplyToReference])).toEqual([
    [`quoted-${from}`, { quoteToken: 'q1' }],
    [undefined, undefined],
  ]);
});

test('a person’s message without an answer is repeated while the provider remembers its key, and not after', async () => {
  const id = await greeted();
  channel.answer = unheard(true);
  const first = await channel.reply(id, 'one');
  await passes(20);
  await send(first);
  expect(await rows()).toMatchObject([{ state: 'planned', attempts: 2, error: { kind: 'no_answer' } }]);
  // The last try was a moment ago; what counts is the first that may have arrived.
  await passes(5);
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  await send(first);
  expect(channel.sent).toHaveLength(2);
  expect(await rows()).toMatchObject([{ state: 'unknown', status: 'unknown', error: { kind: 'no_answer' } }]);
  // What stands behind it leaves; and it itself, where a person takes the risk.
  await channel.reply(id, 'two');
  expect((await rows()).map(({ state }) => state)).toEqual(['unknown', 'sent']);
  await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
    replanMessage(tx, stack.workspaceId, first, true),
  );
  await send(first);
  expect((await rows()).map(({ state }) => state)).toEqual(['sent', 'sent']);
});

test('one that was only refused is in no doubt: it leaves however late', async () => {
  const id = await greeted();
  channel.answer = slow;
  const first = await channel.reply(id, 'one');
  await passes(60);
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  await send(first);
  expect(await rows()).toMatchObject([{ state: 'sent', attempts: 2 }]);
});

test('given up with a try that may have arrived, it is unknown, not failed', async () => {
  const id = await greeted();
  channel.answer = unheard(true);
  const first = await channel.reply(id, 'one');
  channel.answer = slow;
  delete channel.adapter.keyLifeHours;
  await passes(30);
  await send(first);
  expect(await rows()).toMatchObject([{ state: 'unknown', status: 'unknown', attempts: 2 }]);
});

test('a claim that was lost, of a channel that repeats: within the key’s life, and not after', async () => {
  channel.adapter.resend = () => 'safe';
  const id = await greeted();
  channel.answer = unheard(true);
  const first = await channel.reply(id, 'one');
  const lose = () =>
    stack.query(
      `update outbox set state = 'sending', claim = gen_random_uuid(), claimed_at = now(), claim_expires_at = now(), in_doubt_since = null
        where message_id = $1`,
      [first],
    );
  await lose();
  await passes(1);
  await send(first);
  expect(channel.sent).toHaveLength(2);
  // The try before was in doubt as well, whatever came of this one.
  await passes(23);
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  await send(first);
  expect(channel.sent).toHaveLength(2);
  expect(await rows()).toMatchObject([{ state: 'unknown' }]);
});

test.each([
  [20, 'sent', 2],
  [25, 'unknown', 1],
])('a bot’s message, looked at again after %i hours: %s', async (hours, state, calls) => {
  await stack.publish(askFlow());
  channel.answer = unheard(true);
  const eventId = await hand.accept(from, 'hi');
  await hand.driveEvent(eventId);
  await passes(hours);
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  await hand.driveEvent(eventId);
  expect([(await rows())[0]?.state, channel.sent.length]).toEqual([state, calls]);
});

test('a bot’s lost claim of a channel that repeats, after the key’s life: unknown', async () => {
  channel.adapter.resend = () => 'safe';
  await stack.publish(askFlow());
  channel.answer = slow;
  const eventId = await hand.accept(from, 'hi');
  await hand.driveEvent(eventId);
  await stack.query(
    `update outbox set state = 'sending', claim = gen_random_uuid(), claimed_at = now(), claim_expires_at = now()
      where conversation_id = $1`,
    [(await hand.conversation(from)).id],
  );
  await passes(25);
  await hand.driveEvent(eventId);
  expect([(await rows())[0]?.state, channel.sent.length]).toEqual(['unknown', 1]);
});
