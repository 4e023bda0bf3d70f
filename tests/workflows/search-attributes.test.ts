import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  inboundWorkflowId,
  outboundWorkflowId,
  runWorkflowId,
  SEARCH_ATTRIBUTES,
} from '#workflows/contract.ts';
import { openSearchAttributes } from '../../api/search-attributes.ts';
import { inWorkspace } from '#db/client.ts';
import { agentReply } from '#db/ownership.ts';
import { uuidV7 } from '#domain/ids.ts';
import { askFlow } from '../support/flows.ts';
import { createNamespace } from '../support/namespace.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let connection: Connection;
let namespace: string;
const told: string[] = [];
const log = { info: (...words: unknown[]) => void told.push(words.join(' ')) };
const facts = { workspaceId: 'w', inboxId: 'i', conversationId: 'c', flowId: 'f' };

beforeAll(async () => {
  const { temporalAddress } = inject('services');
  namespace = await createNamespace(temporalAddress);
  connection = await Connection.connect({ address: temporalAddress });
});
afterAll(async () => {
  await stack?.close();
  await connection?.close();
});

/** Ours: the server adds its own (BuildIds) to a workflow that took more than one task. */
async function attributesOf(workflowId: string): Promise<Record<string, unknown>> {
  const { typedSearchAttributes } = await stack.runtime.deps.temporal.workflow
    .getHandle(workflowId)
    .describe();
  return Object.fromEntries(
    typedSearchAttributes
      .getAll()
      .flatMap(({ key, value }) =>
        SEARCH_ATTRIBUTES.some((name) => name === key.name) ? [[key.name, value]] : [],
      ),
  );
}

test('a namespace that lacks them is given them; they are used once the server knows them', async () => {
  const names = async (): Promise<number> => {
    const attributes = await openSearchAttributes(connection, namespace, log);
    attributes.stop();
    return attributes.of(facts).length;
  };
  expect(await names()).toBe(0);
  await expect.poll(names, { timeout: 60_000, interval: 500 }).toBe(SEARCH_ATTRIBUTES.length);
  // Listed is not yet usable everywhere in the server.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
});

test('every workflow can be found by whose it is', async () => {
  stack = await startStack({ namespace });
  const flowId = await stack.publish(askFlow({ timeoutSeconds: 600, format: 'text' }));
  const eventId = await stack.say('somebody', 'hello');
  await stack.receiver.waitFor(1);
  await stack.quiet();
  const mine = { WorkspaceId: stack.workspaceId, InboxId: stack.inboxId };
  expect(await attributesOf(inboundWorkflowId(eventId))).toEqual(mine);
  const [run] = await stack.query<{ id: string; conversation_id: string }>(
    'select id, conversation_id from runs',
  );
  if (!run) throw new Error('No run.');
  const there = { ...mine, ConversationId: run.conversation_id };
  expect(await attributesOf(runWorkflowId(run.id))).toEqual({ ...there, FlowId: flowId });

  const { messageId } = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
    agentReply(tx, {
      workspaceId: stack.workspaceId,
      conversationId: run.conversation_id,
      clientMessageId: uuidV7(),
      units: [[{ kind: 'text', text: 'A person here.' }]],
      isPrivate: false,
      authorName: 'Ada',
      actor: { kind: 'agent', id: null },
    }),
  );
  await stack.runtime.deps.engine.startOutbound(messageId);
  await stack.quiet();
  expect(await attributesOf(outboundWorkflowId(messageId))).toEqual(there);
  expect(told).toEqual([]);
});
