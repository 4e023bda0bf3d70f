import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { inboundWorkflowId } from '#workflows/contract.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack?.close();
});

const echo: FlowDefinition = {
  schemaVersion: 1,
  triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'keyword', value: 'echo' } }],
  entry: 'reply',
  steps: {
    reply: {
      kind: 'send',
      params: { text: 'You said: {{message.text}}' },
      exits: { next: null, failed: null },
    },
  },
};

async function historyTypes(workflowId: string): Promise<string[]> {
  const handle = stack.runtime.deps.temporal.workflow.getHandle(workflowId);
  await handle.result();
  const history = await handle.fetchHistory();
  return (history.events ?? []).map((event) => String(event.eventType));
}

test('a plain message becomes a conversation in six history events', async () => {
  const eventId = await stack.say('plain', 'hello');
  await stack.quiet();
  const [message] = await stack.query<{ seq: number; text: string; routing: { kind: string } }>(
    'select seq, text, routing from messages where event_id = $1',
    [eventId],
  );
  expect(message).toMatchObject({ seq: 1, text: 'hello', routing: { kind: 'none' } });
  expect(await historyTypes(inboundWorkflowId(eventId))).toHaveLength(6);
});

test('a message with a bot reply costs the same six', async () => {
  await stack.publish(echo, 'Echo');
  const eventId = await stack.say('bot', 'echo this');
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(stack.receiver.deliveries[0]?.body.message.text).toBe('You said: echo this');
  expect(await historyTypes(inboundWorkflowId(eventId))).toHaveLength(6);
  const sent = await stack.query('select status, provider_message_id from messages where direction = $1', [
    'out',
  ]);
  expect(sent).toEqual([{ status: 'sent', provider_message_id: expect.stringContaining('provider-') }]);
});

test('the same provider id is one message, and the answer says so', async () => {
  const first = await stack.post({ id: 'same', from: { id: 'twice' }, text: 'once' });
  const second = await stack.post({ id: 'same', from: { id: 'twice' }, text: 'once' });
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body).toEqual({ eventId: first.body.eventId, duplicate: true });
  await stack.quiet();
  expect(await stack.query('select id from messages where text = $1', ['once'])).toHaveLength(1);
});
