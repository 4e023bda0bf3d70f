-- Signing in at a provider: who began it, for what. Taken away by its first use.
create table oauth_states (
  state_hash bytea primary key,              -- SHA-256 of what goes through the browser
  workspace_id uuid not null references workspaces on delete cascade,
  provider text not null,
  user_id uuid references users on delete cascade,       -- null: begun with an API key
  api_key_id uuid references api_keys on delete cascade,
  inbox_id uuid references inboxes on delete cascade,    -- to be authorized again; null for a new one
  name text not null,
  sandbox boolean not null,
  verifier bytea not null,                   -- of PKCE, sealed
  expires_at timestamptz not null
);
create index oauth_states_workspace on oauth_states (workspace_id);
create index oauth_states_expired on oauth_states (expires_at);
create index oauth_states_user on oauth_states (user_id);
create index oauth_states_api_key on oauth_states (api_key_id);
create index oauth_states_inbox on oauth_states (inbox_id);

-- What Microsoft tells of a mailbox hangs on a subscription that ends after a week at most. One row per connected mailbox; kept by
-- `subscription/<inbox id>`, which sleeps until `check_at`.
create table microsoft_subscriptions (
  inbox_id uuid primary key references inboxes on delete cascade,
  workspace_id uuid not null references workspaces on delete cascade,
  subscription_id text,                      -- null: there is none
  url text,                                  -- where it was told to call
  expires_at timestamptz,
  reauthorize boolean not null default false, -- Microsoft has asked for it
  told integer not null default 0,           -- how often Microsoft has said something of it: a look that began before leaves it due
  problem text,                              -- why there is none, in Microsoft's words
  check_at timestamptz not null default now(),
  checked_at timestamptz
);
create index microsoft_subscriptions_due on microsoft_subscriptions (check_at);
create index microsoft_subscriptions_workspace on microsoft_subscriptions (workspace_id);
