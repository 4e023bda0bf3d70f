-- Email: which thread a mail belongs to. Message-IDs are known by hash, for anybody may write any id of any length.

create table email_threads (
  id uuid primary key,             -- a conversation's thread_key
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  -- whose thread it is: who wrote first, or to whom we did
  contact_address text not null,
  -- the subject without its prefixes of answers and forwards, in lower case
  about text not null,
  created_at timestamptz not null default now(),
  last_at timestamptz not null default now()
);
create index email_threads_subject on email_threads (inbox_id, contact_address, last_at desc);
create index email_threads_workspace on email_threads (workspace_id);

-- Mails that came (by their writer), and mails that others refer to and that may still come (sender '').
create table email_ids (
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  message_hash bytea not null,     -- sha256 of the Message-ID with its brackets
  sender text not null,
  thread_id uuid not null references email_threads on delete cascade,
  -- whether flows may answer it
  triggers boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (inbox_id, message_hash, sender, thread_id)
);
create index email_ids_thread on email_ids (thread_id);
create index email_ids_workspace on email_ids (workspace_id);
create index email_ids_triggers on email_ids (inbox_id, sender, created_at) where triggers;

-- Who wrote or got a mail of the thread: only they can write into it by naming one of its mails.
create table email_participants (
  workspace_id uuid not null references workspaces on delete cascade,
  thread_id uuid not null references email_threads on delete cascade,
  address text not null,
  primary key (thread_id, address)
);
create index email_participants_workspace on email_participants (workspace_id);

-- Whether somebody has part in a thread: by a mail that came, or as a recipient of one of ours.
create function has_part_in(t email_threads, p_address text) returns boolean language sql stable as $$
  select t.contact_address = p_address
      or exists (select from email_participants p where p.thread_id = t.id and p.address = p_address)
      or exists (
        select from conversations c join contacts k on k.id = c.contact_id join messages m on m.conversation_id = c.id and m.direction = 'out',
               jsonb_array_elements(m.parts) part,
               jsonb_array_elements(coalesce(part -> 'to', '[]') || coalesce(part -> 'cc', '[]') || coalesce(part -> 'bcc', '[]')) a
         where k.inbox_id = t.inbox_id and k.external_id = t.contact_address and c.thread_key = t.id::text
           and part ->> 'kind' = 'email' and lower(a ->> 'address') = p_address)
$$;

-- The thread of a mail that somebody refers to, where that somebody has part in it. One of ours is known by the outbox row in its
-- Message-ID, or by the id that the provider gave it.
create function thread_of_reference(p_inbox uuid, p_sender text, r jsonb) returns email_threads language plpgsql stable as $$
declare
  t email_threads;
begin
  for t in
    select x.* from email_threads x join (
      select i.thread_id, i.sender = '' as claimed from email_ids i where i.inbox_id = p_inbox and i.message_hash = decode(r ->> 'hash', 'hex')
      union all
      select as_uuid(c.thread_key), false from outbox o join conversations c on c.id = o.conversation_id
       where o.id = as_uuid(r ->> 'outbox') and o.inbox_id = p_inbox
      union all
      select as_uuid(c.thread_key), false from messages m join conversations c on c.id = m.conversation_id
       where m.inbox_id = p_inbox and m.provider_message_id = r ->> 'id' and m.direction = 'out') named on named.thread_id = x.id
     where x.inbox_id = p_inbox
     -- where the mail itself is, before where somebody only spoke of it
     order by named.claimed, x.created_at loop
    if has_part_in(t, p_sender) then return t; end if;
  end loop;
  return null;
end $$;

-- Places a mail in a thread, under the inbox's lock: two processes can't split one, and a mail that comes again, or by another way, is
-- placed as before. Who may come in: whoever holds a signed reply address; whoever refers to a mail of the thread and has part in it; the
-- writer of a mail that the thread's contact got and answered before it arrived here; the thread's contact with an answer by subject.
-- Everybody else begins a thread of their own, whatever ids they write.
create function place_email(p_workspace uuid, p_inbox uuid, p jsonb) returns jsonb language plpgsql as $$
declare
  v_sender text := p ->> 'sender';
  v_hash bytea := decode(p ->> 'hash', 'hex');
  v_joins boolean := (p ->> 'mayJoin')::boolean;
  v_triggers boolean := (p ->> 'triggers')::boolean;
  t email_threads;
  r jsonb;
begin
  perform pg_advisory_xact_lock(7007, hashtext(p_inbox::text));
  select x.* into t from email_ids i join email_threads x on x.id = i.thread_id
   where i.inbox_id = p_inbox and i.message_hash = v_hash and i.sender = v_sender limit 1;
  if found then
    select i.triggers into v_triggers from email_ids i where i.inbox_id = p_inbox and i.message_hash = v_hash and i.sender = v_sender limit 1;
    return jsonb_build_object('threadId', t.id, 'contact', t.contact_address, 'triggers', v_triggers);
  end if;
  if p ->> 'token' is not null then
    select * into t from email_threads where id = as_uuid(p ->> 'token') and inbox_id = p_inbox;
  end if;
  if t.id is null and v_joins then
    for r in select value from jsonb_array_elements(p -> 'references') loop
      t := thread_of_reference(p_inbox, v_sender, r);
      exit when t.id is not null;
    end loop;
  end if;
  if t.id is null and v_joins then
    select x.* into t from email_ids i join email_threads x on x.id = i.thread_id
     where i.inbox_id = p_inbox and i.message_hash = v_hash and i.sender = ''
       and (x.contact_address = v_sender or p -> 'recipients' ? x.contact_address)
     order by x.created_at limit 1;
  end if;
  if t.id is null and v_joins and (p ->> 'isReply')::boolean and p ->> 'about' <> '' then
    select * into t from email_threads
     where inbox_id = p_inbox and contact_address = v_sender and about = p ->> 'about'
       and last_at > clock_timestamp() - make_interval(days => (p ->> 'subjectDays')::integer)
     order by last_at desc limit 1;
  end if;
  if t.id is null then
    insert into email_threads (id, workspace_id, inbox_id, contact_address, about)
    -- a forgery's subject leads nobody to it
    values (uuidv7(), p_workspace, p_inbox, v_sender, case when v_joins then p ->> 'about' else '' end) returning * into t;
  else
    update email_threads set last_at = clock_timestamp() where id = t.id;
  end if;
  if v_triggers then
    v_triggers := (p ->> 'mostPerHour')::integer > (
      select count(*) from email_ids i
       where i.inbox_id = p_inbox and i.sender = v_sender and i.triggers and i.created_at > clock_timestamp() - interval '1 hour');
  end if;
  insert into email_ids (workspace_id, inbox_id, message_hash, sender, thread_id, triggers)
  values (p_workspace, p_inbox, v_hash, v_sender, t.id, v_triggers);
  -- what it refers to may still come
  insert into email_ids (workspace_id, inbox_id, message_hash, sender, thread_id)
  select p_workspace, p_inbox, decode(x.value ->> 'hash', 'hex'), '', t.id from jsonb_array_elements(p -> 'references') x
   where v_joins and not exists (
     select from email_ids i where i.inbox_id = p_inbox and i.message_hash = decode(x.value ->> 'hash', 'hex') and i.sender <> '')
  on conflict do nothing;
  insert into email_participants (workspace_id, thread_id, address)
  select p_workspace, t.id, x from (select v_sender union select jsonb_array_elements_text(p -> 'recipients')) as named(x)
   where v_joins or x = v_sender
  on conflict do nothing;
  return jsonb_build_object('threadId', t.id, 'contact', t.contact_address, 'triggers', v_triggers);
end $$;
