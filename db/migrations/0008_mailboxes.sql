-- Mailboxes: inboxes whose provider calls nobody, so that one of our processes looks. One row each, worked on under a lease.

create table mailboxes (
  inbox_id uuid primary key references inboxes on delete cascade,
  workspace_id uuid not null references workspaces on delete cascade,
  kind text not null check (kind in ('imap', 'microsoft')),
  cursor jsonb not null default '{}',       -- how far it was read, in its kind's own words
  trying jsonb,                             -- {place, tries}: the mail being taken in; written before, so that a crash counts too
  facts jsonb not null default '{}',        -- what the last look saw, for Diagnostics
  dirty_at timestamptz,                     -- somebody said there is news
  next_look_at timestamptz not null default now(),
  holder uuid,
  lease_token bigint not null default 0,    -- raised with every taking; every write of a holder names it
  lease_until timestamptz,
  sent_saved_until timestamptz,             -- what we sent up to then lies in its folder of sent mails, where it should
  last_ok_at timestamptz,
  last_error jsonb,                         -- {kind, message, at}; null once a look went well
  failures integer not null default 0,
  created_at timestamptz not null default now(),
  check ((holder is null) = (lease_until is null))
);
create index mailboxes_due on mailboxes (next_look_at);
create index mailboxes_workspace on mailboxes (workspace_id);

-- Processes that look after mailboxes, so that each takes its share.
create table mailbox_holders (
  id uuid primary key,
  seen_at timestamptz not null default now()
);

-- Mails our side could not take in, several times over: kept whole, so that those behind them come in, and tried again later.
create table kept_mails (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  place text not null,                      -- where it lies in the mailbox, in its kind's own words
  raw bytea,                                -- null once it was taken in
  envelope jsonb,
  received_at timestamptz not null,
  reason text not null,
  tries integer not null,
  next_try_at timestamptz,                  -- null: only when somebody asks
  kept_at timestamptz not null default now(),
  taken_at timestamptz,
  unique (inbox_id, place)
);
create index kept_mails_due on kept_mails (next_try_at) where taken_at is null;
create index kept_mails_workspace on kept_mails (workspace_id);

-- What a mailbox is looked at with has changed: its holder loses the lease in the same transaction, and whoever takes it begins anew.
-- A Microsoft mailbox renews its own credentials while it works; only its end takes it away.
create function mailbox_follows_inbox() returns trigger language plpgsql as $$
begin
  update mailboxes set next_look_at = clock_timestamp(), failures = 0,
         holder = case when kind <> 'microsoft' or new.deleted_at is not null then null else holder end,
         lease_until = case when kind <> 'microsoft' or new.deleted_at is not null then null else lease_until end,
         lease_token = lease_token + case when kind <> 'microsoft' or new.deleted_at is not null then 1 else 0 end
   where inbox_id = new.id;
  return null;
end $$;
create trigger mailbox_follows_inbox after update on inboxes for each row
  when (old.credentials is distinct from new.credentials or old.settings is distinct from new.settings
        or old.deleted_at is distinct from new.deleted_at)
  execute function mailbox_follows_inbox();

-- What looking at a mailbox says about receiving. `since` moves with the state only; sending's health is left alone. False where it is
-- nothing new.
create function record_inbound_health(p_inbox uuid, p_found jsonb) returns boolean language plpgsql as $$
declare
  i inboxes;
  v_in jsonb;
begin
  -- Without a lock at first: what is nothing new waits for nobody.
  if exists (select from inboxes where id = p_inbox and inbound_health -> 'state' is not distinct from p_found -> 'state'
                and inbound_health -> 'reason' is not distinct from p_found -> 'reason') then
    return false;
  end if;
  select * into i from inboxes where id = p_inbox and deleted_at is null for no key update;
  if not found or (i.inbound_health -> 'state' is not distinct from p_found -> 'state'
                   and i.inbound_health -> 'reason' is not distinct from p_found -> 'reason') then
    return false;
  end if;
  v_in := next_health(i.inbound_health, p_found);
  update inboxes set inbound_health = v_in, updated_at = now(),
         state = case
           when state = 'disconnected' then state
           when 'failing' in (v_in ->> 'state', outbound_health ->> 'state') then 'needs_attention'
           when 'degraded' in (v_in ->> 'state', outbound_health ->> 'state') then 'degraded'
           when state in ('degraded', 'needs_attention') and can_send then
             case when last_in_at is not null and last_out_at is not null then 'active' else 'onboarding' end
           else state end
   where id = i.id;
  perform emit_ui(i.workspace_id, 'inbox.updated', jsonb_build_object('inboxId', i.id)), pg_notify('teloring_inbox', i.id::text);
  return true;
end $$;
