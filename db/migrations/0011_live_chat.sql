-- Live Chat beyond messages: who a visitor is, what they were asked, what is said while nobody is there, how it was, and what follows
-- them by email.

-- What the website's server signs its visitors' ids with: the newest, and the one before it while pages still use it.
create table identity_secrets (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null default now()
);
create index identity_secrets_inbox on identity_secrets (inbox_id, id desc);
create index identity_secrets_workspace on identity_secrets (workspace_id);

-- Sessions are signed statements; what is stored is only that one was ended before its time: signed out, or become a person's.
create table visitor_endings (
  inbox_id uuid not null references inboxes on delete cascade,
  visitor_id uuid not null,
  external_id text not null,       -- the contact the session speaks for
  workspace_id uuid not null references workspaces on delete cascade,
  forget_at timestamptz not null,  -- by then the session is over by itself
  primary key (inbox_id, visitor_id, external_id)
);
create index visitor_endings_forget on visitor_endings (forget_at);
create index visitor_endings_workspace on visitor_endings (workspace_id);

-- What is known of a visitor beside their contact. What they say of themselves is unverified: it joins no contact and no customer.
create table visitors (
  contact_id uuid primary key references contacts on delete cascade,
  workspace_id uuid not null references workspaces on delete cascade,
  language text,
  answers jsonb,                   -- [{key, kind, label, value, shown?}]; null = not asked yet, [] = passed by
  answered_at timestamptz,
  consented_at timestamptz,
  identified_at timestamptz,       -- the website vouched for the contact's id
  seen_at timestamptz              -- had the chat open
);
create index visitors_workspace on visitors (workspace_id);

-- The away message, once per conversation and closed time.
create table away_messages (
  conversation_id uuid not null references conversations on delete cascade,
  until timestamptz not null,
  workspace_id uuid not null,
  message_id uuid not null references messages on delete cascade,
  primary key (conversation_id, until)
);
create index away_messages_workspace on away_messages (workspace_id);
create index away_messages_message on away_messages (message_id);

-- How it was: asked once per resolution, in its transaction, whoever resolves.
create table csat_surveys (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  conversation_id uuid not null references conversations on delete cascade,
  contact_id uuid not null references contacts on delete cascade,
  assignee_id uuid,
  scale text not null check (scale in ('faces', 'thumbs')),
  resolved_at timestamptz not null,
  expires_at timestamptz not null,
  score integer check (score between 1 and 5),
  comment text not null default '',
  answered_at timestamptz,
  created_at timestamptz not null default now(),
  unique (conversation_id, resolved_at),
  check ((score is null) = (answered_at is null))
);
create index csat_surveys_list on csat_surveys (workspace_id, id desc);
create index csat_surveys_inbox on csat_surveys (inbox_id, id desc);
create index csat_surveys_contact on csat_surveys (contact_id, id desc);

create function ask_csat() returns trigger language plpgsql as $$
declare
  v_csat jsonb;
  v_survey uuid;
begin
  select settings -> 'csat' into v_csat from inboxes where id = new.inbox_id and type = 'live_chat' and deleted_at is null;
  if not coalesce((v_csat ->> 'enabled')::boolean, false) or new.last_in_seq = 0 then return null; end if;
  if not coalesce((v_csat ->> 'askBotOnly')::boolean, false) and not exists (
    select from messages m where m.conversation_id = new.id and m.direction = 'out' and m.author_kind = 'agent'
       and m.created_at > coalesce((select max(s.resolved_at) from csat_surveys s where s.conversation_id = new.id), '-infinity')) then
    return null;
  end if;
  insert into csat_surveys (id, workspace_id, inbox_id, conversation_id, contact_id, assignee_id, scale, resolved_at, expires_at)
  values (uuidv7(), new.workspace_id, new.inbox_id, new.id, new.contact_id, new.assignee_id, coalesce(v_csat ->> 'scale', 'faces'),
          coalesce(new.resolved_at, now()), now() + make_interval(days => coalesce((v_csat ->> 'expiresAfterDays')::integer, 7)))
  on conflict (conversation_id, resolved_at) do nothing returning id into v_survey;
  if v_survey is not null then
    perform emit_ui(new.workspace_id, 'conversation.updated', jsonb_build_object('conversationId', new.id));
  end if;
  return null;
end $$;
create trigger ask_csat after update of status on conversations for each row
  when (new.status = 'resolved' and old.status <> 'resolved') execute function ask_csat();

-- Replies that follow a visitor by email: one mail for what is unread, in the order of seq.
create table chat_mail_threads (
  conversation_id uuid primary key references conversations on delete cascade,
  workspace_id uuid not null,
  mailed_seq bigint not null default 0,
  unsubscribed_at timestamptz
);
create index chat_mail_threads_workspace on chat_mail_threads (workspace_id);
create table chat_mails (
  id uuid primary key,             -- also its Message-ID
  workspace_id uuid not null,
  inbox_id uuid not null references inboxes on delete cascade,
  conversation_id uuid not null references conversations on delete cascade,
  to_address text not null,
  from_seq bigint not null,
  to_seq bigint not null,
  state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'failed', 'unknown', 'cancelled')),
  claim uuid,
  claim_expires_at timestamptz,
  attempts integer not null default 0,
  not_before timestamptz,
  error text,
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  unique (conversation_id, from_seq)
);
create index chat_mails_open on chat_mails (created_at) where state in ('planned', 'sending');
create index chat_mails_workspace on chat_mails (workspace_id);
create index chat_mails_inbox on chat_mails (inbox_id);

-- The website vouched for the person behind an anonymous visitor. What the visitor had under way within `p_within` goes on as theirs,
-- also what was accepted and isn't stored yet; older conversations stay with the browser's contact, whom nobody can speak for any more.
-- Under the person's id nothing can be read that wasn't theirs or this browser's own a moment ago. Returns the person's contact.
create function become_person(p_workspace uuid, p_inbox uuid, p_visitor text, p_person text, p_order_key text, p_within interval)
returns uuid language plpgsql as $$
declare
  v_event uuid;
  v_from contacts;
  v_to uuid;
  c record;
begin
  -- Nothing of the visitor is stored meanwhile; what came before is stored first, in order of acceptance.
  perform pg_advisory_xact_lock(7002, hashtext(p_order_key));
  select id into v_event from inbound_events
   where order_key = p_order_key and inbox_id = p_inbox and ingested_at is null and workspace_id is not null and kind in ('message', 'reaction', 'contact', 'echo')
   order by accept_no desc limit 1;
  if found then perform ingest_event(v_event); end if;
  insert into contacts (id, workspace_id, inbox_id, external_id) values (uuidv7(), p_workspace, p_inbox, p_person)
  on conflict (inbox_id, external_id) do nothing;
  select id into v_to from contacts where inbox_id = p_inbox and external_id = p_person;
  select * into v_from from contacts where inbox_id = p_inbox and external_id = p_visitor;
  if found then
    for c in select id, last_seq from conversations
              where contact_id = v_from.id and status <> 'resolved' and coalesce(last_message_at, created_at) > clock_timestamp() - p_within
              order by id for update loop
      begin
        update conversations set contact_id = v_to, updated_at = clock_timestamp() where id = c.id;
      exception when unique_violation then
        -- The person has one open: both stay, and both are shown to them.
        update conversations set contact_id = v_to, thread_key = 'before/' || p_visitor, updated_at = clock_timestamp() where id = c.id;
      end;
      insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind, actor_id)
      values (uuidv7(), p_workspace, c.id, c.last_seq, 'identified', 'contact', v_to);
      perform emit_ui(p_workspace, 'conversation.updated', jsonb_build_object('conversationId', c.id));
    end loop;
    -- Their answers go along, but no address: whoever sat here before must not get the person's mail.
    update contacts k set fields = v_from.fields || k.fields, updated_at = clock_timestamp() where k.id = v_to;
    insert into visitors (contact_id, workspace_id, language, answers, answered_at, consented_at)
    select v_to, v.workspace_id, v.language, v.answers, v.answered_at, v.consented_at from visitors v where v.contact_id = v_from.id
    on conflict (contact_id) do update set language = coalesce(visitors.language, excluded.language),
      answers = coalesce(visitors.answers, excluded.answers), answered_at = coalesce(visitors.answered_at, excluded.answered_at),
      consented_at = coalesce(visitors.consented_at, excluded.consented_at);
    update contacts set external_id = 'before/' || p_visitor, updated_at = clock_timestamp() where id = v_from.id;
  end if;
  -- A message that was on its way when the session ended is the person's.
  insert into contact_aliases (inbox_id, external_id, contact_id, workspace_id) values (p_inbox, p_visitor, v_to, p_workspace)
  on conflict (inbox_id, external_id) do nothing;
  update contacts set aliases = array(select distinct x from unnest(coalesce(aliases, '{}') || p_visitor) x order by x)
   where id = v_to and not coalesce(aliases, '{}') @> array[p_visitor];
  return v_to;
end $$;
