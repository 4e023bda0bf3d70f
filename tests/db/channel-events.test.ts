/** What providers tell beside messages, and what a send is told: watermarks, accounts, other ids, reactions, private replies. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { followUp } from '#activities/media.ts';
import { ChannelError } from '#channels/contract.ts';
import type { Capabilities } from '#domain/channel.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
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
const capabilities: Partial<Capabilities> = {
  privateReply: true,
  window: { kind: 'hours', hours: 24, most: 2 },
};
beforeAll(async () => {
  stack = await startStack({ queues: [], sweepEveryMs: 0 });
  await stack.runtime.dispatcher.stop();
  hand = byHand(stack);
  channel = fakeChannel(stack, capabilities);
});
beforeEach(async () => {
  await stack.query('update flows set deleted_at = now()');
  channel.sent.length = 0;
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  delete channel.adapter.fetchContact;
  from = uuidV7();
});
afterAll(async () => {
  await checkInvariants(stack.runtime.activityDeps.pool);
  await stack?.close({ skipInvariants: true });
});

const statuses = async () =>
  (
    await stack.query<{ status: string }>(
      `select m.status from messages m join conversations c on c.id = m.conversation_id join contacts k on k.id = c.contact_id
        where k.external_id = $1 and m.direction = 'out' order by m.seq`,
      [from],
    )
  ).map(({ status }) => status);
const watermark = (status: string, untilMs: number) =>
  channel.provide({ kind: 'watermark', threadKey: '', contact: { externalId: from }, status, untilMs });
async function greeted(): Promise<string> {
  await hand.driveEvent(await hand.accept(from, 'hi'));
  return (await hand.conversation(from)).id;
}

test('a watermark: what was called before it, whenever it was answered; never back', async () => {
  const id = await greeted();
  await channel.reply(id, 'one');
  channel.answer = async (message) => {
    // Arrives before the answer, speaks of a moment after the call.
    await watermark('delivered', Date.now() + 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    return { providerMessageId: providerId(message) };
  };
  await channel.reply(id, 'two');
  expect(await statuses()).toEqual(['delivered', 'delivered']);
  channel.answer = async (message) => ({ providerMessageId: providerId(message) });
  await new Promise((resolve) => setTimeout(resolve, 30));
  const beforeThree = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 30));
  await channel.reply(id, 'three');
  expect(await statuses()).toEqual(['delivered', 'delivered', 'sent']);
  await watermark('read', beforeThree);
  expect(await statuses()).toEqual(['read', 'read', 'sent']);
  await watermark('read', beforeThree - 60_000);
  await watermark('delivered', Date.now() + 1);
  expect(await statuses()).toEqual(['read', 'read', 'delivered']);
});

test('a bot’s message that was called before a watermark and answered after it counts', async () => {
  await stack.publish(askFlow());
  channel.answer = async (message) => {
    await watermark('read', Date.now() + 1);
    return { providerMessageId: providerId(message) };
  };
  await hand.driveEvent(await hand.accept(from, 'hi'));
  expect(await statuses()).toEqual(['read']);
});

test('a watermark of nobody, or of no time, changes nothing', async () => {
  await watermark('read', Date.now());
  await greeted();
  await watermark('read', 1e300);
  await watermark('read', -5);
});

test('what a send is told: who speaks, since when the contact is silent, what has left since, which try it is', async () => {
  await stack.publish(askFlow());
  let tries = 0;
  channel.answer = async (message) => {
    if (++tries === 1) throw new ChannelError('not_sent', 'Refused.');
    return { providerMessageId: providerId(message) };
  };
  const eventId = await hand.accept(from, 'hi');
  const before = Date.now();
  await hand.driveEvent(eventId);
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  await hand.driveEvent(eventId);
  const { id } = await hand.conversation(from);
  await channel.reply(id, 'A person');
  await channel.reply(id, 'again');
  expect(
    channel.sent.map(({ message }) => [message.author, message.attempt, message.sentSinceLastIn]),
  ).toEqual([
    ['bot', 1, 0],
    ['bot', 2, 0],
    ['agent', 1, 1],
    ['agent', 1, 2],
  ]);
  for (const { message } of channel.sent)
    expect(Math.abs((message.lastInAtMs ?? 0) - before)).toBeLessThan(500);
});

test('a contact known by another id goes on as itself, under the new one', async () => {
  const id = await greeted();
  const phone = from;
  from = `business-scoped-${phone}`;
  const say = (contact: object, text: string) =>
    channel.provide({
      kind: 'message',
      threadKey: '',
      contact,
      parts: [{ kind: 'text', text }],
      providerMessageId: uuidV7(),
      replyAddress: {},
    });
  for (const contact of [
    { externalId: from, aliases: [phone, `${phone}-other`] },
    { externalId: from, aliases: [phone] },
    // Later events may still name only the old id.
    { externalId: phone },
    { externalId: `${phone}-other` },
  ])
    await hand.driveEvent((await say(contact, 'again')).eventId);
  expect((await hand.conversation(from)).id).toBe(id);
  const contacts = await stack.query('select external_id from contacts where external_id like $1', [
    `%${phone}%`,
  ]);
  expect(contacts).toEqual([{ external_id: from }]);
  const messages = await stack.query('select id from messages where conversation_id = $1', [id]);
  expect(messages).toHaveLength(5);
});

test('where both ids have a contact, the one with the id wins and the other stays', async () => {
  const first = await greeted();
  const phone = from;
  from = `both-${phone}`;
  const second = await greeted();
  await hand.driveEvent(
    (
      await channel.provide({
        kind: 'message',
        threadKey: '',
        contact: { externalId: from, aliases: [phone] },
        parts: [{ kind: 'text', text: 'x' }],
        providerMessageId: uuidV7(),
        replyAddress: {},
      })
    ).eventId,
  );
  const counts = await stack.query<{ last_seq: number }>(
    'select last_seq from conversations where id = any($1) order by created_at',
    [[first, second]],
  );
  expect(counts.map((row) => row.last_seq)).toEqual([1, 2]);
});

test('an account’s change describes the inbox and stops nothing', async () => {
  const inbox = async () =>
    (
      await stack.query<Record<string, unknown>>(
        'select state, can_send, inbound_health, outbound_health, account_facts from inboxes where id = $1',
        [stack.inboxId],
      )
    )[0];
  await stack.query("update inboxes set state = 'active', last_in_at = now(), last_out_at = now()");
  const failing = {
    kind: 'account',
    change: 'restricted',
    outbound: { state: 'failing', reason: 'Restricted.' },
  };
  await channel.provide({ ...failing, facts: { until: '2026-12-01' } });
  const first = await inbox();
  expect(first).toMatchObject({
    state: 'needs_attention',
    can_send: true,
    outbound_health: { state: 'failing', reason: 'Restricted.' },
    account_facts: { restricted: { facts: { until: '2026-12-01' } } },
  });
  await channel.provide({
    kind: 'account',
    change: 'quality',
    inbound: { state: 'degraded' },
    facts: { rating: 'RED' },
  });
  await channel.provide({ ...failing, facts: { until: '2026-12-02' } });
  expect(await inbox()).toMatchObject({
    state: 'needs_attention',
    inbound_health: { state: 'degraded' },
    // Since when doesn't move while the state stays.
    outbound_health: first?.['outbound_health'],
    account_facts: { restricted: { facts: { until: '2026-12-02' } }, quality: { facts: { rating: 'RED' } } },
  });
  await channel.provide({
    kind: 'account',
    change: 'restored',
    inbound: { state: 'ok' },
    outbound: { state: 'ok' },
    facts: {},
  });
  expect(await inbox()).toMatchObject({ state: 'active' });
  const told = await stack.query("select 1 from ui_events where name = 'inbox.updated'");
  expect(told.length).toBeGreaterThanOrEqual(4);
});

test('a reaction shows on its message; a later one replaces it, an empty one takes it back', async () => {
  const id = await greeted();
  const messageId = await channel.reply(id, 'Good?');
  const react = async (emoji: string) => {
    const event = { kind: 'reaction', threadKey: '', contact: { externalId: from, name: 'Ada' }, emoji };
    const { eventId } = await channel.provide({ ...event, providerMessageId: `provider-${messageId}` });
    await hand.driveEvent(eventId);
    const [row] = await stack.query<{ reactions: unknown }>('select reactions from messages where id = $1', [
      messageId,
    ]);
    return row?.reactions;
  };
  expect(await react('👍')).toMatchObject([{ emoji: '👍', by: 'Ada' }]);
  expect(await react('❤️')).toMatchObject([{ emoji: '❤️', by: 'Ada' }]);
  expect(await react('')).toBeNull();
  const lines = await stack.query(
    "select 1 from conversation_activities where conversation_id = $1 and kind = 'reaction'",
    [id],
  );
  expect(lines).toHaveLength(3);
});

const privately = (more: object = {}): FlowDefinition => ({
  schemaVersion: 1,
  triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
  entry: 'answer',
  steps: {
    answer: {
      kind: 'send',
      params: { text: 'By direct message', as: 'private_reply' },
      exits: { next: 'again', failed: 'public' },
    },
    again: {
      kind: 'send',
      params: { text: 'Twice', as: 'private_reply' },
      exits: { next: null, failed: 'public' },
    },
    public: {
      kind: 'send',
      params: { text: 'In public {{conversation.windowOpen}}', ...more },
      exits: { next: null, failed: null },
    },
  },
});
const comment = () =>
  channel.provide({
    kind: 'message',
    threadKey: 'post-1',
    contact: { externalId: from },
    parts: [{ kind: 'comment', text: 'How much?', commentId: 'c', postId: 'post-1' }],
    providerMessageId: `comment-${from}`,
    reference: { token: 'of-the-comment' },
    replyAddress: {},
  });

test('a flow answers a comment privately: once, and hears that a second time can’t be', async () => {
  await stack.publish(privately());
  const { eventId } = await comment();
  await hand.driveEvent(eventId);
  expect(channel.sent.map(({ message }) => [message.as, message.inReplyTo, message.parts])).toEqual([
    ['private_reply', `comment-${from}`, [{ kind: 'text', text: 'By direct message' }]],
    [undefined, undefined, [{ kind: 'text', text: 'In public true' }]],
  ]);
  expect(channel.sent[0]?.message.inReplyToReference).toEqual({ token: 'of-the-comment' });
  const rows = await stack.query(
    `select sent_as, status, error ->> 'kind' as error from messages where direction = 'out' and conversation_id =
       (select conversation_id from inbound_events where id = $1) order by seq`,
    [eventId],
  );
  expect(rows).toEqual([
    { sent_as: 'private_reply', status: 'sent', error: null },
    { sent_as: 'private_reply', status: 'failed', error: 'permanent' },
    { sent_as: null, status: 'sent', error: null },
  ]);
});

test('a private answer that was refused for now is tried again as one', async () => {
  await stack.publish(privately());
  channel.answer = async (message) => {
    if (channel.sent.length === 1) throw new ChannelError('retry_after', 'Slow down.');
    return { providerMessageId: providerId(message) };
  };
  const { eventId } = await comment();
  await hand.driveEvent(eventId);
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  await hand.driveEvent(eventId);
  expect(channel.sent.slice(0, 2).map(({ message }) => [message.as, message.attempt])).toEqual([
    ['private_reply', 1],
    ['private_reply', 2],
  ]);
});

test('where there is no comment, the step leaves by `failed`', async () => {
  await stack.publish(privately());
  await hand.driveEvent(await hand.accept(from, 'no comment'));
  expect(channel.sent.map(({ message }) => message.as)).toEqual([undefined]);
});

test('conversation.windowOpen falls when the channel’s messages are used up', async () => {
  const say = (id: string, text: string, next: string | null) => ({
    [id]: { kind: 'send' as const, params: { text }, exits: { next, failed: null } },
  });
  await stack.publish({
    ...privately(),
    entry: 'a',
    steps: {
      ...say('a', 'one {{conversation.windowOpen}}', 'b'),
      ...say('b', 'two {{conversation.windowOpen}}', 'c'),
      ...say('c', 'three {{conversation.windowOpen}}', null),
    },
  });
  await hand.driveEvent(await hand.accept(from, 'hi'));
  expect(channel.sent.map(({ message }) => message.parts)).toMatchObject([
    [{ text: 'one true' }],
    [{ text: 'two true' }],
    [{ text: 'three false' }],
  ]);
});

test('a contact without a name is asked for once; what the messages told stays', async () => {
  const asked: string[] = [];
  channel.adapter.fetchContact = async (_, externalId) => {
    asked.push(externalId);
    return { name: 'Ada', avatarUrl: 'https://cdn.example/ada.png' };
  };
  const drive = async () => {
    const eventId = await hand.accept(from, 'hi');
    const report = await hand.driveEvent(eventId);
    if (report.kind === 'done' && report.followUp) await followUp(stack.runtime.activityDeps, eventId, 1);
    return report;
  };
  expect(await drive()).toEqual({ kind: 'done', followUp: true });
  expect(await drive()).toEqual({ kind: 'done', followUp: false });
  const contact = () => stack.query('select name, avatar_url from contacts where external_id = $1', [from]);
  expect(await contact()).toEqual([{ name: 'Ada', avatar_url: 'https://cdn.example/ada.png' }]);
  from = uuidV7();
  channel.adapter.fetchContact = async () => {
    asked.push('refused');
    throw new ChannelError('permanent', 'No.');
  };
  expect([await drive(), await drive()]).toEqual([
    { kind: 'done', followUp: true },
    { kind: 'done', followUp: false },
  ]);
  expect([asked.length, await contact()]).toEqual([2, [{ name: null, avatar_url: null }]]);
});

test('a channel that can’t tell more of a contact is given no follow-up', async () => {
  expect(await hand.driveEvent(await hand.accept(from, 'hi'))).toEqual({ kind: 'done', followUp: false });
});
