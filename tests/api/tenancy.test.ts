/** I9 in the database itself: what the API's role can reach, table by table as the catalog lists them. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINE_ONLY, OUTSIDE_WORKSPACES } from '#db/roles.ts';
import { uuidV7 } from '#domain/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

interface Column {
  name: string;
  type: string;
  needed: boolean;
}

/** Functions that run as their owner, and the table whose ids they answer. */
const SEARCHES = [
  { name: 'search_conversations', table: 'conversations' },
  { name: 'search_customers', table: 'customers' },
];

let database: TestDatabase;
let owner: Client;
let app: Client;
/** Tables with a workspace_id, without partitions. */
let tables: string[];
const [a, b] = [uuidV7(), uuidV7()];
const [personA, personB] = [uuidV7(), uuidV7()];

beforeAll(async () => {
  database = await createTestDatabase();
  const connect = async (role: string): Promise<Client> => {
    const client = new Client({ connectionString: database.url, options: `-c role=${role}` });
    await client.connect();
    return client;
  };
  [owner, app] = await Promise.all([connect('teloring_owner'), connect('teloring_app')]);
  tables = await tablesWhere('exists');
  await fill();
});
afterAll(async () => {
  await Promise.all([owner.end(), app.end()]);
  await database.drop();
});

describe('the catalog', () => {
  test('every table says which workspace it belongs to, or is listed with the reason why not', async () => {
    const without = await tablesWhere('not exists');
    expect(without.sort()).toEqual(Object.keys(OUTSIDE_WORKSPACES).sort());
    expect(tables.length).toBeGreaterThan(20);
  });

  test('row-level security is on and forced for every table the API can reach', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        where c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
          and (has_table_privilege('teloring_app', c.oid, 'select, insert, update, delete'))`,
    );
    expect(rows).toEqual([]);
  });

  test('no role of ours is a superuser or passes row-level security by', async () => {
    const { rows } = await owner.query(
      `select rolname from pg_roles where rolname like 'teloring\\_%' and (rolsuper or rolbypassrls)`,
    );
    expect(rows).toEqual([]);
  });

  test('views and functions open no side door', async () => {
    const views =
      await owner.query(`select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and relkind in ('v', 'm')`);
    expect(views.rows).toEqual([]);
    const definers = await owner.query<{ proname: string }>(
      `select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'public' and prosecdef and has_function_privilege('teloring_app', p.oid, 'execute') order by 1`,
    );
    // The first makes partitions and answers nothing; the others ask for the workspace themselves (tested below).
    expect(definers.rows.map((row) => row.proname)).toEqual([
      'ensure_partitions',
      ...SEARCHES.map((search) => search.name),
    ]);
  });
});

describe('without a workspace', () => {
  test('every table reads nothing', async () => {
    for (const table of [...tables, 'workspaces', 'users']) {
      if (ENGINE_ONLY.includes(table)) continue;
      expect([table, await count(table)]).toEqual([table, 0]);
    }
  });
  test('the engine-only tables are not even readable', async () => {
    for (const table of ENGINE_ONLY)
      await expect(app.query(`select 1 from ${table}`)).rejects.toThrow(/permission denied/);
  });
  test('the searches find nothing', async () => {
    for (const { name } of SEARCHES)
      expect([name, (await app.query(`select * from ${name}('%')`)).rows]).toEqual([name, []]);
  });
  test('nothing can be written', async () => {
    for (const table of reachable())
      await expect(insertAs(app, table, a)).rejects.toThrow(/row-level security/);
    for (const table of ['workspaces', 'users']) {
      await expect(app.query(`update ${table} set name = 'x'`)).rejects.toThrow(/permission denied/);
    }
  });
});

describe('with workspace A set', () => {
  test('its own rows are there, and nothing of B', async () => {
    for (const table of reachable()) {
      const rows = await inA(
        async () => (await app.query<{ workspace_id: string }>(`select workspace_id from ${table}`)).rows,
      );
      expect([table, [...new Set(rows.map((row) => row.workspace_id))]]).toEqual([table, [a]]);
    }
  });
  test('of the tables outside, only itself and its members', async () => {
    expect(await inA(async () => (await app.query('select id from workspaces')).rows)).toEqual([{ id: a }]);
    expect(await inA(async () => (await app.query('select id from users')).rows)).toEqual([{ id: personA }]);
  });
  test('rows of B can be neither written, changed, moved nor deleted', async () => {
    for (const table of reachable()) {
      await expect(inA(() => insertAs(app, table, b))).rejects.toThrow(/row-level security/);
      if (table === 'audit_log') continue;
      expect([
        table,
        await inA(
          async () => (await app.query(`delete from ${table} where workspace_id = $1`, [b])).rowCount,
        ),
      ]).toEqual([table, 0]);
      expect([
        table,
        await inA(
          async () =>
            (await app.query(`update ${table} set workspace_id = workspace_id where workspace_id = $1`, [b]))
              .rowCount,
        ),
      ]).toEqual([table, 0]);
      await expect(inA(() => app.query(`update ${table} set workspace_id = $1`, [b]))).rejects.toThrow(
        /row-level security/,
      );
    }
  });
  test('the audit log is only ever added to', async () => {
    await expect(inA(() => app.query(`update audit_log set actor_name = 'x'`))).rejects.toThrow(
      /permission denied/,
    );
    await expect(inA(() => app.query(`delete from audit_log`))).rejects.toThrow(/permission denied/);
  });
  test('the searches find A only', async () => {
    for (const { name, table } of SEARCHES) {
      const strangers = await inA(async () => {
        const found = await app.query<{ id: string }>(`select ${name} as id from ${name}('%')`);
        const own = await app.query<{ id: string }>(`select id from ${table}`);
        const ids = new Set(own.rows.map((row) => row.id));
        expect([name, found.rows.length]).toEqual([name, 1]);
        return found.rows.filter((row) => !ids.has(row.id));
      });
      expect([name, strangers]).toEqual([name, []]);
    }
  });
  test('the setting ends with the transaction', async () => {
    await inA(() => app.query('select 1'));
    expect(await count('inboxes')).toBe(0);
  });
  test('partitions are reached through their parent only', async () => {
    const { rows } = await owner.query<{ name: string }>(
      'select inhrelid::regclass::text as name from pg_inherits',
    );
    const partitions = rows
      .map((row) => row.name)
      .filter((name) => /^(inbound_events|run_steps)_/.test(name) && !/idx|pkey|key/.test(name));
    expect(partitions.length).toBeGreaterThan(4);
    for (const partition of partitions) {
      const attempt = inA(() => app.query(`select 1 from ${partition}`));
      await expect(attempt).rejects.toThrow(/permission denied|is an index|not a table|cannot open relation/);
    }
  });
});

const reachable = (): string[] => tables.filter((table) => !ENGINE_ONLY.includes(table));

async function count(table: string): Promise<number> {
  return Number((await app.query<{ n: string }>(`select count(*) as n from ${table}`)).rows[0]?.n);
}

async function inA<T>(work: () => Promise<T>): Promise<T> {
  await app.query('begin');
  try {
    await app.query("select set_config('app.workspace', $1, true)", [a]);
    return await work();
  } finally {
    await app.query('rollback');
  }
}

async function tablesWhere(exists: 'exists' | 'not exists'): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
      where c.relkind in ('r', 'p') and not c.relispartition and ${exists} (
        select from pg_attribute where attrelid = c.oid and attname = 'workspace_id' and not attisdropped)
      order by 1`,
  );
  return rows.map((row) => row.name);
}

/** One row of each workspace in every table. Foreign keys are off while filling: only whose row it is matters here. */
async function fill(): Promise<void> {
  const superuser = new Client({ connectionString: database.url });
  await superuser.connect();
  try {
    await superuser.query("set session_replication_role = 'replica'");
    for (const [id, person, slug] of [
      [a, personA, 'a'],
      [b, personB, 'b'],
    ]) {
      await superuser.query('insert into workspaces (id, name, slug) values ($1, $2, $2)', [id, slug]);
      await superuser.query('insert into users (id, name, email) values ($1, $2, $2)', [person, slug]);
      await superuser.query(
        "insert into members (id, workspace_id, user_id, role) values ($1, $2, $3, 'admin')",
        [uuidV7(), id, person],
      );
    }
    for (const table of tables) {
      if (table === 'members') continue;
      for (const id of [a, b]) await insertAs(superuser, table, id);
    }
    // Each workspace's one message belongs to its one conversation, so that a search can find it.
    await superuser.query(
      'update messages m set conversation_id = c.id from conversations c where c.workspace_id = m.workspace_id',
    );
  } finally {
    await superuser.end();
  }
}

async function insertAs(client: Client, table: string, workspaceId: string): Promise<void> {
  const columns = (await columnsOf(table)).filter(
    (column) => column.needed || column.name === 'workspace_id',
  );
  const checked = await choices(table);
  const values = columns.map((column) =>
    column.name === 'workspace_id' ? workspaceId : (checked.get(column.name) ?? sample(column.type)),
  );
  await client.query(
    `insert into ${table} (${columns.map((column) => column.name).join(', ')}) values (${values.map((_, index) => `$${index + 1}`).join(', ')})`,
    values,
  );
}

async function columnsOf(table: string): Promise<Column[]> {
  const { rows } = await owner.query<Column>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
            a.attnotnull and not a.atthasdef and a.attidentity = '' as needed
       from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  );
  return rows;
}

/** The first value each `check (column in (…))` allows. */
async function choices(table: string): Promise<Map<string, string>> {
  const { rows } = await owner.query<{ definition: string }>(
    `select pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'c' and conrelid = $1::regclass`,
    [table],
  );
  return new Map(
    rows.flatMap(({ definition }) => {
      const match = /^CHECK \(\((\w+) = ANY \(ARRAY\['(\w+)'/.exec(definition);
      return match?.[1] !== undefined && match[2] !== undefined ? [[match[1], match[2]] as const] : [];
    }),
  );
}

function sample(type: string): unknown {
  if (type === 'uuid') return uuidV7();
  if (type === 'bytea') return Buffer.from(randomUUID());
  if (type === 'jsonb') return '{}';
  if (type === 'boolean') return false;
  if (type === 'text[]') return [];
  if (/^(integer|bigint|smallint|numeric)/.test(type)) return 1;
  if (type.startsWith('timestamp')) return new Date();
  return randomUUID();
}
