-- What the screens ask for: lists in their order, search, the last probe's evidence.

-- A conversation has its place in the list from its first moment, also before its first message.
drop index conversations_list;
create index conversations_list on conversations (workspace_id, coalesce(last_message_at, created_at) desc, id desc);
create index conversations_assignee on conversations (workspace_id, assignee_id) where status <> 'resolved' and assignee_id is not null;

create index conversations_snoozed on conversations (snoozed_until) where status = 'snoozed';

-- Runs of kind outbound: the replies that have a workflow of their own.
create index outbox_outbound on outbox (workspace_id, message_id desc) where run_id is null and kind = 'message';

-- A person who is deleted leaves every team.
create index team_members_person on team_members (user_id);

-- "Show me what failed": few rows, so they are found without reading the many that didn't.
create index inbound_events_failed on inbound_events (workspace_id, id desc) where error is not null;
create index runs_failed on runs (workspace_id, id desc) where status = 'failed';
create index outbox_failed on outbox (workspace_id, message_id desc) where run_id is null and kind = 'message' and state in ('failed', 'unknown');

-- Newest first, for diagnostics.
drop index outbox_inbox;
create index outbox_inbox on outbox (inbox_id, id desc);

alter table inboxes add column probed_at timestamptz;
alter table inboxes add column probe_facts jsonb not null default '{}';

-- Search: any part of a word, in any script. Longer texts are found by their beginning.
create index messages_search on messages using gin (left(text, 2000) gin_trgm_ops);
create index contacts_search on contacts using gin (name gin_trgm_ops);
create index customers_search on customers using gin
  ((name || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '') || ' ' || coalesce(company, '')) gin_trgm_ops);

-- Row-level security keeps an operator that isn't leakproof (ilike) off every index. These two run as their owner and look at the
-- transaction's workspace themselves; without one they find nothing.
create function search_conversations(pattern text) returns setof uuid
language sql stable security definer set search_path = public rows 200 as $$
  select m.conversation_id from messages m
   where left(m.text, 2000) ilike pattern and m.workspace_id = nullif(current_setting('app.workspace', true), '')::uuid
  union
  select c.id from contacts k join conversations c on c.contact_id = k.id
   where k.name ilike pattern and k.workspace_id = nullif(current_setting('app.workspace', true), '')::uuid
$$;

create function search_customers(pattern text) returns setof uuid
language sql stable security definer set search_path = public rows 200 as $$
  select id from customers
   where (name || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '') || ' ' || coalesce(company, '')) ilike pattern
     and workspace_id = nullif(current_setting('app.workspace', true), '')::uuid
$$;
