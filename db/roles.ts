/** Database roles, grants and row-level security, derived from the tables and renewed after every migration. */
import type pg from 'pg';

/** Tables without a workspace column, and why. The schema test holds this list complete. */
export const OUTSIDE_WORKSPACES: Readonly<Record<string, string>> = {
  workspaces: 'is the workspace itself; teloring_app sees the one it has set',
  users: 'a person may belong to several workspaces; teloring_app sees the members of the one it has set',
  sessions: 'a sign-in of a person, before any workspace; teloring_app has no access',
  accounts: 'password hashes of a person; teloring_app has no access',
  verifications: 'password resets of a person; teloring_app has no access',
  rate_limits: 'counts requests before anybody is known; teloring_app has no access',
  sign_in_failures: 'counts wrong passwords before anybody is known; teloring_app has no access',
  mailbox_holders: 'processes that look after mailboxes of every workspace; teloring_app has no access',
  schema_migrations: 'the list of applied migrations; teloring_app has no access',
};

/** Tables the API's role never touches, not even with a workspace set: ingress, and the auth library's own. */
export const ENGINE_ONLY = [
  'inbound_keys',
  'sessions',
  'accounts',
  'verifications',
  'rate_limits',
  'sign_in_failures',
  'mailbox_holders',
  'schema_migrations',
];

const currentWorkspace = "nullif(current_setting('app.workspace', true), '')::uuid";
/** Policies of tables that are a workspace's without a column that says so; read only. */
const READ_ONLY_POLICIES: Readonly<Record<string, string>> = {
  workspaces: `id = ${currentWorkspace}`,
  users: `exists (select from members where members.user_id = users.id and members.workspace_id = ${currentWorkspace})`,
};

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
  // Trusted, so a database's owner may add it; teloring_owner may not.
  await client.query('create extension if not exists pg_trgm');
}

export async function grantRoles(client: pg.ClientBase): Promise<void> {
  await client.query('grant usage on schema public to teloring_engine, teloring_app');
  await client.query(
    'grant select, insert, update, delete on all tables in schema public to teloring_engine, teloring_app',
  );
  await client.query(
    'grant usage, select on all sequences in schema public to teloring_engine, teloring_app',
  );
  await client.query('grant execute on all functions in schema public to teloring_engine, teloring_app');
  for (const table of ENGINE_ONLY) await client.query(`revoke all on ${table} from teloring_app`);
  // What happened stays as it was written.
  await client.query('revoke update, delete on audit_log from teloring_app, teloring_engine');
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
      using (workspace_id = ${currentWorkspace})`);
    await client.query(`drop policy if exists every_workspace on ${name}`);
    await client.query(
      `create policy every_workspace on ${name} to teloring_engine, teloring_owner using (true)`,
    );
  }
  for (const [name, visible] of Object.entries(READ_ONLY_POLICIES)) {
    await client.query(`revoke insert, update, delete on ${name} from teloring_app`);
    await client.query(`alter table ${name} enable row level security`);
    await client.query(`alter table ${name} force row level security`);
    await client.query(`drop policy if exists this_workspace on ${name}`);
    await client.query(
      `create policy this_workspace on ${name} for select to teloring_app using (${visible})`,
    );
    await client.query(`drop policy if exists every_workspace on ${name}`);
    await client.query(
      `create policy every_workspace on ${name} to teloring_engine, teloring_owner using (true)`,
    );
  }
}
