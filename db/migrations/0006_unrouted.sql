-- Provider accounts that several inboxes share, and events of accounts that are not connected (yet).

-- What the inbox's webhook subscription hangs on at the provider (`page/<id>`): its fields are the union of all inboxes on it.
alter table inboxes add column subscription_key text;
create index inboxes_subscription on inboxes (subscription_key) where subscription_key is not null and deleted_at is null;

-- An unrouted event is an inbound_events row of kind 'unrouted' without a workspace: its type and account key (or subscription) say
-- whose it is, `raw` holds the part of the body that is theirs, the payload whether the sandbox's app signed it.
create index inbound_events_unrouted on inbound_events (type, account_key, accept_no) where kind = 'unrouted';
