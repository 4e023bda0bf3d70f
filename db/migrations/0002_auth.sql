-- People, sessions, memberships, invitations, API keys, teams' members, the audit log.
-- users … rate_limits are read and written by the auth library (api/auth/auth.ts maps its names), as teloring_engine.

create table users (
  id uuid primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null default false,
  image text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table sessions (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  token text not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  active_workspace_id uuid references workspaces on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sessions_user on sessions (user_id);
create index sessions_workspace on sessions (active_workspace_id);

create table accounts (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  account_id text not null,
  provider_id text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, account_id)
);
create index accounts_user on accounts (user_id);

create table verifications (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verifications_identifier on verifications (identifier);

create table rate_limits (
  id uuid primary key,
  key text not null unique,
  count integer not null,
  last_request bigint not null
);

-- Wrong passwords by account, whatever address they come from; the key is a hash of the address signed in with.
create table sign_in_failures (
  key bytea primary key,
  failures integer not null,
  window_started_at timestamptz not null default now()
);

create table members (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  user_id uuid not null references users on delete cascade,
  role text not null check (role in ('admin', 'builder', 'operator', 'agent')),
  created_at timestamptz not null default now(),
  unique (workspace_id, user_id)
);
create index members_user on members (user_id);

create table invitations (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  email text not null,
  role text not null check (role in ('admin', 'builder', 'operator', 'agent')),
  status text not null default 'pending' check (status in ('pending', 'accepted', 'rejected', 'canceled')),
  -- sha256 of what the link carries (nullable for the auth library's schema check; a link without one never opens)
  token_hash bytea unique,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  -- null: invited with an API key
  inviter_id uuid references users on delete set null
);
create unique index invitations_pending on invitations (workspace_id, email) where status = 'pending';
create index invitations_inviter on invitations (inviter_id);

create table team_members (
  workspace_id uuid not null references workspaces on delete cascade,
  team_id uuid not null references teams on delete cascade,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  primary key (team_id, user_id),
  -- who leaves the workspace leaves its teams
  foreign key (workspace_id, user_id) references members (workspace_id, user_id) on delete cascade
);
create index team_members_user on team_members (workspace_id, user_id);

create table api_keys (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null,
  role text not null check (role in ('admin', 'builder', 'operator', 'agent')),
  -- the first characters, to tell keys apart on screen
  prefix text not null,
  hash bytea not null unique,
  -- the one the deployment names (TELORING_API_KEY)
  configured boolean not null default false,
  created_by uuid references users on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create unique index api_keys_configured on api_keys (configured) where configured and revoked_at is null;
create index api_keys_workspace on api_keys (workspace_id, id desc);
create index api_keys_created_by on api_keys (created_by);

-- Who changed what. Only ever added to (db/roles.ts takes update and delete from every role but the owner).
create table audit_log (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  actor_kind text not null check (actor_kind in ('user', 'api_key', 'system')),
  actor_id uuid,
  actor_name text not null,
  action text not null,
  subject_kind text not null,
  subject_id text,
  diff jsonb not null default '{}',
  request_id uuid,
  created_at timestamptz not null default now()
);
create index audit_log_workspace on audit_log (workspace_id, id desc);
create index audit_log_subject on audit_log (workspace_id, subject_kind, subject_id, id desc);
