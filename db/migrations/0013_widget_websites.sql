-- Where a Live Chat widget was loaded, and which websites were refused it: what an admin is told about their own pages. A count and two
-- times per origin, never a visitor.
create table widget_websites (
  inbox_id uuid not null references inboxes on delete cascade,
  origin text not null,
  workspace_id uuid not null references workspaces on delete cascade,
  is_allowed boolean not null,     -- at the last load
  loads bigint not null,           -- about: a process that ends loses its last seconds
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (inbox_id, origin)
);
create index widget_websites_workspace on widget_websites (workspace_id);
