/** `subscription/<inbox id>`: one per Microsoft mailbox, asleep until half of a subscription's life is over or Microsoft says something. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seal } from '#db/keyring.ts';
import { uuidV7 } from '#domain/ids.ts';
import { subscriptionWorkflowId } from '#workflows/contract.ts';
import { newClientState } from '#channels/email/microsoft/client-state.ts';
import { historiesKey, keepHistory } from '../replay/histories.ts';
import { replay } from '../replay/replay-bundle.ts';
import { startMicrosoft, type MicrosoftServer } from '../support/microsoft.ts';
import { startStack, type Stack } from '../support/stack.ts';

const publicUrl = 'https://teloring.example';
let microsoft: MicrosoftServer;
let stack: Stack;
beforeAll(async () => {
  microsoft = await startMicrosoft({
    publicUrl,
    async deliver(url, { method, headers, body }) {
      const answer = await stack.app.request(url.slice(publicUrl.length), { method, headers, body });
      return {
        status: answer.status,
        body: await answer.text(),
        contentType: answer.headers.get('content-type'),
      };
    },
  });
  stack = await startStack({
    secretKey: historiesKey,
    env: { ...microsoft.env, PUBLIC_URL: publicUrl, TELORING_MAILBOXES: '0' },
  });
});
afterAll(async () => {
  await stack?.close();
  await microsoft?.close();
});

async function newMailbox(digits: string): Promise<{ id: string; address: string }> {
  const id = uuidV7();
  const address = `sandbox-${digits}@microsoft.example`;
  const credentials = {
    kind: 'microsoft',
    address,
    refreshToken: `sandbox-refresh-${digits}`,
    clientState: newClientState(id),
  };
  await stack.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials, state) values ($1, $2, 'email', 'Mail', $3, $4, 'active')`,
    [
      id,
      stack.workspaceId,
      address,
      seal(stack.runtime.deps.keyring, Buffer.from(JSON.stringify(credentials)), `inbox/${id}`),
    ],
  );
  await stack.query(
    `insert into mailboxes (inbox_id, workspace_id, kind, created_at) values ($1, $2, 'microsoft', now() - interval '1 hour')`,
    [id, stack.workspaceId],
  );
  return { id, address };
}
const row = async (id: string) =>
  (
    await stack.query<{ subscription_id: string | null; check_at: Date; problem: string | null }>(
      'select subscription_id, check_at, problem from microsoft_subscriptions where inbox_id = $1',
      [id],
    )
  )[0];
const handleOf = (id: string) => stack.runtime.deps.temporal.workflow.getHandle(subscriptionWorkflowId(id));
const DAY_MS = 86_400_000;

test('begun by the sweeper where nobody did; kept, made anew when Microsoft ends it, over with its inbox; it replays', async () => {
  const { id, address } = await newMailbox('4001');
  const phone = await microsoft.phone(address);
  await stack.until('a subscription', async () => (await row(id))?.subscription_id != null);
  const first = await row(id);
  // Half of its life.
  const sleeps = (first?.check_at.getTime() ?? 0) - Date.now();
  expect(sleeps).toBeGreaterThan(3.4 * DAY_MS);
  expect(sleeps).toBeLessThan(3.5 * DAY_MS);
  await stack.until('asleep', async () => {
    const { events } = await handleOf(id).fetchHistory();
    const timer = events?.find((event) => event.timerStartedEventAttributes)?.timerStartedEventAttributes;
    return Math.abs(Number(timer?.startToFireTimeout?.seconds ?? 0) * 1000 - sleeps) < 60_000;
  });
  phone.provider?.('subscription_removed');
  await stack.until('another one', async () => {
    const now = (await row(id))?.subscription_id;
    return now != null && now !== first?.subscription_id;
  });
  await stack.query(`update inboxes set deleted_at = now() where id = $1`, [id]);
  stack.runtime.deps.inboxes.invalidate(id);
  await stack.runtime.deps.engine.keepSubscription(id);
  await stack.until('its end', async () => (await handleOf(id).describe()).status.name === 'COMPLETED');
  expect(phone.facts()['subscriptions']).toEqual([]);

  const history = await handleOf(id).fetchHistory();
  if (process.env['RECORD_HISTORIES']) keepHistory('mail-subscription', history);
  expect(await replay([{ workflowId: subscriptionWorkflowId(id), history }])).toEqual([]);
  // Ids only, and those sealed.
  expect(JSON.stringify(history)).not.toMatch(/microsoft\.example|sandbox-|teloring\.example/);
});

test('while Microsoft refuses, it says why and tries again; a withdrawn access waits for a person, and then goes on', async () => {
  const { id, address } = await newMailbox('4002');
  const phone = await microsoft.phone(address);
  await stack.until('a subscription', async () => (await row(id))?.subscription_id != null);
  phone.addFault({ kind: 'permission_revoked' });
  phone.provider?.('subscription_lost');
  await stack.query('update microsoft_subscriptions set check_at = now() where inbox_id = $1', [id]);
  await stack.runtime.deps.engine.keepSubscription(id);
  await stack.until(
    'the reason',
    async () => (await row(id))?.problem?.includes('access withdrawn') ?? false,
  );
  expect(((await row(id))?.check_at.getTime() ?? 0) - Date.now()).toBeGreaterThan(50 * 60_000);
  // Signed in again.
  const credentials = {
    kind: 'microsoft',
    address,
    refreshToken: `sandbox-refresh-${address}`,
    clientState: newClientState(id),
  };
  await stack.query('update inboxes set credentials = $2 where id = $1', [
    id,
    seal(stack.runtime.deps.keyring, Buffer.from(JSON.stringify(credentials)), `inbox/${id}`),
  ]);
  expect(await stack.runtime.deps.keepMailSubscription(id)).toMatchObject({ problem: null });
  await stack.until('a subscription again', async () => (await row(id))?.problem === null);
  expect(phone.facts()['subscriptions']).toHaveLength(1);
});
