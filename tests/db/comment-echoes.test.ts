/** Echoes of our own answers to comments: the provider names the comment, not its writer. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ChannelError } from '#channels/contract.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { uuidV7 } from '#domain/ids.ts';
import { byHand, type ByHand } from '../support/by-hand.ts';
import { fakeChannel, providerId, type FakeChannel } from '../support/fake-channel.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let hand: ByHand;
let channel: FakeChannel;
let post: string;
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
  post = uuidV7();
});
afterAll(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
  await stack?.close({ skipInvariants: true });
});

const ann = () => `ann-${post}`;
const comment = (id: string, contact: string, more: object = {}) =>
  channel.provide({
    kind: 'message',
    threadKey: post,
    contact: { externalId: contact },
    parts: [{ kind: 'comment', text: 'How much?', commentId: id, postId: post }],
    providerMessageId: id,
    replyAddress: { commentId: id },
    ...more,
  });
const echo = (answers: string, text: string, providerMessageId: string, more: object = {}) =>
  channel.provide({
    kind: 'echo',
    threadKey: post,
    contact: { externalId: `unnamed:${answers}` },
    parts: [{ kind: 'comment', text, commentId: providerMessageId, postId: post }],
    providerMessageId,
    inReplyTo: answers,
    replyAddress: { commentId: answers },
    ...more,
  });
/** Each contact of the post with what its conversation says. */
const threads = async () => {
  const rows = await stack.query<{ external_id: string; said: string[] }>(
    `select k.external_id, array_agg(m.direction || ' ' || m.text order by m.seq) as said from messages m
       join conversations c on c.id = m.conversation_id join contacts k on k.id = c.contact_id
      where c.thread_key = $1 group by 1`,
    [post],
  );
  return Object.fromEntries(rows.map((row) => [row.external_id, row.said]));
};
const greet = (): FlowDefinition => ({
  schemaVersion: 1,
  triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
  entry: 'say',
  steps: { say: { kind: 'send', params: { text: 'Ten' }, exits: { next: null, failed: null } } },
});

test('what a person answers in the provider’s own app stands in the commenter’s conversation', async () => {
  const first = `c1-${post}`;
  await hand.driveEvent((await comment(first, ann())).eventId);
  await hand.driveEvent((await echo(first, 'Ten', `r1-${post}`)).eventId);
  // An answer to that answer, and one to a later comment of another person.
  await hand.driveEvent((await echo(`r1-${post}`, 'Euros', `r2-${post}`)).eventId);
  await hand.driveEvent((await comment(`c2-${post}`, `bob-${post}`, { inReplyTo: first })).eventId);
  await hand.driveEvent((await echo(`c2-${post}`, 'To Bob', `r3-${post}`)).eventId);
  expect(await threads()).toEqual({
    [ann()]: ['in How much?', 'out Ten', 'out Euros'],
    [`bob-${post}`]: ['in How much?', 'out To Bob'],
  });
  const [contact] = await stack.query<{ external_id: string; aliases: unknown; owner: string }>(
    `select k.external_id, k.aliases, c.owner from contacts k join conversations c on c.contact_id = k.id where k.external_id = $1`,
    [ann()],
  );
  expect(contact).toEqual({ external_id: ann(), aliases: null, owner: 'human' });
});

test('an echo before the send’s answer waits for it', async () => {
  await stack.publish(greet());
  const id = `c1-${post}`;
  let early = '';
  channel.answer = async (message) => {
    const accepted = await echo(id, 'Ten', providerId(message));
    early = accepted.eventId;
    expect([accepted.starts, await hand.driveEvent(early)]).toEqual([false, { kind: 'wait' }]);
    return { providerMessageId: providerId(message) };
  };
  await hand.driveEvent((await comment(id, ann())).eventId);
  expect(await hand.driveEvent(early)).toEqual({ kind: 'done', followUp: false });
  expect(await threads()).toEqual({ [ann()]: ['in How much?', 'out Ten'] });
});

test('also where the provider hangs it below another person’s comment', async () => {
  const first = `c1-${post}`;
  await hand.driveEvent((await comment(first, ann())).eventId);
  await stack.publish(greet());
  let early = '';
  channel.answer = async (message) => {
    early = (await echo(first, 'Ten', providerId(message))).eventId;
    expect(await hand.driveEvent(early)).toEqual({ kind: 'wait' });
    return { providerMessageId: providerId(message) };
  };
  await hand.driveEvent((await comment(`c2-${post}`, `bob-${post}`, { inReplyTo: first })).eventId);
  await hand.driveEvent(early);
  expect(await threads()).toEqual({
    [ann()]: ['in How much?'],
    [`bob-${post}`]: ['in How much?', 'out Ten'],
  });
});

test('an echo of a send without an answer settles it', async () => {
  await stack.publish(greet());
  channel.answer = () => Promise.reject(new ChannelError('no_answer', 'Nothing came back.'));
  await hand.driveEvent((await comment(`c1-${post}`, ann())).eventId);
  await hand.driveEvent((await echo(`c1-${post}`, 'Ten', `late-${post}`)).eventId);
  expect(await threads()).toEqual({ [ann()]: ['in How much?', 'out Ten'] });
});

test('an echo behind its comment, in one delivery, waits until that is stored', async () => {
  const { eventId } = await comment(`c1-${post}`, ann());
  const answer = await echo(`c1-${post}`, 'Ten', `r1-${post}`);
  expect(await hand.driveEvent(answer.eventId)).toEqual({ kind: 'wait' });
  await hand.driveEvent(eventId);
  await hand.driveEvent(answer.eventId);
  expect(await threads()).toEqual({ [ann()]: ['in How much?', 'out Ten'] });
});

test('an answer to a comment from before us opens a conversation of its own', async () => {
  await hand.driveEvent((await echo('older', 'Ten', `r1-${post}`)).eventId);
  expect(await threads()).toEqual({ 'unnamed:older': ['out Ten'] });
});

test('a resolved conversation is opened again by the echo, and a quote in another thread leads nowhere', async () => {
  const id = `c1-${post}`;
  await hand.driveEvent((await comment(id, ann())).eventId);
  await stack.query(
    `update conversations set status = 'resolved', resolved_at = now() where thread_key = $1`,
    [post],
  );
  await hand.driveEvent((await echo(id, 'Ten', `r1-${post}`)).eventId);
  await hand.driveEvent(
    (await echo(id, 'Privately', `dm-${post}`, { threadKey: '', contact: { externalId: ann() } })).eventId,
  );
  expect(await threads()).toEqual({ [ann()]: ['in How much?', 'out Ten'] });
  const open = await stack.query('select 1 from conversations where thread_key = $1 and status = $2', [
    post,
    'open',
  ]);
  expect(open).toHaveLength(1);
});
