/** I9 over HTTP: every route there is, asked by workspace A about everything of workspace B. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from 'kysely';
import { createTestApi, type TestApi } from '../support/api.ts';
import { fillWorkspace, type WorkspaceRows } from '../support/workspace-rows.ts';

let api: TestApi;
let ours: WorkspaceRows;
let theirs: WorkspaceRows;
let theirIds: string[];
beforeAll(async () => {
  api = await createTestApi({}, { TELORING_EMBEDDED: 'postgres,temporal', TELORING_SANDBOX: '1' });
  const { engineDb, keyring } = api.deps;
  ours = await fillWorkspace(engineDb, keyring, api.workspace.id, 'oursmark', api.workspace.users.admin);
  theirs = await fillWorkspace(engineDb, keyring, api.other.id, 'theirmark', api.other.users.admin);
  const members = await engineDb
    .selectFrom('members')
    .select('id')
    .where('workspace_id', '=', api.other.id)
    .execute();
  const keys = await engineDb
    .selectFrom('api_keys')
    .select('id')
    .where('workspace_id', '=', api.other.id)
    .execute();
  theirIds = [
    ...Object.values(theirs.ids),
    ...Object.values(api.other.users),
    ...[...members, ...keys].map((row) => row.id),
    api.other.id,
  ];
});
afterAll(() => api.close());

interface Route {
  method: string;
  path: string;
}
/** Routes of members and keys; the open ones check their callers by other means. */
const routes = (): Route[] => {
  const all = api.app.routes.filter(
    ({ method, path }) => method !== 'ALL' && /^\/(api|sandbox\/api)\//.test(path),
  );
  const closed = all.filter(
    ({ path }) => !/^\/api\/(auth|docs|openapi\.json|invitations\/(lookup|accept))/.test(path),
  );
  return [...new Map(closed.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
};

async function ask(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
  const response = await api.request(path, { method, ...(method !== 'GET' && { body: body ?? {} }) });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const reader = response.body?.getReader();
    const stop = setTimeout(() => void reader?.cancel(), 300);
    let text = '';
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += Buffer.from(part.value).toString();
    clearTimeout(stop);
    return { status: response.status, text };
  }
  return { status: response.status, text: await response.text() };
}

/** Everything stored of a workspace, to see that it stays as it is. */
async function stored(workspaceId: string): Promise<string> {
  const tables = await sql<{ name: string }>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
     where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'inbound_keys' order by 1`.execute(
    api.deps.engineDb,
  );
  const rows: unknown[] = [];
  for (const { name } of tables.rows) {
    const content =
      await sql`select to_jsonb(t) - 'last_used_at' as row from ${sql.table(name)} t where workspace_id = ${workspaceId} order by t::text`.execute(
        api.deps.engineDb,
      );
    rows.push([name, content.rows]);
  }
  return JSON.stringify(rows);
}

/** Passes most schemas: unknown fields are ignored. Every reference is to something of theirs. */
const body = (): object => ({
  name: 'taken over',
  text: 'taken over',
  clientMessageId: 'from-another-workspace',
  status: 'resolved',
  owner: 'human',
  enabled: false,
  versionNo: 1,
  role: 'agent',
  seq: 1,
  labels: [`label-${theirs.mark}`],
  assigneeId: api.other.users.agent,
  teamId: theirs.ids['team'],
  customerId: theirs.ids['customer'],
});

test('our own rows are found where they are asked for', async () => {
  const lists = await Promise.all(
    ['/api/inboxes', '/api/conversations', '/api/customers', '/api/flows', '/api/teams', '/api/labels'].map(
      (path) => ask('GET', path),
    ),
  );
  for (const { status, text } of lists) expect([status, text.includes('oursmark')]).toEqual([200, true]);
});

test('no list or page of ours shows anything of theirs', async () => {
  for (const { method, path } of routes().filter(
    (route) => route.method === 'GET' && !route.path.includes(':'),
  )) {
    const { text } = await ask(method, path);
    expect([path, shown(text)]).toEqual([path, []]);
  }
});

test('no filter reaches across', async () => {
  const { users } = api.other;
  const filters = {
    inboxId: theirs.ids['api'],
    conversationId: theirs.ids['conversation'],
    flowId: theirs.ids['flow'],
    customerId: theirs.ids['customer'],
    teamId: theirs.ids['team'],
    assigneeId: users.agent,
    actorId: users.admin,
    subjectId: theirs.ids['conversation'],
    cursor: theirs.ids['message'],
    label: `label-${theirs.mark}`,
    q: theirs.mark,
  };
  for (const { method, path } of routes().filter(
    (route) => route.method === 'GET' && !route.path.includes(':'),
  )) {
    for (const [filter, value = ''] of Object.entries(filters)) {
      const { text } = await ask(method, `${path}?${filter}=${value}&limit=100`);
      expect([path, filter, shown(text).filter((what) => what !== value)]).toEqual([path, filter, []]);
    }
  }
});

test('nothing of theirs is read by its id', async () => {
  for (const { method, path } of routes().filter(
    (route) => route.method === 'GET' && route.path.includes(':'),
  )) {
    for (const id of theirIds) {
      const { status, text } = await ask(method, path.replaceAll(/:\w+/g, id));
      expect([path, id, status]).toEqual([path, id, 404]);
      expect([path, text.includes(theirs.mark)]).toEqual([path, false]);
    }
  }
});

test('nothing of theirs is changed by its id', async () => {
  const before = await stored(api.other.id);
  for (const { method, path } of routes().filter(
    (route) => route.method !== 'GET' && route.path.includes(':'),
  )) {
    for (const id of theirIds) {
      const { status, text } = await ask(method, path.replaceAll(/:\w+/g, id), body());
      expect([method, path, status, [400, 404, 409, 422].includes(status)]).toEqual([
        method,
        path,
        status,
        true,
      ]);
      expect([path, text.includes(theirs.mark)]).toEqual([path, false]);
    }
  }
  const label = `label-${theirs.mark}`;
  expect((await ask('DELETE', `/api/labels/${label}`)).status).toBe(404);
  expect(await stored(api.other.id)).toBe(before);
  expect(api.engineCalls).toEqual([]);
}, 120_000);

test('nothing of ours can be tied to theirs', async () => {
  const before = await stored(api.other.id);
  const { conversation } = ours.ids;
  for (const change of [
    { assigneeId: api.other.users.agent },
    { teamId: theirs.ids['team'] },
    { customerId: theirs.ids['customer'] },
  ]) {
    const { status } = await ask('PATCH', `/api/conversations/${conversation}`, change);
    expect([change, status]).toEqual([change, 422]);
  }
  const row = await api.deps.engineDb
    .selectFrom('conversations')
    .innerJoin('contacts', 'contacts.id', 'conversations.contact_id')
    .select(['conversations.assignee_id', 'conversations.team_id', 'contacts.customer_id'])
    .where('conversations.id', '=', conversation ?? '')
    .executeTakeFirstOrThrow();
  expect(row).toEqual({ assignee_id: null, team_id: null, customer_id: ours.ids['customer'] });
  expect(await stored(api.other.id)).toBe(before);
});

/** What of theirs a text contains. */
function shown(text: string): string[] {
  return [theirs.mark, ...theirIds].filter((what) => text.includes(what));
}
