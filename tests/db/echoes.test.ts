/** What the provider tells of our own messages: statuses and echoes, in every order with the send's answer. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sendOutbound } from '#activities/outbound.ts';
import { ChannelError } from '#channels/contract.ts';
import { inWorkspace } from '#db/client.ts';
import { listRuns } from '#db/runs.ts';
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
  await stack?.close({ skipInvariants: true });
});

interface Row extends Record<string, unknown> {
  id: string;
  seq: number;
  status: string;
  text: string;
  author_kind: string;
  provider_message_id: string | null;
  error: { kind: string; message: string; providerCode?: string } | null;
  state: string | null;
}
const ours = () =>
  stack.query<Row>(
    `select m.*, o.state from messages m join conversations c on c.id = m.conversation_id join contacts k on k.id = c.contact_id
       left join outbox o on o.message_id = m.id where k.external_id = $1 and m.direction = 'out' order by m.seq`,
    [from],
  );
const owner = async () => {
  const [row] = await stack.query<{ owner: string; automation_epoch: number }>(
    'select owner, automation_epoch from conversations where id = $1',
    [(await hand.conversation(from)).id],
  );
  return row;
};
const echo = (text: string, providerMessageId: string, more: Record<string, unknown> = {}) => ({
  kind: 'echo',
  threadKey: '',
  contact: { externalId: from },
  parts: [{ kind: 'text', text }],
  providerMessageId,
  replyAddress: {},
  ...more,
});

/** A bot's question on its way: what happens meanwhile, then its answer. */
async function whileAsked(
  meanwhile: (sent: FakeChannel['sent'][number]) => Promise<unknown>,
  answer: FakeChannel['answer'] = channel.answer,
): Promise<string> {
  await stack.publish(askFlow());
  channel.answer = async (message, options) => {
    await meanwhile({ message, key: options.key });
    return answer(message, options);
  };
  const eventId = await hand.accept(from, 'hi');
  await hand.driveEvent(eventId);
  return eventId;
}
const noAnswer = () => Promise.reject(new ChannelError('no_answer', 'Nothing came back.'));
const busy = () => Promise.reject(new ChannelError('retry_after', 'Slow down.'));

test.each([
  ['the answer', undefined],
  ['no answer', noAnswer],
  ['a refusal that came too late', busy],
])('a status with our key before %s: sent, delivered, never again', async (_, answer) => {
  await whileAsked(
    ({ message, key }) =>
      channel.provide({ kind: 'status', providerMessageId: providerId(message), status: 'delivered', key }),
    answer,
  );
  expect(await ours()).toMatchObject([{ status: 'delivered', state: 'sent' }]);
  expect((await ours())[0]?.provider_message_id).toBe(`provider-${(await ours())[0]?.id}`);
  const [run] = await stack.query<{ status: string }>('select status from runs where id = $1', [
    await hand.openRun(from),
  ]);
  expect([run?.status, channel.sent.length]).toEqual(['waiting', 1]);
});

test('a failure reported with our key before the answer stays, and the run hears of it', async () => {
  await whileAsked(({ message, key }) =>
    channel.provide({
      kind: 'status',
      providerMessageId: providerId(message),
      status: 'failed',
      key,
      error: { kind: 'contact_unreachable', message: 'Not on here.', providerCode: '131026' },
    }),
  );
  expect(await ours()).toMatchObject([
    { status: 'failed', state: 'failed', error: { message: 'Not on here.', providerCode: '131026' } },
  ]);
  await expect(hand.openRun(from)).rejects.toThrow('No open run.');
});

test('a failure reported after the answer only shows: the run has gone on; a later delivery counts again', async () => {
  await whileAsked(async () => undefined);
  const [message] = await ours();
  const status = (name: string, error?: object) =>
    channel.provide({ kind: 'status', providerMessageId: message?.provider_message_id, status: name, error });
  await status('failed', { kind: 'permanent', message: 'Policy.', providerCode: '7' });
  expect(await ours()).toMatchObject([
    { status: 'failed', state: 'sent', error: { kind: 'permanent', message: 'Policy.', providerCode: '7' } },
  ]);
  expect(await hand.openRun(from)).toBeTruthy();
  await status('delivered');
  await status('sent');
  expect(await ours()).toMatchObject([{ status: 'delivered', error: null }]);
});

test('statuses of an agent’s message before, during and after its answer', async () => {
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const { id } = await hand.conversation(from);
  channel.answer = async (message) => {
    await channel.provide({ kind: 'status', providerMessageId: providerId(message), status: 'delivered' });
    return { providerMessageId: providerId(message) };
  };
  await channel.reply(id, 'one');
  channel.answer = async (message, { key }) => {
    await channel.provide({ kind: 'status', providerMessageId: providerId(message), status: 'read', key });
    return noAnswer();
  };
  await channel.reply(id, 'two');
  expect(await ours()).toMatchObject([
    { text: 'one', status: 'delivered', state: 'sent' },
    { text: 'two', status: 'read', state: 'sent' },
  ]);
  await checkInvariants(stack.runtime.activityDeps.pool);
});

test('a key that is no id of ours, or of another inbox, finds nothing and breaks nothing', async () => {
  await channel.provide({ kind: 'status', providerMessageId: uuidV7(), status: 'read', key: 'x' });
  await channel.provide({ kind: 'status', providerMessageId: uuidV7(), status: 'read', key: uuidV7() });
});

test('an echo with our key, before the answer: evidence, not a second message', async () => {
  await whileAsked(
    ({ message, key }) => channel.provide(echo('How many?', providerId(message), { key })),
    noAnswer,
  );
  expect(await ours()).toMatchObject([{ status: 'sent', state: 'sent' }]);
  expect((await owner())?.owner).toBe('run');
  await checkInvariants(stack.runtime.activityDeps.pool);
});

test('an echo without a key, before the answer, waits for it', async () => {
  const started: boolean[] = [];
  await whileAsked(async ({ message }) => {
    const accepted = await channel.provide(echo('How many?', providerId(message)));
    started.push(accepted.starts);
    // Its workflow, looking too early, is told to look again.
    expect(await hand.driveEvent(accepted.eventId)).toEqual({ kind: 'wait' });
  });
  expect(started).toEqual([false]);
  expect(await ours()).toMatchObject([{ status: 'sent' }]);
  expect((await owner())?.owner).toBe('run');
  await checkInvariants(stack.runtime.activityDeps.pool);
});

test('an echo after the answer changes nothing', async () => {
  await whileAsked(async () => undefined);
  const [message] = await ours();
  const before = await owner();
  expect((await channel.provide(echo('How many?', message?.provider_message_id ?? ''))).starts).toBe(false);
  expect([await ours(), await owner()]).toEqual([[message], before]);
});

test('an echo of a send nobody answered is known by what it says', async () => {
  await whileAsked(async () => undefined, noAnswer);
  expect(await ours()).toMatchObject([{ status: 'unknown' }]);
  const { eventId, starts } = await channel.provide(echo('How many?', 'late-echo'));
  expect(starts).toBe(true);
  await hand.driveEvent(eventId);
  expect(await ours()).toMatchObject([{ status: 'sent', state: 'sent', provider_message_id: 'late-echo' }]);
  expect((await owner())?.owner).toBe('run');
});

test('somebody writes in the provider’s own app while the bot waits: an agent’s message, a person answers', async () => {
  await whileAsked(async () => undefined);
  const before = await owner();
  const run = await hand.openRun(from);
  const status = { kind: 'status', providerMessageId: 'by-phone', status: 'read' };
  await channel.provide(status);
  const echoes = await Promise.all([
    channel.provide(echo('I take over', 'by-phone', { sentAtMs: 1_790_000_000_000 })),
    channel.provide(echo('I take over', 'by-phone')),
  ]);
  await Promise.all(echoes.map(({ eventId }) => hand.driveEvent(eventId)));
  expect(await ours()).toMatchObject([
    { text: 'How many?' },
    { text: 'I take over', author_kind: 'agent', status: 'read', seq: 3, state: null },
  ]);
  expect(await owner()).toEqual({ owner: 'human', automation_epoch: (before?.automation_epoch ?? 0) + 1 });
  const [row] = await stack.query<{ status: string }>('select status from runs where id = $1', [run]);
  expect(row?.status).toBe('paused');
  await hand.driveEvent(await hand.accept(from, '7'));
  expect(channel.sent).toHaveLength(1);
  await checkInvariants(stack.runtime.activityDeps.pool);
});

test('while the bot’s message is on its way, somebody else’s waits, then has its place behind it', async () => {
  let strange = '';
  await whileAsked(async () => {
    const { eventId } = await channel.provide(echo('Me too', 'stranger'));
    strange = eventId;
    expect(await hand.driveEvent(eventId)).toEqual({ kind: 'wait' });
  });
  await hand.driveEvent(strange);
  expect(await ours()).toMatchObject([
    { text: 'How many?', status: 'sent' },
    { text: 'Me too', author_kind: 'agent', status: 'sent' },
  ]);
  expect((await owner())?.owner).toBe('human');
  await checkInvariants(stack.runtime.activityDeps.pool);
});

test('what the bot had planned is withdrawn by an echo', async () => {
  const eventId = await whileAsked(async () => undefined, busy);
  expect(await ours()).toMatchObject([{ status: 'planned' }]);
  const { eventId: echoed } = await channel.provide(echo('By hand', 'by-hand'));
  await hand.driveEvent(echoed);
  expect(await ours()).toMatchObject([
    { status: 'failed', state: 'cancelled', error: { kind: 'cancelled' } },
    { text: 'By hand' },
  ]);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await hand.driveEvent(eventId);
  expect(channel.sent).toHaveLength(1);
});

test('an echo to somebody unknown opens a conversation, and its media are to be fetched', async () => {
  const { eventId } = await channel.provide(
    echo('Hello first', 'first-word', {
      parts: [
        { kind: 'text', text: 'Hello first' },
        { kind: 'image', mimeType: 'image/png', source: { url: 'x' } },
      ],
    }),
  );
  expect(await hand.driveEvent(eventId)).toEqual({ kind: 'done', followUp: true });
  expect(await ours()).toMatchObject([{ seq: 1, text: 'Hello first', author_kind: 'agent' }]);
  expect((await owner())?.owner).toBe('human');
  const media = await stack.query('select state from media where message_id = $1', [(await ours())[0]?.id]);
  expect(media).toEqual([{ state: 'pending' }]);
});

test('thirty echoes race thirty sends: each once, in one place', async () => {
  await hand.driveEvent(await hand.accept(from, 'hi'));
  const { id } = await hand.conversation(from);
  const strays: string[] = [];
  const take = async (event: Parameters<FakeChannel['provide']>[0]) => {
    const { eventId, duplicate } = await channel.provide(event);
    if (!duplicate) strays.push(eventId);
  };
  channel.answer = async (message, { key }) => {
    const early = take(
      echo(message.parts[0]?.kind === 'text' ? message.parts[0].text : '', providerId(message)),
    );
    if (Number(message.id.at(-1)) % 2) await take(echo('', providerId(message), { key }));
    await early;
    return { providerMessageId: providerId(message) };
  };
  await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      await channel.reply(id, `mine ${n}`);
      if (n % 5 === 0) await take(echo(`theirs ${n}`, `theirs-${from}-${n}`));
    }),
  );
  for (let look = 0; look < 50; look++) {
    const reports = await Promise.all(strays.map((eventId) => hand.driveEvent(eventId)));
    if (reports.every(({ kind }) => kind !== 'wait')) break;
    const [left] = await stack.query<{ message_id: string }>(
      `select message_id from outbox where conversation_id = $1 and state in ('planned', 'sending') limit 1`,
      [id],
    );
    if (left)
      await sendOutbound(stack.runtime.activityDeps, left.message_id, { mode: 'local', budgetMs: 5_000 });
  }
  const texts = (await ours()).map(({ text }) => text).sort();
  expect(texts).toHaveLength(36);
  expect(new Set(texts).size).toBe(36);
  await checkInvariants(stack.runtime.activityDeps.pool);
});

test('an echo that got a workflow is listed among the runs; one of our own send that needed none is not', async () => {
  await whileAsked(async () => undefined);
  const [mine] = await ours();
  const own = await channel.provide(echo('How many?', mine?.provider_message_id ?? ''));
  const theirs = await channel.provide(echo('By hand', `listed-${from}`));
  const list = async () =>
    (
      await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
        listRuns(tx, { kind: 'inbound' }, 100, null),
      )
    ).filter(({ id }) => id === own.eventId || id === theirs.eventId);
  expect(await list()).toMatchObject([{ id: theirs.eventId, status: 'waiting' }]);
  await hand.driveEvent(theirs.eventId);
  expect(await list()).toMatchObject([
    { id: theirs.eventId, status: 'completed', workflow_id: `inbound/${theirs.eventId}` },
  ]);
});
