-- What providers tell us beside messages: echoes of what our account sent, watermarks, changes of the account, reactions; other ids of
-- a contact; and what sends need to know.

alter table messages
  add column provider_ref jsonb,            -- the provider's handles beside its id, handed back when it is quoted
  add column sent_as text check (sent_as = 'private_reply'),
  add column reactions jsonb,               -- [{contactId, by, emoji}]
  add column hidden_at timestamptz,
  add column liked_at timestamptz,
  add column automation text check (automation = 'off');   -- another app at the provider owns the thread: shown, and no flow's
create index messages_private_reply on messages (in_reply_to_id) where sent_as is not null;

-- Everything we sent up to then was delivered or read: where the provider names no message.
alter table conversations add column delivered_until timestamptz, add column read_until timestamptz;

alter table contacts
  add column aliases text[],                -- what contact_aliases holds of it, so that a repeat costs no query
  add column asked_at timestamptz;          -- the provider was asked for the name
-- The first call whose answer is missing: how long the provider remembers its key counts from there.
alter table outbox add column in_doubt_since timestamptz;
create table contact_aliases (
  inbox_id uuid not null references inboxes on delete cascade,
  external_id text not null,
  contact_id uuid not null references contacts on delete cascade,
  workspace_id uuid not null references workspaces on delete cascade,
  primary key (inbox_id, external_id)
);
create index contact_aliases_contact on contact_aliases (contact_id);
create index contact_aliases_workspace on contact_aliases (workspace_id);

alter table inboxes add column account_facts jsonb not null default '{}';   -- by change: {at, …} in the provider's words

-- An echo that may be of a send still on its way is looked at then.
alter table inbound_events add column not_before timestamptz;
drop index inbound_events_open;
create index inbound_events_open on inbound_events (accept_no)
  where done_at is null and workspace_id is not null and kind in ('message', 'reaction', 'contact', 'echo');

-- Provider accounts that several inboxes share, and events of accounts that are not connected (yet).

-- What the inbox's webhook subscription hangs on at the provider (`page/<id>`): its fields are the union of all inboxes on it.
alter table inboxes add column subscription_key text;
create index inboxes_subscription on inboxes (subscription_key) where subscription_key is not null and deleted_at is null;

-- An unrouted event is an inbound_events row of kind 'unrouted' without a workspace: its type and account key (or subscription) say
-- whose it is, `raw` holds the part of the body that is theirs, the payload whether the sandbox's app signed it.
create index inbound_events_unrouted on inbound_events (type, account_key, accept_no) where kind = 'unrouted';
