/** Runs over real workflows: the list, steps, Temporal's history, traces. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { askFlow } from '../support/flows.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startRunStack, type List, type Refusal, type Run, type RunStack } from '../support/run-stack.ts';

let runs: RunStack;
let from: string;
beforeAll(async () => {
  runs = await startRunStack();
});
beforeEach(async () => {
  from = `contact-${uuidV7()}`;
  await runs.stack.query('update flows set deleted_at = now()');
  runs.stack.receiver.answer = (delivery) => ({
    status: 200,
    body: { id: `provider-${delivery.body.message.id}` },
  });
});
afterEach(() => checkInvariants(runs.stack.runtime.activityDeps.pool));
afterAll(() => runs?.stack.close());

test('one list: the message, the flow run it started, the reply a person sent', async () => {
  const { run, eventId, flowId } = await runs.asked(from);
  const messageId = await runs.reply(from, 'I take over');
  await runs.stack.quiet();
  const conversationId = await runs.conversation(from);
  const all = await runs.list(`conversationId=${conversationId}`);
  expect(all.map((one) => one.kind)).toEqual(['outbound', 'flow', 'inbound']);
  expect(all.map((one) => one.id)).toEqual([messageId, run.id, eventId]);
  expect(all.map((one) => one.id)).toEqual(
    all
      .map((one) => one.id)
      .toSorted()
      .toReversed(),
  );
  expect(all[0]).toMatchObject({
    status: 'completed',
    workflowId: `outbound/${messageId}`,
    conversationId,
    inboxId: runs.stack.inboxId,
  });
  expect(all[1]).toMatchObject({
    status: 'waiting',
    waitingFor: 'person',
    workflowId: `run/${run.id}`,
    flowId,
    versionNo: 1,
  });
  expect(all[2]).toMatchObject({ status: 'completed', workflowId: `inbound/${eventId}` });
  for (const one of all) expect((await runs.json<Run>(`/api/runs/${one.id}`)).body).toEqual(one);
  expect((await runs.list(`kind=outbound&conversationId=${conversationId}`)).map((one) => one.id)).toEqual([
    messageId,
  ]);
  expect((await runs.list(`status=waiting&conversationId=${conversationId}`)).map((one) => one.id)).toEqual([
    run.id,
  ]);
  expect((await runs.list(`flowId=${flowId}`)).map((one) => one.id)).toEqual([run.id]);
  expect(await runs.list(`inboxId=${uuidV7()}`)).toEqual([]);
  expect(await runs.list('kind=onboarding')).toEqual([]);
  expect((await runs.json(`/api/runs/${uuidV7()}`)).status).toBe(404);
  expect((await runs.json('/api/runs?status=sleeping')).status).toBe(400);
});

test('pages join without gap or repeat', async () => {
  for (let index = 0; index < 4; index++) await runs.stack.say(from, `n ${index}`);
  await runs.stack.quiet();
  const whole = (await runs.list('limit=100')).map((one) => one.id);
  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body }: { body: List<Run> } = await runs.json(`/api/runs?limit=2${query}`);
    paged.push(...body.items.map((one) => one.id));
    cursor = body.nextCursor;
  }
  expect(paged).toEqual(whole);
});

test('steps with inputs, exits and effects; the one it waits in says until when', async () => {
  const { run } = await runs.asked(from, { timeoutSeconds: 3600 });
  interface Step {
    stepNo: number;
    stepId: string;
    kind: string;
    exit?: string;
    leftAt?: string;
    wait?: { for: string; until: string };
    effects: { kind: string; state: string; providerMessageId?: string; messageId?: string }[];
  }
  const before = (await runs.json<List<Step>>(`/api/runs/${run.id}/steps`)).body.items;
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
  await runs.stack.say(from, '7');
  await runs.stack.quiet();
  const after = (await runs.json<List<Step>>(`/api/runs/${run.id}/steps`)).body.items;
  expect(after.map((step) => [step.stepId, step.exit, step.wait])).toEqual([
    ['ask', 'reply', undefined],
    ['thanks', 'next', undefined],
  ]);
  const first = (await runs.json<List<Step>>(`/api/runs/${run.id}/steps?limit=1`)).body;
  const second = (await runs.json<List<Step>>(`/api/runs/${run.id}/steps?limit=1&cursor=${first.nextCursor}`))
    .body;
  expect([...first.items, ...second.items].map((step) => step.stepNo)).toEqual([1, 2]);
  expect((await runs.json<Run>(`/api/runs/${run.id}`)).body).toMatchObject({
    status: 'completed',
    endedAt: expect.any(String),
  });
});

test("Temporal's history, event by event, without a payload", async () => {
  const text = 'something nobody else may read';
  const { run, eventId } = await runs.asked(from);
  await runs.stack.say(from, text);
  await runs.stack.quiet();
  interface HistoryEvent {
    id: number;
    type: string;
    at: string;
    details: Record<string, unknown>;
  }
  const page = await runs.json<List<HistoryEvent>>(`/api/runs/${eventId}/history?limit=2`);
  expect(page.status).toBe(200);
  expect(page.body.items.map((event) => event.id)).toEqual([1, 2]);
  expect(page.body.items[0]).toMatchObject({
    type: 'workflow_execution_started',
    details: { workflowType: 'inboundMessage' },
  });
  const rest = await runs.json<List<HistoryEvent>>(
    `/api/runs/${eventId}/history?limit=100&cursor=${page.body.nextCursor}`,
  );
  expect(rest.body.items[0]?.id).toBe(3);
  expect(rest.body.items.at(-1)?.type).toBe('workflow_execution_completed');
  const own = await runs.json<List<HistoryEvent>>(`/api/runs/${run.id}/history`);
  expect(own.body.items.map((event) => event.type)).toContain('timer_started');
  expect(JSON.stringify([page, rest, own])).not.toContain(text);
  const [unknown] = await runs.stack.query<{ id: string }>(
    `insert into inbound_events (id, workspace_id, inbox_id, type, account_key, provider_event_id, order_key, kind, payload, done_at, started_at, ingested_at)
     values ($1, $2, $3, 'api', 'a', 'p', 'o', 'contact', '{}', now(), now(), now()) returning id`,
    [uuidV7(), runs.stack.workspaceId, runs.stack.inboxId],
  );
  const none = await runs.json<Refusal>(`/api/runs/${unknown?.id}/history`);
  expect([none.status, none.body.error.code]).toEqual([404, 'no_history']);
  await runs.stack.query('delete from inbound_events where id = $1', [unknown?.id]);
});

test('the trace of a message, from the webhook to the acknowledgement', async () => {
  const { run, eventId, flowId } = await runs.asked(from, { keyword: 'start' });
  await runs.stack.publish(askFlow({ keyword: 'other' }), 'Another');
  interface Trace {
    entries: { at?: string; kind: string; title: string; evidence: Record<string, unknown> }[];
  }
  const idOf = async (text: string): Promise<string> => {
    const [row] = await runs.stack.query<{ id: string }>(
      'select id from messages where conversation_id = $1 and text = $2',
      [await runs.conversation(from), text],
    );
    return row?.id ?? '';
  };
  const trace = async (text: string): Promise<Trace['entries']> =>
    (await runs.json<Trace>(`/api/messages/${await idOf(text)}/trace`)).body.entries;
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
  await runs.stack.say(from, '7');
  await runs.stack.quiet();
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
  await runs.stack.say(from, 'nobody listens');
  await runs.stack.quiet();
  const unmatched = (await trace('nobody listens')).find((entry) => entry.kind === 'routed');
  expect(unmatched).toMatchObject({ title: 'No trigger fired', evidence: { kind: 'none' } });
  expect(unmatched?.evidence['considered']).toHaveLength(2);
});
