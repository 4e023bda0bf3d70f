-- The spine: workspaces, inboxes, ingress, conversations, flows, runs, outbox.
-- Roles: teloring_owner owns everything (migrations), teloring_engine (ingress, activities, sweeper) sees every workspace,
-- teloring_app (the API) sees one workspace per transaction. None of them is a superuser. They are created by db/roles.ts.

create table workspaces (
  id uuid primary key,
  name text not null,
  slug text not null unique,
  logo text,
  metadata text,
  created_at timestamptz not null default now()
);

create table inboxes (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  type text not null,
  name text not null,
  -- the provider's id of the account; with the type unique in the whole deployment, so that an event has one home
  account_key text not null,
  account_label text not null default '',
  sandbox boolean not null default false,
  state text not null default 'onboarding',
  inbound_health jsonb not null default '{"state":"unknown"}',
  outbound_health jsonb not null default '{"state":"unknown"}',
  settings jsonb not null default '{}',
  credentials bytea not null,
  -- false parks the outbox: rows wait, nothing fails
  can_send boolean not null default true,
  reopen_within_hours integer not null default 72 check (reopen_within_hours >= 0),
  last_in_at timestamptz,
  last_out_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create unique index inboxes_account on inboxes (type, account_key) where deleted_at is null;
create index inboxes_workspace on inboxes (workspace_id);

create table customers (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null default '',
  email text,
  phone text,
  company text,
  fields jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index customers_workspace on customers (workspace_id, id desc);

create table contacts (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  external_id text not null,
  name text,
  email text,
  phone text,
  avatar_url text,
  fields jsonb not null default '{}',
  customer_id uuid references customers on delete set null,
  blocked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (inbox_id, external_id)
);
create index contacts_workspace on contacts (workspace_id);
create index contacts_customer on contacts (customer_id);

create table teams (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null,
  created_at timestamptz not null default now(),
  unique (workspace_id, name)
);

create table labels (
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null,
  color text not null default 'neutral',
  created_at timestamptz not null default now(),
  primary key (workspace_id, name)
);

-- Ingress ------------------------------------------------------------------------------------------------------------
-- One row per accepted provider event, kept apart from the month partitions because a unique key must span all months.
create table inbound_keys (
  key bytea primary key,           -- sha256(provider, account key, provider event id)
  event_id uuid not null,
  workspace_id uuid
);

create sequence inbound_accept_no;

-- id is a UUIDv7, so a range of ids is a range of time and the primary key can be the partition key.
create table inbound_events (
  id uuid primary key,
  accept_no bigint not null default nextval('inbound_accept_no'),
  workspace_id uuid,               -- null only while unrouted
  inbox_id uuid,
  type text not null,
  account_key text not null,
  provider_event_id text not null,
  order_key text not null,
  kind text not null,              -- message, status, edit, delete, reaction, contact, unrouted …
  -- which provider message a status, edit or delete speaks of
  target_provider_message_id text,
  payload jsonb not null,          -- the parsed ChannelEvent
  raw bytea,                       -- the bytes as they came
  received_at timestamptz not null default now(),
  started_at timestamptz,          -- its workflow was started
  message_id uuid,                 -- what it became
  conversation_id uuid,
  ingested_at timestamptz,
  applied_at timestamptz,          -- a status, edit or delete found its message
  done_at timestamptz,             -- its workflow has nothing more to do
  error jsonb
) partition by range (id);
create index inbound_events_open on inbound_events (accept_no)
  where done_at is null and workspace_id is not null and kind in ('message', 'reaction', 'contact');
create index inbound_events_pending on inbound_events (order_key, accept_no) where ingested_at is null;
create index inbound_events_unmatched on inbound_events (inbox_id, target_provider_message_id) where applied_at is null and target_provider_message_id is not null;
create index inbound_events_workspace on inbound_events (workspace_id, id desc);
create index inbound_events_conversation on inbound_events (conversation_id);

create table conversations (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  contact_id uuid not null references contacts on delete cascade,
  thread_key text not null default '',
  reply_address jsonb not null default '{}',
  status text not null default 'open' check (status in ('open', 'pending', 'snoozed', 'resolved')),
  assignee_id uuid,
  team_id uuid references teams on delete set null,
  labels text[] not null default '{}',
  priority text not null default 'none' check (priority in ('none', 'low', 'medium', 'high', 'urgent')),
  snoozed_until timestamptz,
  -- the drive protocol
  owner text not null default 'none' check (owner in ('run', 'human', 'none')),
  automation_epoch integer not null default 0,
  run_id uuid,
  last_seq bigint not null default 0,
  last_in_seq bigint not null default 0,
  cursor bigint not null default 0,
  lease_holder text,
  lease_token bigint not null default 0,
  lease_at timestamptz,
  last_message_at timestamptz,
  last_in_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  resolved_at timestamptz,
  check ((owner = 'run') <= (run_id is not null))
);
create unique index conversations_open on conversations (inbox_id, contact_id, thread_key) where status <> 'resolved';
create index conversations_thread on conversations (contact_id, thread_key, created_at desc);
create index conversations_list on conversations (workspace_id, last_message_at desc, id desc);
create index conversations_team on conversations (team_id) where team_id is not null;
create index conversations_leased on conversations (lease_at) where lease_holder is not null;
create index conversations_unread on conversations (id) where cursor < last_in_seq;

-- The rows of every message (messages, activities, runs, outbox, what the screens hear) name their workspace, inbox and flow without a
-- foreign key: each check would lock one and the same row for every message of a workspace. They go with their conversation, flows and
-- inboxes are only marked as deleted, and the wall between workspaces is row-level security.
create table messages (
  id uuid primary key,
  workspace_id uuid not null,
  conversation_id uuid not null references conversations on delete cascade,
  inbox_id uuid not null,
  seq bigint not null,
  direction text not null check (direction in ('in', 'out', 'internal')),
  author_kind text not null check (author_kind in ('contact', 'agent', 'bot', 'system')),
  author_id uuid,
  author_name text,
  author_external_id text,
  parts jsonb not null,
  text text not null,
  status text not null,
  error jsonb,
  provider_message_id text,
  event_id uuid unique,
  client_message_id text,
  in_reply_to_id uuid,
  routing jsonb,                   -- which trigger took it and why; written when it is consumed
  sent_at timestamptz,             -- the provider's time
  delivered_at timestamptz,
  read_at timestamptz,
  edited_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  unique (conversation_id, seq)
);
create unique index messages_client_id on messages (conversation_id, client_message_id) where client_message_id is not null;
create index messages_provider_id on messages (inbox_id, provider_message_id) where provider_message_id is not null;
create index messages_workspace on messages (workspace_id, id desc);

create table conversation_reads (
  workspace_id uuid not null references workspaces on delete cascade,
  conversation_id uuid not null references conversations on delete cascade,
  user_id uuid not null,
  seq bigint not null,
  primary key (conversation_id, user_id)
);
create index conversation_reads_workspace on conversation_reads (workspace_id);

-- Lines of the thread that are not messages: assigned, labelled, resolved, taken over, flow started …
create table conversation_activities (
  id uuid primary key,
  workspace_id uuid not null,
  conversation_id uuid not null references conversations on delete cascade,
  after_seq bigint not null,
  kind text not null,
  actor_kind text not null,
  actor_id uuid,
  data jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index conversation_activities_conversation on conversation_activities (conversation_id, id);

-- Automation ---------------------------------------------------------------------------------------------------------
create table flows (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null,
  enabled boolean not null default true,
  position integer not null default 0,
  draft jsonb not null,
  published_version_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index flows_workspace on flows (workspace_id, position, id);

create table flow_versions (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  flow_id uuid not null references flows on delete cascade,
  version_no integer not null,
  definition jsonb not null,
  author_id uuid,
  note text,
  created_at timestamptz not null default now(),
  unique (flow_id, version_no)
);
create index flow_versions_workspace on flow_versions (workspace_id);
alter table flows add foreign key (published_version_id) references flow_versions;
create index flows_published on flows (published_version_id);

create table runs (
  id uuid primary key,             -- UUIDv7: steps are partitioned by it
  workspace_id uuid not null,
  conversation_id uuid references conversations on delete cascade,
  inbox_id uuid,
  flow_id uuid not null,
  version_id uuid not null,
  version_no integer not null,
  background boolean not null default false,
  trigger_message_id uuid,
  parent_run_id uuid,
  workflow_id text not null,
  status text not null check (status in ('active', 'waiting', 'paused', 'completed', 'failed', 'cancelled', 'terminated')),
  step_id text,
  step_no integer not null default 0,
  state jsonb not null,
  waiting_for text,
  deadline timestamptz,
  wake_at timestamptz,             -- when its workflow wants to look; null = only on signal
  wake_no integer not null default 0,
  woken_no integer not null default 0,
  resume boolean not null default false,   -- given back: go on at the next look
  ending text,                     -- 'taken_over' or 'cancelled': end at the next look
  depth integer not null default 0,        -- flows started by flows
  lease_holder text,
  lease_token bigint not null default 0,
  lease_at timestamptz,
  error jsonb,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz
);
create unique index runs_foreground on runs (conversation_id) where ended_at is null and not background;
create index runs_conversation on runs (conversation_id, id desc);
create index runs_workspace on runs (workspace_id, id desc);
create index runs_flow on runs (flow_id, id desc);
create index runs_inbox on runs (inbox_id);
create index runs_owed on runs (conversation_id) where wake_no > woken_no;
create index runs_open on runs (id) where ended_at is null;
alter table conversations add foreign key (run_id) references runs;
create index conversations_run on conversations (run_id) where run_id is not null;

create table run_steps (
  run_id uuid not null,
  step_no integer not null,
  workspace_id uuid not null,
  step_id text not null,
  kind text not null,
  entered_at timestamptz not null default now(),
  left_at timestamptz,
  input jsonb,
  output jsonb,
  exit text,
  error jsonb,
  primary key (run_id, step_no)
) partition by range (run_id);

create table outbox (
  id uuid primary key,             -- also the idempotency key given to the provider
  workspace_id uuid not null,
  conversation_id uuid,
  inbox_id uuid,
  run_id uuid references runs on delete cascade,
  step_no integer,
  effect_no integer,
  message_id uuid unique references messages on delete cascade,
  kind text not null check (kind in ('message', 'http')),
  payload jsonb not null,
  state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'failed', 'unknown', 'cancelled')),
  epoch integer not null,
  claim uuid,
  claimed_at timestamptz,
  claim_expires_at timestamptz,    -- after it nobody can still be calling under this claim
  attempts integer not null default 0,
  not_before timestamptz,
  give_up_at timestamptz,
  provider_message_id text,
  result jsonb,
  error jsonb,
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  unique (run_id, step_no, effect_no),
  check (state <> 'sent' or kind = 'http' or provider_message_id is not null),
  check ((state = 'sending') <= (claim is not null))
);
create index outbox_open on outbox (conversation_id, id) where state in ('planned', 'sending');
create index outbox_sending on outbox (claim_expires_at) where state = 'sending';
create index outbox_inbox on outbox (inbox_id);

-- Media --------------------------------------------------------------------------------------------------------------
create table media (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid references inboxes on delete cascade,
  message_id uuid references messages on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'stored', 'failed')),
  source jsonb,                    -- where the bytes come from; the adapter's own words
  mime_type text not null,
  name text,
  size_bytes bigint,
  storage_key text,
  error text,
  created_at timestamptz not null default now(),
  stored_at timestamptz
);
create index media_workspace on media (workspace_id);
create index media_inbox on media (inbox_id);
create index media_message on media (message_id);

-- What the screens hear. Read in (xid, position) order below the snapshot's horizon, so that nothing commits behind a reader.
create table ui_events (
  position bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  workspace_id uuid not null,
  name text not null,
  data jsonb not null,
  created_at timestamptz not null default now()
);
create index ui_events_order on ui_events (xid, position);

-- Partitions by month, for the tables whose key is a UUIDv7.
create function uuid_floor(moment timestamptz) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

create function ensure_partitions(moment timestamptz) returns void language plpgsql security definer set search_path = public as $$
declare
  parent text;
  month timestamptz;
  part text;
begin
  foreach parent in array array['inbound_events', 'run_steps'] loop
    for offset_months in -1..2 loop
      month := date_trunc('month', moment at time zone 'utc') at time zone 'utc' + make_interval(months => offset_months);
      part := parent || '_' || to_char(month at time zone 'utc', 'YYYY_MM');
      if to_regclass(part) is null then
        execute format('create table if not exists %I partition of %I for values from (%L) to (%L)', part, parent,
          uuid_floor(month), uuid_floor(month + interval '1 month'));
      end if;
    end loop;
  end loop;
end $$;
create table inbound_events_rest partition of inbound_events default;
create table run_steps_rest partition of run_steps default;
select ensure_partitions(now());
