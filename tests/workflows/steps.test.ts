/** The steps that write rows, call HTTP or start other flows, through real workflows. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FlowDefinition, StepDefinition } from '#domain/flow/types.ts';
import { uuidV7 } from '#domain/ids.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let from: string;
beforeAll(async () => {
  stack = await startStack({ sweepEveryMs: 0 });
});
beforeEach(async () => {
  from = `contact-${uuidV7()}`;
  await stack.query('update flows set deleted_at = now()');
  stack.receiver.deliveries.length = 0;
});
afterAll(async () => {
  await stack?.close();
});

const flow = (entry: string, steps: Record<string, StepDefinition>): FlowDefinition => ({
  schemaVersion: 1,
  triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
  entry,
  steps,
});
const send = (text: string, next: string | null = null): StepDefinition => ({
  kind: 'send',
  params: { text },
  exits: { next, failed: null },
});
const texts = (): string[] => stack.receiver.deliveries.map((delivery) => delivery.body.message.text);
const contact = async () =>
  (
    await stack.query<{ name: string; email: string; fields: object; customer_id: string }>(
      'select name, email, fields, customer_id from contacts where external_id = $1',
      [from],
    )
  )[0];
const conversation = async () =>
  (
    await stack.query<{
      id: string;
      labels: string[];
      priority: string;
      owner: string;
      team_id: string | null;
      run_id: string | null;
    }>('select c.* from conversations c join contacts k on k.id = c.contact_id where k.external_id = $1', [
      from,
    ])
  )[0];

test('set, label, assign and hand off write their rows in the run’s own transaction', async () => {
  const teamId = uuidV7();
  await stack.query('insert into teams (id, workspace_id, name) values ($1, $2, $3)', [
    teamId,
    stack.workspaceId,
    `Team ${teamId}`,
  ]);
  await stack.publish(
    flow('name', {
      name: {
        kind: 'set',
        params: { target: 'contact', field: 'name', value: 'Ada' },
        exits: { next: 'plan' },
      },
      plan: {
        kind: 'set',
        params: { target: 'contact', field: 'fields.plan', value: 'gold' },
        exits: { next: 'customer' },
      },
      customer: {
        kind: 'set',
        params: { target: 'customer', field: 'fields.vip', value: true },
        exits: { next: 'priority' },
      },
      priority: {
        kind: 'set',
        params: { target: 'conversation', field: 'priority', value: 'high' },
        exits: { next: 'label' },
      },
      label: { kind: 'label', params: { add: ['vip'] }, exits: { next: 'assign' } },
      assign: { kind: 'assign', params: { teamId }, exits: { next: 'hello' } },
      hello: send('Hello {{contact.name}}, {{contact.fields.plan}}', 'person'),
      person: { kind: 'handoff', params: { note: 'Please take over' }, exits: {} },
    }),
  );
  await stack.say(from, 'hi');
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()).toEqual(['Hello Ada, gold']);
  expect(await contact()).toMatchObject({ name: 'Ada', fields: { plan: 'gold' } });
  expect(
    await stack.query('select name, fields from customers where id = $1', [(await contact())?.customer_id]),
  ).toEqual([{ name: 'Ada', fields: { vip: true } }]);
  expect(await conversation()).toMatchObject({
    labels: ['vip'],
    priority: 'high',
    owner: 'human',
    team_id: teamId,
    run_id: null,
  });
  // A person answers now: the next message starts no flow.
  const event = await stack.say(from, 'anybody?');
  await stack.quiet();
  expect(
    (
      await stack.query<{ routing: { kind: string } }>('select routing from messages where event_id = $1', [
        event,
      ])
    )[0]?.routing.kind,
  ).toBe('person');
});

test('an HTTP step is a regular activity, maps its answer, and takes `error` for anything but 2xx', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(request.url === '/missing' ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ order: { status: 'shipped' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await stack.publish(
    flow('ask', {
      ask: {
        kind: 'http',
        params: {
          method: 'GET',
          url: `${url}/orders/{{message.text}}`,
          timeoutMs: 5000,
          save: { status: 'body.order.status' },
        },
        exits: { ok: 'tell', error: null },
      },
      tell: send('It is {{vars.status}}', 'again'),
      again: {
        kind: 'http',
        params: { method: 'POST', url: `${url}/missing`, body: '{}', timeoutMs: 5000 },
        exits: { ok: null, error: 'sorry' },
      },
      sorry: send('Not there: {{vars.http_status}}'),
    }),
  );
  await stack.say(from, '42');
  await stack.receiver.waitFor(2);
  await stack.quiet();
  expect(texts()).toEqual(['It is shipped', 'Not there: 404']);
  expect(seen).toEqual(['GET /orders/42', 'POST /missing']);
  await new Promise((resolve) => server.close(resolve));
});

test('a private address is not called, and the step says so', async () => {
  await stack.publish(
    flow('call', {
      call: {
        kind: 'http',
        params: { method: 'GET', url: 'http://169.254.169.254/latest/meta-data', timeoutMs: 2000 },
        exits: { ok: null, error: 'sorry' },
      },
      sorry: send('Refused: {{vars.http_error}}'),
    }),
  );
  await stack.say(from, 'hi');
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()[0]).toMatch(/^Refused: .+/);
});

test('a delay outlives the message', async () => {
  await stack.publish(
    flow('wait', {
      wait: { kind: 'delay', params: { seconds: 1 }, exits: { next: 'later' } },
      later: send('Later'),
    }),
  );
  await stack.say(from, 'hi');
  await stack.until(
    'it waits',
    async () =>
      (await stack.query(`select 1 from runs where status = 'waiting' and waiting_for = 'delay'`)).length ===
      1,
  );
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()).toEqual(['Later']);
});

test('start_flow: as the last step it takes over, before others it runs beside', async () => {
  const other = await stack.publish(
    { ...flow('say', { say: send('From the other flow') }), triggers: [] },
    'Other',
  );
  const keyword = (value: string, definition: FlowDefinition): FlowDefinition => ({
    ...definition,
    triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'keyword', value } }],
  });
  await stack.publish(
    keyword(
      'last',
      flow('start', { start: { kind: 'start_flow', params: { flowId: other }, exits: { next: null } } }),
    ),
    'Last',
  );
  await stack.publish(
    keyword(
      'beside',
      flow('start', {
        start: { kind: 'start_flow', params: { flowId: other }, exits: { next: 'own' } },
        own: send('From the first flow'),
      }),
    ),
    'Beside',
  );
  await stack.say(from, 'last');
  await stack.receiver.waitFor(1);
  await stack.quiet();
  expect(texts()).toEqual(['From the other flow']);
  await stack.say(from, 'beside');
  await stack.receiver.waitFor(3);
  await stack.quiet();
  expect(texts().slice(1).toSorted()).toEqual(['From the first flow', 'From the other flow']);
  const runs = await stack.query(
    'select background, status from runs where conversation_id = $1 order by id',
    [(await conversation())?.id],
  );
  expect(runs).toEqual(
    expect.arrayContaining([
      { background: true, status: 'completed' },
      { background: false, status: 'completed' },
    ]),
  );
});

test('a send without an answer lets the run go on, and is not repeated', async () => {
  stack.receiver.answer = (delivery) =>
    delivery.body.message.text === 'First'
      ? { status: 200, drop: true }
      : { status: 200, body: { id: delivery.key } };
  await stack.publish(
    flow('first', {
      first: { kind: 'send', params: { text: 'First' }, exits: { next: 'second', failed: null } },
      second: send('Second'),
    }),
  );
  await stack.say(from, 'hi');
  await stack.receiver.waitFor(2);
  await stack.quiet();
  // No answer is not a failure: the run goes on, and nothing is sent twice.
  expect(texts()).toEqual(['First', 'Second']);
});
