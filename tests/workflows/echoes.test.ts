/** Echoes with everything running: the early look, the later one, and the workflow that waits for a send. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { fakeChannel, providerId, type FakeChannel } from '../support/fake-channel.ts';
import { askFlow } from '../support/flows.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let channel: FakeChannel;
beforeAll(async () => {
  stack = await startStack();
  channel = fakeChannel(stack);
});
afterAll(() => stack?.close());

test('echoes that come while the bot’s send hangs: its own settles it, a person’s takes over, nothing is doubled', async () => {
  await stack.publish(askFlow());
  const from = uuidV7();
  const echo = (text: string, providerMessageId: string) =>
    channel
      .provide({
        kind: 'echo',
        threadKey: '',
        contact: { externalId: from },
        parts: [{ kind: 'text', text }],
        providerMessageId,
        replyAddress: {},
      })
      .then((accepted) => {
        if (accepted.starts) stack.runtime.deps.engine.eventsAccepted([accepted]);
      });
  channel.answer = async (message) => {
    await echo('How many?', providerId(message));
    await echo('I am here', `theirs-${from}`);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    return { providerMessageId: providerId(message) };
  };
  await stack.say(from, 'hi');
  const rows = () =>
    stack.query<{ text: string; status: string; author_kind: string }>(
      `select m.text, m.status, m.author_kind from messages m join conversations c on c.id = m.conversation_id
         join contacts k on k.id = c.contact_id where k.external_id = $1 order by m.seq`,
      [from],
    );
  await stack.until('the echo has become a message', async () => (await rows()).length === 3);
  await stack.quiet();
  expect(await rows()).toMatchObject([
    { text: 'hi' },
    { text: 'How many?', status: 'sent', author_kind: 'bot' },
    { text: 'I am here', status: 'sent', author_kind: 'agent' },
  ]);
  await stack.until('its workflow is done', async () => {
    const open = await stack.query("select 1 from inbound_events where kind = 'echo' and done_at is null");
    return open.length === 0;
  });
  expect(await stack.query('select owner from conversations')).toEqual([{ owner: 'human' }]);
});

test('an echo alone starts a workflow at once', async () => {
  const from = uuidV7();
  const accepted = await channel.provide({
    kind: 'echo',
    threadKey: '',
    contact: { externalId: from },
    parts: [{ kind: 'text', text: 'Hello' }],
    providerMessageId: uuidV7(),
    replyAddress: {},
  });
  const { eventId } = accepted;
  expect(accepted.starts).toBe(true);
  stack.runtime.deps.engine.eventsAccepted([accepted]);
  await stack.until('it is a message', async () => {
    const found = await stack.query('select 1 from messages where event_id = $1', [eventId]);
    return found.length === 1;
  });
  await stack.until('it is done', async () => {
    const [row] = await stack.query<{ done: boolean }>(
      'select done_at is not null as done from inbound_events where id = $1',
      [eventId],
    );
    return row?.done === true;
  });
});
