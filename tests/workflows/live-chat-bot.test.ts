/** A bot that is about to say something is seen typing, and no longer when it waits for the visitor. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issueVisitorToken } from '#channels/live_chat/visitor-token.ts';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { visitorKeys } from '../../api/live-chat/visitors.ts';
import { readEventStream } from '../support/event-stream.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

it('types while it pauses between two messages', async () => {
  const inboxId = uuidV7();
  const credentials = seal(
    stack.runtime.deps.keyring,
    Buffer.from('{"allowedOrigins":[]}'),
    `inbox/${inboxId}`,
  );
  await stack.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'live_chat', 'Web', $3, $4, 'active')`,
    [inboxId, stack.workspaceId, inboxId, credentials],
  );
  await stack.publish({
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: [inboxId], match: { kind: 'any' } }],
    entry: 'first',
    steps: {
      first: { kind: 'send', params: { text: 'Let me see …' }, exits: { next: 'pause', failed: null } },
      pause: { kind: 'delay', params: { seconds: 2 }, exits: { next: 'second' } },
      second: { kind: 'send', params: { text: 'Found it.' }, exits: { next: null, failed: null } },
    },
  });
  const session = {
    inboxId,
    visitorId: crypto.randomUUID(),
    personId: null,
    expiresAtMs: Date.now() + 60_000,
  };
  const headers = {
    authorization: `Bearer ${issueVisitorToken(visitorKeys(stack.runtime.deps.keyring), session)}`,
    'content-type': 'application/json',
  };
  const stream = await readEventStream(await stack.app.request(`/live-chat/${inboxId}/stream`, { headers }));
  const said = await stack.app.request(`/live-chat/${inboxId}/messages`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ clientMessageId: crypto.randomUUID(), text: 'Where is it?' }),
  });
  expect(said.status).toBe(202);
  await stream.until(
    (text) => text.includes('Found it.') && text.includes('{"typing":false,"from":"bot"'),
    20_000,
  );
  const text = stream.text();
  const [first, typing, second] = ['Let me see', '{"typing":true,"from":"bot"', 'Found it.'].map((part) =>
    text.indexOf(part),
  );
  expect(first).toBeGreaterThan(0);
  expect(typing).toBeGreaterThan(first ?? 0);
  expect(second).toBeGreaterThan(typing ?? 0);
  await stream.close();
  // What it said was streamed, and so it is delivered: told through the ingress like any provider's status.
  await stack.until('delivered', async () => {
    const rows = await stack.query<{ status: string }>(
      `select status from messages where inbox_id = $1 and direction = 'out'`,
      [inboxId],
    );
    return rows.length === 2 && rows.every(({ status }) => status === 'delivered');
  });
});
