/** db/schema.ts says what the migrated database is: table by table, column by column, type and nullability. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uuidV7 } from '#domain/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

interface Column {
  /** What a select brings. */
  type: string;
  nullable: boolean;
  /** An insert may leave it out: a default, an identity, or null. */
  optional: boolean;
}
type Tables = Record<string, Record<string, Column>>;

const kinds: Readonly<Record<string, string>> = {
  uuid: 'string',
  text: 'string',
  xid8: 'string',
  boolean: 'boolean',
  integer: 'number',
  bigint: 'number',
  jsonb: 'Json',
  bytea: 'Buffer',
  'text[]': 'string[]',
  'uuid[]': 'string[]',
  'timestamp with time zone': 'Date',
};

async function migrated(): Promise<Tables> {
  const { rows } = await client.query<{
    table: string;
    column: string;
    type: string;
    notnull: boolean;
    default: boolean;
  }>(
    `select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as notnull,
            a.atthasdef or a.attidentity <> '' as default
       from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'schema_migrations'`,
  );
  const tables: Tables = {};
  for (const row of rows) {
    const table = (tables[row.table] ??= {});
    table[row.column] = {
      type: kinds[row.type] ?? `no TypeScript type known for ${row.type}`,
      nullable: !row.notnull,
      optional: !row.notnull || row.default,
    };
  }
  return tables;
}

/** Read with the compiler's parser, so that what is written is what is compared. */
function written(): Tables {
  const interfaces = new Map(
    [
      'schema.ts',
      'schema-people.ts',
      'schema-live-chat.ts',
      'schema-email.ts',
      'schema-mailboxes.ts',
      'schema-microsoft.ts',
      'schema-voice.ts',
    ]
      .map((name) => path.join(import.meta.dirname, '../../db', name))
      .map((file) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true))
      .flatMap((source) => [...source.statements])
      .filter(ts.isInterfaceDeclaration)
      .map((declaration) => [declaration.name.text, declaration]),
  );
  const schema = interfaces.get('Schema');
  if (!schema) throw new Error('db/schema.ts has no interface Schema.');
  return Object.fromEntries(
    properties(schema).map(({ name, type }) => {
      const table = interfaces.get(type.getText());
      if (!table) throw new Error(`Schema.${name} names ${type.getText()}, which is not there.`);
      return [
        name,
        Object.fromEntries(properties(table).map((property) => [property.name, column(property.type)])),
      ];
    }),
  );
}

function properties(declaration: ts.InterfaceDeclaration): { name: string; type: ts.TypeNode }[] {
  return declaration.members
    .filter(ts.isPropertySignature)
    .flatMap((member) => (member.type ? [{ name: member.name.getText(), type: member.type }] : []));
}

function column(type: ts.TypeNode): Column {
  if (ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Generated') {
    const inner = column(type.typeArguments?.[0] ?? type);
    return { ...inner, optional: true };
  }
  if (ts.isTypeReferenceNode(type) && type.typeName.getText() === 'ColumnType') {
    const [select, insert] = type.typeArguments ?? [];
    if (!select || !insert) throw new Error(`ColumnType without arguments: ${type.getText()}`);
    return {
      ...column(select),
      optional: members(insert).includes('undefined') || members(select).includes('null'),
    };
  }
  const all = members(type);
  return {
    type: all.filter((member) => member !== 'null').join(' | '),
    nullable: all.includes('null'),
    optional: all.includes('null'),
  };
}

function members(type: ts.TypeNode): string[] {
  return ts.isUnionTypeNode(type) ? type.types.map((member) => member.getText()) : [type.getText()];
}

test('db/schema.ts is the migrated database', async () => {
  const there = await migrated();
  expect(Object.keys(there).length).toBeGreaterThan(25);
  expect(written()).toEqual(there);
});

test('every foreign key has an index that begins with its columns', async () => {
  const { rows } = await client.query(
    `select k.conrelid::regclass::text as "table", k.conname as "key"
       from pg_constraint k join pg_class c on c.oid = k.conrelid and not c.relispartition
      where k.contype = 'f' and k.connamespace = 'public'::regnamespace
        and not exists (select from pg_index i where i.indrelid = k.conrelid
              and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey)`,
  );
  expect(rows).toEqual([]);
});

test('a search by text runs on its index although row-level security is on', async () => {
  const [workspaceId, inboxId, contactId, conversationId] = [uuidV7(), uuidV7(), uuidV7(), uuidV7()];
  await client.query(`insert into workspaces (id, name, slug) values ($1, 'w', 'w')`, [workspaceId]);
  await client.query(
    `insert into inboxes (id, workspace_id, type, name, account_key, credentials) values ($1, $2, 'api', 'i', 'a', '')`,
    [inboxId, workspaceId],
  );
  await client.query(
    `insert into contacts (id, workspace_id, inbox_id, external_id) values ($1, $2, $3, 'x')`,
    [contactId, workspaceId, inboxId],
  );
  await client.query(
    `insert into conversations (id, workspace_id, inbox_id, contact_id) values ($1, $2, $3, $4)`,
    [conversationId, workspaceId, inboxId, contactId],
  );
  await client.query(
    `insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, parts, text, status)
     select gen_random_uuid(), $1, $2, $3, n, 'in', 'contact', '[]', md5(n::text) || ' ' || md5((n * 7)::text), 'received'
       from generate_series(1, 20000) n`,
    [workspaceId, conversationId, inboxId],
  );
  // Also empties the index's list of pending entries, as autovacuum does.
  await client.query('vacuum analyze messages');
  const app = new Client({ connectionString: database.url, options: '-c role=teloring_app' });
  await app.connect();
  await app.query('begin');
  await app.query(`select set_config('app.workspace', $1, true)`, [workspaceId]);
  const found = await app.query(`select * from search_conversations('%c4ca4238a0b923820dcc509a6f75849b%')`);
  await app.query('commit');
  await app.query('select pg_stat_force_next_flush()');
  await app.query('select 1');
  await app.end();
  expect(found.rowCount).toBe(1);
  const scans = await client.query<{ n: number }>(
    `select idx_scan as n from pg_stat_user_indexes where indexrelname = 'messages_search'`,
  );
  expect(Number(scans.rows[0]?.n)).toBeGreaterThan(0);
});
