/** Database roles, grants and row-level security, derived from the tables and renewed after every migration. */
import type pg from 'pg';

/** Tables without a workspace column, and why the API may see them across workspaces. The schema test holds this list complete. */
export const OUTSIDE_WORKSPACES: Readonly<Record<string, string>> = {
  workspaces: 'is the workspace itself; read through membership',
  schema_migrations: 'the list of applied migrations',
};

/** Tables the API never touches, not even with a workspace set: ingress only. */
const ENGINE_ONLY = ['inbound_keys'];

export async function createRoles(client: pg.ClientBase): Promise<void> {
  for (const role of ['teloring_owner', 'teloring_engine', 'teloring_app']) {
    await client.query(`do $$ begin
      if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin nosuperuser; end if;
    exception when duplicate_object or unique_violation then null; end $$`);
    await client.query(`do $$ begin
      if not pg_has_role(current_user, '${role}', 'member') then execute format('grant ${role} to %I', current_user); end if;
    end $$`);
  }
  await client.query('grant create, usage on schema public to teloring_owner');
}

export async function grantRoles(client: pg.ClientBase): Promise<void> {
  await client.query('grant usage on schema public to teloring_engine, teloring_app');
  await client.query('grant select, insert, update, delete on all tables in schema public to teloring_engine, teloring_app');
  await client.query('grant usage, select on all sequences in schema public to teloring_engine, teloring_app');
  await client.query('grant execute on all functions in schema public to teloring_engine, teloring_app');
  for (const table of ENGINE_ONLY) await client.query(`revoke all on ${table} from teloring_app`);
  const partitions = await client.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits join pg_class c on c.oid = inhparent where c.relkind = 'p'`,
  );
  // A partition has no policies of its own: it is reached through its parent only.
  for (const { name } of partitions.rows) await client.query(`revoke all on ${name} from teloring_app`);
  const tables = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c
       join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
      where c.relkind in ('r', 'p') and not c.relispartition`,
  );
  for (const { name } of tables.rows) {
    await client.query(`alter table ${name} enable row level security`);
    await client.query(`alter table ${name} force row level security`);
    await client.query(`drop policy if exists one_workspace on ${name}`);
    await client.query(`create policy one_workspace on ${name} to teloring_app
      using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid)`);
    await client.query(`drop policy if exists every_workspace on ${name}`);
    await client.query(`create policy every_workspace on ${name} to teloring_engine, teloring_owner using (true)`);
  }
}
