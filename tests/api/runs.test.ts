/** Runs over real workflows: the list, steps, Temporal's history, traces, and what operators do to them. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createApiKey } from '#db/api-keys.ts';
import { inWorkspace } from '#db/client.ts';
import { ROLES, type Role } from '#domain/roles.ts';
import { uuidV7 } from '#domain/ids.ts';
import { askFlow } from '../support/flows.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startStack, type Stack } from '../support/stack.ts';

interface Run {
  id: string;
  kind: string;
  status: string;
  workflowId: string;
  flowId?: string;
  versionNo?: number;
  conversationId?: string;
  inboxId?: string;
  waitingFor?: string;
  waitingUntil?: string;
  endedAt?: string;
  error?: { kind: string };
}
interface Refusal {
  error: { code: string; message: string };
}
interface List<T> {
  items: T[];
  nextCursor: string | null;
}

let stack: Stack;
let from: string;
const keys: Partial<Record<Role, string>> = {};
beforeAll(async () => {
  stack = await startStack({ sweepEveryMs: 0 });
  for (const role of ROLES) {
    const { key } = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
      createApiKey(tx, {
        workspaceId: stack.workspaceId,
        name: role,
        role,
        expiresAt: null,
        createdBy: null,
      }),
    );
    keys[role] = key;
  }
});
beforeEach(async () => {
  from = `contact-${uuidV7()}`;
  await stack.query('update flows set deleted_at = now()');
  stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
});
afterEach(() => checkInvariants(stack.runtime.activityDeps.pool));
afterAll(() => stack?.close());

async function json<T>(
  path: string,
  options: { as?: Role; method?: string; body?: unknown } = {},
): Promise<{ status: number; body: T }> {
  const response = await stack.app.request(path, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${keys[options.as ?? 'operator']}`,
      'content-type': 'application/json',
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}
const act = <T = Run>(id: string, action: string, body: object = {}) =>
  json<T>(`/api/runs/${id}/${action}`, { body });
const list = async (query: string): Promise<Run[]> =>
  (await json<List<Run>>(`/api/runs?${query}`)).body.items;

async function conversation(): Promise<string> {
  const [row] = await stack.query<{ id: string }>(
    'select c.id from conversations c join contacts k on k.id = c.contact_id where k.external_id = $1',
    [from],
  );
  if (!row) throw new Error('No conversation yet.');
  return row.id;
}
/** Says something that starts the ask flow; its run, waiting. */
async function asked(
  options: Parameters<typeof askFlow>[0] = {},
): Promise<{ run: Run; eventId: string; flowId: string }> {
  const flowId = await stack.publish(askFlow(options), 'Count');
  const eventId = await stack.say(from, 'start');
  await stack.until(
    'the run waits',
    async () => (await list(`flowId=${flowId}&status=waiting`)).length === 1,
  );
  await stack.quiet();
  const [run] = await list(`flowId=${flowId}`);
  if (!run) throw new Error('No run.');
  return { run, eventId, flowId };
}
async function reply(text: string): Promise<string> {
  const { status, body } = await json<{ id: string }>(`/api/conversations/${await conversation()}/messages`, {
    as: 'agent',
    body: { clientMessageId: uuidV7(), text },
  });
  expect(status).toBe(201);
  return body.id;
}

test('one list: the message, the flow run it started, the reply a person sent', async () => {
  const { run, eventId, flowId } = await asked();
  const messageId = await reply('I take over');
  await stack.quiet();
  const conversationId = await conversation();
  const all = await list(`conversationId=${conversationId}`);
  expect(all.map((one) => one.kind)).toEqual(['outbound', 'flow', 'inbound']);
  expect(all.map((one) => one.id)).toEqual([messageId, run.id, eventId]);
  expect(all.map((one) => one.id)).toEqual(
    all
      .map((one) => one.id)
      .toSorted()
      .reverse(),
  );
  expect(all[0]).toMatchObject({
    status: 'completed',
    workflowId: `outbound/${messageId}`,
    conversationId,
    inboxId: stack.inboxId,
  });
  expect(all[1]).toMatchObject({
    status: 'waiting',
    waitingFor: 'person',
    workflowId: `run/${run.id}`,
    flowId,
    versionNo: 1,
  });
  expect(all[2]).toMatchObject({ status: 'completed', workflowId: `inbound/${eventId}` });
  for (const one of all) expect((await json<Run>(`/api/runs/${one.id}`)).body).toEqual(one);
  expect((await list(`kind=outbound&conversationId=${conversationId}`)).map((one) => one.id)).toEqual([
    messageId,
  ]);
  expect((await list(`status=waiting&conversationId=${conversationId}`)).map((one) => one.id)).toEqual([
    run.id,
  ]);
  expect((await list(`flowId=${flowId}`)).map((one) => one.id)).toEqual([run.id]);
  expect(await list(`inboxId=${uuidV7()}`)).toEqual([]);
  expect(await list('kind=onboarding')).toEqual([]);
  expect((await json(`/api/runs/${uuidV7()}`)).status).toBe(404);
  expect((await json('/api/runs?status=sleeping')).status).toBe(400);
});

test('pages join without gap or repeat', async () => {
  for (let index = 0; index < 4; index++) await stack.say(from, `n ${index}`);
  await stack.quiet();
  const whole = (await list('limit=100')).map((one) => one.id);
  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body }: { body: List<Run> } = await json(`/api/runs?limit=2${query}`);
    paged.push(...body.items.map((one) => one.id));
    cursor = body.nextCursor;
  }
  expect(paged).toEqual(whole);
});

test('steps with inputs, exits and effects; the one it waits in says until when', async () => {
  const { run } = await asked({ timeoutSeconds: 3600 });
  interface Step {
    stepNo: number;
    stepId: string;
    kind: string;
    exit?: string;
    leftAt?: string;
    wait?: { for: string; until: string };
    effects: { kind: string; state: string; providerMessageId?: string; messageId?: string }[];
  }
  const before = (await json<List<Step>>(`/api/runs/${run.id}/steps`)).body.items;
  expect(before).toMatchObject([
    {
      stepNo: 1,
      stepId: 'ask',
      kind: 'ask',
      wait: { for: 'reply' },
      effects: [{ kind: 'message', state: 'sent' }],
    },
  ]);
  expect(before[0]?.effects[0]?.providerMessageId).toBe(`provider-${before[0]?.effects[0]?.messageId}`);
  expect(Date.parse(before[0]?.wait?.until ?? '')).toBeGreaterThan(Date.now() + 3_500_000);
  await stack.say(from, '7');
  await stack.quiet();
  const after = (await json<List<Step>>(`/api/runs/${run.id}/steps`)).body.items;
  expect(after.map((step) => [step.stepId, step.exit, step.wait])).toEqual([
    ['ask', 'reply', undefined],
    ['thanks', 'next', undefined],
  ]);
  const first = (await json<List<Step>>(`/api/runs/${run.id}/steps?limit=1`)).body;
  const second = (await json<List<Step>>(`/api/runs/${run.id}/steps?limit=1&cursor=${first.nextCursor}`))
    .body;
  expect([...first.items, ...second.items].map((step) => step.stepNo)).toEqual([1, 2]);
  expect((await json<Run>(`/api/runs/${run.id}`)).body).toMatchObject({
    status: 'completed',
    endedAt: expect.any(String),
  });
});

test("Temporal's history, event by event, without a payload", async () => {
  const text = 'something nobody else may read';
  const { run, eventId } = await asked();
  await stack.say(from, text);
  await stack.quiet();
  interface HistoryEvent {
    id: number;
    type: string;
    at: string;
    details: Record<string, unknown>;
  }
  const page = await json<List<HistoryEvent>>(`/api/runs/${eventId}/history?limit=2`);
  expect(page.status).toBe(200);
  expect(page.body.items.map((event) => event.id)).toEqual([1, 2]);
  expect(page.body.items[0]).toMatchObject({
    type: 'workflow_execution_started',
    details: { workflowType: 'inboundMessage' },
  });
  const rest = await json<List<HistoryEvent>>(
    `/api/runs/${eventId}/history?limit=100&cursor=${page.body.nextCursor}`,
  );
  expect(rest.body.items[0]?.id).toBe(3);
  expect(rest.body.items.at(-1)?.type).toBe('workflow_execution_completed');
  const own = await json<List<HistoryEvent>>(`/api/runs/${run.id}/history`);
  expect(own.body.items.map((event) => event.type)).toContain('timer_started');
  expect(JSON.stringify([page, rest, own])).not.toContain(text);
  const [unknown] = await stack.query<{ id: string }>(
    `insert into inbound_events (id, workspace_id, inbox_id, type, account_key, provider_event_id, order_key, kind, payload, done_at, started_at, ingested_at)
     values ($1, $2, $3, 'api', 'a', 'p', 'o', 'contact', '{}', now(), now(), now()) returning id`,
    [uuidV7(), stack.workspaceId, stack.inboxId],
  );
  const none = await json<Refusal>(`/api/runs/${unknown?.id}/history`);
  expect([none.status, none.body.error.code]).toEqual([404, 'no_history']);
  await stack.query('delete from inbound_events where id = $1', [unknown?.id]);
});

test('the trace of a message, from the webhook to the acknowledgement', async () => {
  const { run, eventId, flowId } = await asked({ keyword: 'start' });
  await stack.publish(askFlow({ keyword: 'other' }), 'Another');
  interface Trace {
    entries: { at?: string; kind: string; title: string; evidence: Record<string, unknown> }[];
  }
  const idOf = async (text: string): Promise<string> => {
    const [row] = await stack.query<{ id: string }>(
      'select id from messages where conversation_id = $1 and text = $2',
      [await conversation(), text],
    );
    return row?.id ?? '';
  };
  const trace = async (text: string): Promise<Trace['entries']> =>
    (await json<Trace>(`/api/messages/${await idOf(text)}/trace`)).body.entries;
  const first = await trace('start');
  expect(first.map((entry) => entry.kind)).toEqual([
    'webhook_received',
    'workflow_started',
    'ingested',
    'routed',
    'run_started',
    'step',
    'outbox',
    'provider_ack',
    'done',
  ]);
  const by = (kind: string) => first.find((entry) => entry.kind === kind)?.evidence;
  expect(by('webhook_received')).toMatchObject({ eventId });
  expect(by('workflow_started')).toEqual({ workflowId: `inbound/${eventId}` });
  expect(by('routed')).toMatchObject({ kind: 'flow', flowId, considered: [{ flowId, matched: true }] });
  expect(by('run_started')).toMatchObject({ runId: run.id, versionNo: 1 });
  expect(by('provider_ack')).toMatchObject({ providerMessageId: expect.stringMatching(/^provider-/) });
  // In the order in which one leads to the next; rows of one transaction carry the time of its beginning.
  const times = first.flatMap((entry) => (entry.at ? [entry.at] : []));
  expect([times[0], times.at(-1)]).toEqual([times.toSorted()[0], times.toSorted().at(-1)]);
  await stack.say(from, '7');
  await stack.quiet();
  const answer = await trace('7');
  expect(answer.find((entry) => entry.kind === 'routed')?.evidence).toMatchObject({
    kind: 'run',
    runId: run.id,
  });
  expect(answer.filter((entry) => entry.kind === 'step').map((entry) => entry.evidence['stepId'])).toEqual([
    'ask',
    'thanks',
  ]);
  // Only what the answer caused: the question was sent for the message before.
  expect(answer.filter((entry) => entry.kind === 'provider_ack')).toHaveLength(1);
  const bot = await trace('Got 7');
  expect(bot.map((entry) => entry.kind)).toEqual(
    expect.arrayContaining(['step', 'written', 'outbox', 'provider_ack']),
  );
  await stack.say(from, 'nobody listens');
  await stack.quiet();
  const unmatched = (await trace('nobody listens')).find((entry) => entry.kind === 'routed');
  expect(unmatched).toMatchObject({ title: 'No trigger fired', evidence: { kind: 'none' } });
  expect(unmatched?.evidence['considered']).toHaveLength(2);
});

test('cancel ends a waiting run; a second time is 409', async () => {
  const { run } = await asked();
  const ended = await act(run.id, 'cancel');
  expect([ended.status, ended.body.status]).toEqual([200, 'cancelled']);
  const again = await act<Refusal>(run.id, 'cancel');
  expect([again.status, again.body.error.code]).toEqual([409, 'wrong_state']);
  await stack.quiet();
});

test('terminate ends the run and its workflow', async () => {
  const { run } = await asked();
  expect((await act(run.id, 'terminate')).body.status).toBe('terminated');
  // Its workflow may have ended by itself, woken by the end of its run.
  const { status } = await stack.runtime.deps.temporal.workflow.getHandle(`run/${run.id}`).describe();
  expect(['TERMINATED', 'COMPLETED']).toContain(status.name);
  expect((await act(run.id, 'terminate')).status).toBe(409);
  await stack.quiet();
  expect((await list('status=terminated')).map((one) => one.id)).toContain(run.id);
});

test('skip ends the wait at once, by the timeout exit', async () => {
  const { run } = await asked({ timeoutSeconds: 86_400 });
  const skipped = await act(run.id, 'skip');
  expect(skipped.status).toBe(200);
  await stack.until(
    'the run ends',
    async () => (await json<Run>(`/api/runs/${run.id}`)).body.status === 'completed',
  );
  expect(stack.receiver.deliveries.at(-1)?.body.message.text).toBe('Too late');
  expect((await act(run.id, 'skip')).status).toBe(409);
  await stack.quiet();
});

test('a paused run is resumed, and only a paused one', async () => {
  const { run } = await asked();
  expect((await act(run.id, 'resume')).status).toBe(409);
  await reply('mine now');
  await stack.quiet();
  const paused = await act<Refusal>(run.id, 'skip');
  expect([paused.status, paused.body.error.message]).toEqual([
    409,
    expect.stringContaining('resume it first'),
  ]);
  expect((await act(run.id, 'resume')).status).toBe(200);
  await stack.until(
    'it waits again',
    async () => (await json<Run>(`/api/runs/${run.id}`)).body.waitingFor === 'reply',
  );
  await stack.say(from, '3');
  await stack.until(
    'it goes on',
    async () => stack.receiver.deliveries.at(-1)?.body.message.text === 'Got 3',
  );
  await stack.quiet();
});

test('a reply that failed is sent again; one that may have arrived only when told so', async () => {
  await stack.say(from, 'hi');
  await stack.quiet();
  stack.receiver.answer = () => ({ status: 200, drop: true });
  const messageId = await reply('did you get this?');
  await stack.until(
    'no answer',
    async () => (await json<Run>(`/api/runs/${messageId}`)).body.error?.kind === 'no_answer',
    30_000,
  );
  expect((await json<Run>(`/api/runs/${messageId}`)).body.status).toBe('failed');
  stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
  const refused = await act<Refusal>(messageId, 'retry');
  expect([refused.status, refused.body.error.code]).toEqual([409, 'may_have_arrived']);
  expect((await act(messageId, 'retry', { evenIfUnknown: true })).status).toBe(200);
  await stack.until(
    'sent',
    async () => (await json<Run>(`/api/runs/${messageId}`)).body.status === 'completed',
  );
  expect((await act(messageId, 'retry')).status).toBe(409);
  expect((await act(messageId, 'cancel')).status).toBe(409);
  // Sent twice because a person asked for it: not for the invariant, which counts calls without that.
  expect(stack.receiver.deliveries.filter((delivery) => delivery.body.message.id === messageId).length).toBe(
    2,
  );
});

test('a reply that has not left is withdrawn', async () => {
  await stack.say(from, 'hi');
  await stack.quiet();
  await stack.query('update inboxes set can_send = false where id = $1', [stack.inboxId]);
  const messageId = await reply('wait');
  await stack.until(
    'parked',
    async () => (await json<Run>(`/api/runs/${messageId}`)).body.waitingFor === 'inbox',
  );
  expect((await act(messageId, 'cancel')).body.status).toBe('cancelled');
  await stack.query('update inboxes set can_send = true where id = $1', [stack.inboxId]);
  const { body } = await json<List<{ id: string; status: string; error?: { kind: string } }>>(
    `/api/conversations/${await conversation()}/messages`,
  );
  expect(body.items.at(-1)).toMatchObject({ id: messageId, status: 'failed', error: { kind: 'cancelled' } });
  expect(stack.receiver.deliveries.some((delivery) => delivery.body.message.id === messageId)).toBe(false);
});

test('what can not be done to a message says why', async () => {
  const eventId = await stack.say(from, 'hi');
  await stack.quiet();
  for (const action of ['cancel', 'terminate', 'retry', 'skip', 'resume']) {
    const refused = await act<Refusal>(eventId, action);
    expect([action, refused.status, refused.body.error.code]).toEqual([action, 409, 'wrong_state']);
  }
  expect((await json(`/api/runs/${eventId}/cancel`, { as: 'agent', body: {} })).status).toBe(403);
  expect((await act(uuidV7(), 'cancel')).status).toBe(404);
});

test('a message whose workflow failed is retried', async () => {
  const eventId = await stack.say(from, 'hi');
  await stack.quiet();
  await stack.query(
    `update inbound_events set error = '{"kind":"broken","message":"It broke."}' where id = $1`,
    [eventId],
  );
  expect((await list('status=failed&kind=inbound')).map((one) => one.id)).toEqual([eventId]);
  expect((await act(eventId, 'retry')).status).toBe(200);
  await stack.until('done', async () => (await json<Run>(`/api/runs/${eventId}`)).body.status !== 'failed');
  await stack.query('update inbound_events set done_at = now(), started_at = now() where id = $1', [eventId]);
});
