-- What providers tell us beside messages: echoes of what our account sent, watermarks, changes of the account, reactions; other ids of
-- a contact; and what sends need to know. Functions of 0004 are replaced where they learn of it.

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

-- Times come from outside: one that is no time is none.
create or replace function from_ms(ms jsonb) returns timestamptz language sql immutable as $$
  select case when jsonb_typeof(ms) = 'number' then
    case when (ms)::numeric between 0 and 253402300799000 then to_timestamp((ms)::numeric / 1000) end end
$$;
create function as_uuid(written text) returns uuid language sql immutable as $$
  select case when written ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then written::uuid end
$$;

-- What has left since the contact's last message. Only what left counts: not what is planned, parked or failed.
create function sent_since_last_in(p_conversation uuid, p_last_in_seq bigint) returns bigint language sql stable as $$
  select count(*) from messages
   where conversation_id = p_conversation and seq > p_last_in_seq and direction = 'out' and status in ('sent', 'delivered', 'read', 'unknown')
$$;

-- What the bot had planned is cancelled. Called with the conversation locked. Returns how many bot messages were already on their way.
create function withdraw_planned(p_conversation uuid) returns integer language plpgsql as $$
declare
  v_error jsonb := '{"kind": "cancelled", "message": "A person took over before this was sent."}';
  v_sending integer;
begin
  with withdrawn as (
    update outbox set state = 'cancelled', error = v_error, settled_at = clock_timestamp()
     where conversation_id = p_conversation and run_id is not null and kind = 'message' and state = 'planned'
    returning message_id
  )
  update messages set status = 'failed', error = v_error where id in (select message_id from withdrawn);
  select count(*) into v_sending from outbox
   where conversation_id = p_conversation and run_id is not null and kind = 'message' and state = 'sending';
  return v_sending;
end $$;

-- A person answers from now on: a waiting run is paused here, an active one by whoever drives it. Otherwise like withdraw_planned.
create function to_human(p_conversation uuid) returns integer language plpgsql as $$
declare
  c record;
  v_sending integer := withdraw_planned(p_conversation);
begin
  update conversations set owner = 'human', automation_epoch = automation_epoch + 1, updated_at = clock_timestamp()
   where id = p_conversation returning workspace_id, run_id into c;
  if c.run_id is not null then
    update runs set status = case when status = 'waiting' then 'paused' else status end,
           deadline = case when status = 'waiting' then null else deadline end,
           wake_at = case when status = 'waiting' then null else wake_at end,
           resume = false, wake_no = case when status = 'active' then wake_no + 1 else wake_no end, updated_at = clock_timestamp()
     where id = c.run_id;
    perform emit_ui(c.workspace_id, 'run.updated', jsonb_build_object('runId', c.run_id, 'conversationId', p_conversation));
  end if;
  perform emit_ui(c.workspace_id, 'conversation.updated', jsonb_build_object('conversationId', p_conversation));
  return v_sending;
end $$;

-- Our sent messages that the conversation's watermarks have reached; monotonic. A message counts from the moment of its call, which is
-- before the provider's time of it. Only the last ones are looked at: watermarks follow closely.
create function reach_watermarks(c conversations) returns boolean language plpgsql as $$
begin
  with reached as (
    select m.id, case when called.at <= c.read_until then 'read' else 'delivered' end as status
      from messages m, lateral (
        select coalesce((select o.claimed_at from outbox o where o.message_id = m.id), m.sent_at, m.created_at) as at) called
     where m.conversation_id = c.id and m.seq > c.last_seq - 500 and m.direction = 'out' and m.status in ('sent', 'delivered')
       and called.at <= greatest(c.delivered_until, c.read_until)
     order by m.seq for update of m
  ), changed as (
    update messages m set status = r.status,
           delivered_at = case when r.status = 'delivered' then c.delivered_until else m.delivered_at end,
           read_at = case when r.status = 'read' then c.read_until else m.read_at end
      from reached r where m.id = r.id and status_advances(m.status, r.status)
    returning m.id
  )
  insert into ui_events (workspace_id, name, data)
  select c.workspace_id, 'message.updated', jsonb_build_object('conversationId', c.id, 'messageId', changed.id) from changed;
  return found;
end $$;

-- Proof from elsewhere of what became of a send: a status or an echo that names it. Its own execution may never bring an answer, and if
-- it does, it finds the row settled. Called with the conversation locked. A row that is settled already stays as it is.
create function take_evidence(p_outbox uuid, p_provider_message_id text, p_state text, p_error jsonb) returns boolean language plpgsql as $$
declare
  o outbox;
  c conversations;
  was boolean;
begin
  update outbox set state = p_state, provider_message_id = p_provider_message_id, claim = null, not_before = null, error = p_error,
         settled_at = clock_timestamp()
   -- planned again after an attempt without an answer: that attempt did arrive
   where id = p_outbox and (state in ('sending', 'unknown') or (state = 'planned' and attempts > 0))
  returning * into o;
  if not found then return false; end if;
  update messages set status = case when status_advances(status, p_state) then p_state else status end, error = p_error,
         provider_message_id = coalesce(provider_message_id, p_provider_message_id), sent_at = coalesce(sent_at, clock_timestamp())
   where id = o.message_id;
  perform emit_ui(o.workspace_id, 'message.updated', jsonb_build_object('conversationId', o.conversation_id, 'messageId', o.message_id));
  if p_state = 'sent' then
    update inboxes set last_out_at = clock_timestamp(),
           state = case when state = 'onboarding' and last_in_at is not null then 'active' else state end
     where id = o.inbox_id and (last_out_at is null or last_out_at < clock_timestamp() - interval '10 seconds');
  end if;
  was := apply_unmatched(o.inbox_id, p_provider_message_id);
  select * into c from conversations where id = o.conversation_id;
  if c.delivered_until is not null or c.read_until is not null then was := reach_watermarks(c); end if;
  return true;
end $$;

-- Where the message is that an echo answers, within its thread: for comments the provider doesn't say to whom the answer went.
create function answered_in(e inbound_events) returns uuid language sql stable as $$
  select c.id from messages m join conversations c on c.id = m.conversation_id
   where e.kind = 'echo' and m.inbox_id = e.inbox_id and m.provider_message_id = e.payload ->> 'inReplyTo'
     and c.thread_key = coalesce(e.payload ->> 'threadKey', '')
   order by m.created_at desc limit 1
$$;

-- The conversation an event speaks of without being a message: the open one, else the newest.
create function conversation_of(e inbound_events) returns uuid language sql stable as $$
  select c.id from conversations c
   where c.inbox_id = e.inbox_id and c.thread_key = coalesce(e.payload ->> 'threadKey', '')
     and c.contact_id = coalesce(
       (select a.contact_id from conversations a where a.id = answered_in(e)),
       (select k.id from contacts k where k.inbox_id = e.inbox_id and k.external_id = e.payload #>> '{contact,externalId}'),
       (select a.contact_id from contact_aliases a where a.inbox_id = e.inbox_id and a.external_id = e.payload #>> '{contact,externalId}'),
       (select k.id from contacts k where k.inbox_id = e.inbox_id and (e.payload #> '{contact,aliases}') ? k.external_id limit 1))
   order by (c.status <> 'resolved') desc, c.created_at desc limit 1
$$;

create function event_applied(p_event uuid, p_message uuid, p_conversation uuid) returns void language sql as $$
  update inbound_events set applied_at = clock_timestamp(), ingested_at = coalesce(ingested_at, clock_timestamp()),
         -- of an echo it says whether a workflow was started for it
         started_at = case when kind = 'echo' then started_at else coalesce(started_at, clock_timestamp()) end,
         done_at = coalesce(done_at, clock_timestamp()), message_id = p_message, conversation_id = p_conversation
   where id = p_event
$$;

create function apply_watermark(e inbound_events) returns boolean language plpgsql as $$
declare
  c conversations;
  v_until timestamptz := from_ms(e.payload -> 'untilMs');
  v_read boolean := e.payload ->> 'status' = 'read';
  was boolean;
begin
  -- one of a conversation that we don't know says nothing
  select * into c from conversations where id = conversation_of(e) for update;
  if found and v_until is not null and v_until > coalesce(case when v_read then c.read_until else c.delivered_until end, '-infinity') then
    update conversations set read_until = case when v_read then v_until else read_until end,
           delivered_until = case when v_read then delivered_until else v_until end
     where id = c.id returning * into c;
    was := reach_watermarks(c);
  end if;
  perform event_applied(e.id, null, c.id);
  return true;
end $$;

-- What the provider says of our account describes the inbox; it stops nothing. Only a refused send parks (that is proof), and only a probe
-- or connecting again unparks.
create function apply_account_change(e inbound_events) returns boolean language plpgsql as $$
declare
  i inboxes;
  v_in jsonb;
  v_out jsonb;
begin
  select * into i from inboxes where id = e.inbox_id for update;
  if found then
    v_in := next_health(i.inbound_health, e.payload -> 'inbound');
    v_out := next_health(i.outbound_health, e.payload -> 'outbound');
    update inboxes set inbound_health = v_in, outbound_health = v_out, updated_at = clock_timestamp(),
           account_facts = (
             select coalesce(jsonb_object_agg(f.key, f.value), '{}') from (
               select all_facts.key, all_facts.value
                 from jsonb_each(i.account_facts || jsonb_build_object(coalesce(e.payload ->> 'change', ''),
                        jsonb_build_object('at', e.received_at, 'facts', coalesce(e.payload -> 'facts', '{}')))) all_facts
                order by all_facts.value ->> 'at' desc limit 30) f),
           state = case
             when not (e.payload ? 'inbound' or e.payload ? 'outbound') or state = 'disconnected' then state
             when 'failing' in (v_in ->> 'state', v_out ->> 'state') then 'needs_attention'
             when 'degraded' in (v_in ->> 'state', v_out ->> 'state') then 'degraded'
             -- a stopped inbox is not well because the account is
             when state in ('degraded', 'needs_attention') and can_send then
               case when last_in_at is not null and last_out_at is not null then 'active' else 'onboarding' end
             else state end
     where id = i.id;
    perform emit_ui(i.workspace_id, 'inbox.updated', jsonb_build_object('inboxId', i.id)), pg_notify('teloring_inbox', i.id::text);
  end if;
  perform event_applied(e.id, null, null);
  return true;
end $$;
create function next_health(stored jsonb, found jsonb) returns jsonb language sql as $$
  select case when found is null then stored else jsonb_strip_nulls(jsonb_build_object('state', found -> 'state', 'reason', found -> 'reason',
    'since', case when stored -> 'state' = found -> 'state' and stored ? 'since' then stored -> 'since' else to_jsonb(clock_timestamp()) end)) end
$$;

-- What a stored event does to rows that are there: at once as it is accepted, or later by whoever stores the row it speaks of. False where
-- there is none yet. Locks in the order conversation, outbox, message, event, like whoever settles a send.
create or replace function apply_provider_event(p_event uuid) returns boolean language plpgsql as $$
declare
  e inbound_events;
  m messages;
  found_row record;
  new_status text;
  v_failed boolean;
  was boolean;
begin
  select * into e from inbound_events where id = p_event;
  if e.applied_at is not null then return true; end if;
  if e.kind = 'watermark' then return apply_watermark(e); end if;
  if e.kind = 'account' then return apply_account_change(e); end if;
  if e.kind = 'reaction' then return apply_reaction(e); end if;
  select x.id, x.conversation_id, o.id as outbox_id, o.state, o.attempts into found_row
    from messages x left join outbox o on o.message_id = x.id
   where x.inbox_id = e.inbox_id and x.provider_message_id = e.target_provider_message_id
   order by x.created_at desc limit 1;
  if not found and e.payload ? 'key' then
    select o.message_id as id, o.conversation_id, o.id as outbox_id, o.state, o.attempts into found_row
      from outbox o where o.id = as_uuid(e.payload ->> 'key') and o.inbox_id = e.inbox_id and o.message_id is not null;
  end if;
  if found_row.id is null then return false; end if;
  if e.kind in ('status', 'echo') and e.target_provider_message_id <> ''
     and (found_row.state in ('sending', 'unknown') or (found_row.state = 'planned' and found_row.attempts > 0)) then
    v_failed := e.kind = 'status' and e.payload ->> 'status' = 'failed';
    perform from conversations where id = found_row.conversation_id for update;
    was := take_evidence(found_row.outbox_id, e.target_provider_message_id, case when v_failed then 'failed' else 'sent' end,
                         case when v_failed then e.payload -> 'error' end);
  end if;
  select * into m from messages where id = found_row.id for update;
  if not found then return false; end if;
  select * into e from inbound_events where id = p_event for update;
  if e.applied_at is not null then return true; end if;
  if e.kind = 'status' then
    new_status := e.payload ->> 'status';
    if m.direction = 'out' and m.provider_message_id is null and e.target_provider_message_id <> '' then
      update messages set provider_message_id = e.target_provider_message_id where id = m.id;
    end if;
    if status_advances(m.status, new_status) then
      update messages set status = new_status,
             error = case when new_status = 'failed' then e.payload -> 'error' end,
             delivered_at = case when new_status = 'delivered' then coalesce(from_ms(e.payload -> 'atMs'), e.received_at) else delivered_at end,
             read_at = case when new_status = 'read' then coalesce(from_ms(e.payload -> 'atMs'), e.received_at) else read_at end
       where id = m.id;
    end if;
  elsif e.kind = 'edit' then
    update messages set parts = e.payload -> 'parts', text = e.payload ->> 'text',
           edited_at = coalesce(from_ms(e.payload -> 'atMs'), e.received_at)
     where id = m.id;
    insert into media (id, workspace_id, inbox_id, message_id, source, mime_type, name, size_bytes)
    select x.id, e.workspace_id, e.inbox_id, m.id, x.source, x.mime_type, x.name, x.size_bytes
      from jsonb_to_recordset(coalesce(e.payload -> 'media', '[]')) as x(id uuid, source jsonb, mime_type text, name text, size_bytes bigint)
    on conflict (id) do nothing;
  elsif e.kind = 'delete' then
    update messages set deleted_at = coalesce(from_ms(e.payload -> 'atMs'), e.received_at) where id = m.id;
  end if;
  perform event_applied(e.id, m.id, m.conversation_id);
  if e.kind <> 'echo' then
    perform emit_ui(m.workspace_id, 'message.updated', jsonb_build_object('conversationId', m.conversation_id, 'messageId', m.id));
  end if;
  return true;
end $$;

-- Whether anything is on its way below the echo's post. Providers hang an answer to an answer on the first comment, which may be of
-- another person than the one it went to.
create function sending_in_thread(e inbound_events) returns boolean language sql stable as $$
  select coalesce(e.payload ->> 'threadKey', '') <> '' and exists (
    select from outbox o join conversations c on c.id = o.conversation_id
     where o.state = 'sending' and o.kind = 'message' and o.inbox_id = e.inbox_id and o.provider_message_id is null
       and o.created_at <= e.received_at and c.thread_key = e.payload ->> 'threadKey')
$$;

-- Whether what an echo answers was accepted before it and is still to be stored.
create function answers_unstored(e inbound_events) returns boolean language sql stable as $$
  select e.payload ? 'inReplyTo' and answered_in(e) is null and exists (
    select from inbound_events x
     where x.done_at is null and x.workspace_id is not null and x.kind = 'message' and x.ingested_at is null
       and x.inbox_id = e.inbox_id and x.accept_no < e.accept_no and x.payload ->> 'providerMessageId' = e.payload ->> 'inReplyTo')
$$;

-- An echo on being accepted. 'applied': it names a message we have; 'later': it may be of a send that is on its way, whose answer will
-- name it within moments; 'now': a person wrote it elsewhere, as far as can be seen.
create function meet_echo(p_event uuid) returns text language plpgsql as $$
declare
  e inbound_events;
begin
  if apply_provider_event(p_event) then return 'applied'; end if;
  select * into e from inbound_events where id = p_event;
  if exists (select from outbox o where o.conversation_id = conversation_of(e) and o.kind = 'message'
               and (o.state = 'sending' or (o.state = 'planned' and o.attempts > 0))) or sending_in_thread(e) then
    update inbound_events set not_before = clock_timestamp() + interval '3 seconds' where id = p_event;
    return 'later';
  end if;
  return 'now';
end $$;

-- Whether this echo is of a message we have, or may be of one still being sent (then it stays for a later look). One without a key that
-- came for a send nobody answered is recognised by what it says.
create function echo_is_ours(e inbound_events) returns boolean language plpgsql as $$
declare
  conv uuid;
  v_outbox uuid;
  was boolean;
begin
  if apply_provider_event(e.id) then return true; end if;
  if answers_unstored(e) or sending_in_thread(e) then return true; end if;
  select id into conv from conversations where id = conversation_of(e) for update;
  -- its send may have been settled just now
  if apply_provider_event(e.id) then return true; end if;
  if conv is null then return false; end if;
  if exists (select from outbox where conversation_id = conv and kind = 'message' and state = 'sending' and provider_message_id is null
                and created_at <= e.received_at) then
    return true;
  end if;
  select o.id into v_outbox from outbox o join messages m on m.id = o.message_id
   where o.conversation_id = conv and o.created_at between e.received_at - interval '1 day' and e.received_at and o.provider_message_id is null
     and (o.state = 'unknown' or (o.state = 'planned' and o.attempts > 0 and o.error ->> 'kind' = 'no_answer'))
     and m.text = e.payload ->> 'text' and e.payload #>> '{parts,0,kind}' in (m.parts #>> '{0,kind}', 'comment')
   order by o.id limit 1;
  if not found then return false; end if;
  was := take_evidence(v_outbox, e.target_provider_message_id, 'sent', null);
  return apply_provider_event(e.id);
end $$;

-- Sent from the provider's own app: an agent's message, and a person answers from now on. Called with the conversation locked.
create function store_echo(e inbound_events, c conversations) returns uuid language plpgsql as $$
declare
  v_message uuid := uuidv7();
  was boolean;
begin
  perform to_human(c.id);
  update conversations set last_seq = last_seq + 1, last_message_at = e.received_at, updated_at = clock_timestamp()
   where id = c.id returning * into c;
  insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, parts, text, status, provider_message_id,
                        event_id, in_reply_to_id, sent_at)
  values (v_message, e.workspace_id, c.id, e.inbox_id, c.last_seq, 'out', 'agent', e.payload -> 'parts', e.payload ->> 'text', 'sent',
          e.target_provider_message_id, e.id,
          (select id from messages where inbox_id = e.inbox_id and provider_message_id = e.payload ->> 'inReplyTo' limit 1),
          coalesce(from_ms(e.payload -> 'sentAtMs'), e.received_at));
  insert into media (id, workspace_id, inbox_id, message_id, source, mime_type, name, size_bytes)
  select x.id, e.workspace_id, e.inbox_id, v_message, x.source, x.mime_type, x.name, x.size_bytes
    from jsonb_to_recordset(coalesce(e.payload -> 'media', '[]')) as x(id uuid, source jsonb, mime_type text, name text, size_bytes bigint);
  perform emit_ui(e.workspace_id, 'message.created',
    jsonb_build_object('conversationId', c.id, 'messageId', v_message, 'seq', c.last_seq, 'inboxId', e.inbox_id));
  update inbound_events set applied_at = clock_timestamp() where id = e.id;
  was := apply_unmatched(e.inbox_id, e.target_provider_message_id);
  if c.delivered_until is not null or c.read_until is not null then was := reach_watermarks(c); end if;
  return v_message;
end $$;

-- One reaction per person and message: a later one replaces it, an empty one takes it back.
create function show_reaction(e inbound_events, k contacts) returns boolean language plpgsql as $$
declare
  m record;
begin
  update messages set reactions = nullif((
           select coalesce(jsonb_agg(r), '[]') from jsonb_array_elements(coalesce(reactions, '[]')) r where r ->> 'contactId' <> k.id::text)
         || case when coalesce(e.payload ->> 'emoji', '') = '' then '[]'
                 else jsonb_build_array(jsonb_build_object('contactId', k.id, 'emoji', e.payload -> 'emoji',
                        'by', coalesce(e.payload #>> '{contact,name}', k.name, k.external_id))) end, '[]')
   where id = (select id from messages where inbox_id = e.inbox_id and provider_message_id = e.payload ->> 'providerMessageId'
                order by created_at desc limit 1)
  returning id, conversation_id into m;
  if not found then return false; end if;
  perform emit_ui(e.workspace_id, 'message.updated', jsonb_build_object('conversationId', m.conversation_id, 'messageId', m.id));
  return true;
end $$;

-- One that came before its message: `ingest` has shown it in the thread and left its target for whoever stores the message.
create function apply_reaction(e inbound_events) returns boolean language plpgsql as $$
declare
  k contacts;
begin
  select x.* into k from conversations c join contacts x on x.id = c.contact_id where c.id = e.conversation_id;
  if found and not show_reaction(e, k) then return false; end if;
  update inbound_events set applied_at = clock_timestamp() where id = e.id;
  return true;
end $$;

-- As in 0004. One that an echo opens (p_ours) keeps its reply address, and stays snoozed or pending: the contact hasn't said anything.
drop function open_conversation(uuid, uuid, uuid, text, jsonb, integer);
create function open_conversation(p_workspace uuid, p_inbox uuid, p_contact uuid, p_thread text, p_reply jsonb, p_reopen_hours integer,
                                  p_ours boolean)
returns uuid language plpgsql as $$
declare
  c record;
  resolved uuid;
  created uuid;
begin
  loop
    select id, status, reply_address into c from conversations
     where inbox_id = p_inbox and contact_id = p_contact and thread_key = p_thread and status <> 'resolved' for update;
    if found then
      if c.status <> 'open' and not p_ours then
        update conversations set status = 'open', snoozed_until = null, updated_at = clock_timestamp() where id = c.id;
      end if;
      if c.reply_address <> p_reply and not p_ours then
        update conversations set reply_address = p_reply where id = c.id;
      end if;
      return c.id;
    end if;
    select id into resolved from conversations
     where inbox_id = p_inbox and contact_id = p_contact and thread_key = p_thread
       and status = 'resolved' and resolved_at > clock_timestamp() - make_interval(hours => p_reopen_hours)
     order by created_at desc limit 1 for update;
    if found then
      begin
        update conversations set status = 'open', resolved_at = null, reply_address = case when p_ours then reply_address else p_reply end,
               updated_at = clock_timestamp()
         where id = resolved;
        insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind)
        select uuidv7(), p_workspace, resolved, last_seq, 'reopened', case when p_ours then 'agent' else 'contact' end
          from conversations where id = resolved;
        return resolved;
      exception when unique_violation then
        continue; -- another one was opened meanwhile: take that
      end;
    end if;
    insert into conversations (id, workspace_id, inbox_id, contact_id, thread_key, reply_address)
    values (uuidv7(), p_workspace, p_inbox, p_contact, p_thread, p_reply)
    on conflict do nothing returning id into created;
    if created is not null then
      insert into ui_events (workspace_id, name, data)
      values (p_workspace, 'conversation.created', jsonb_build_object('conversationId', created, 'inboxId', p_inbox));
      return created;
    end if;
  end loop;
end $$;

-- The contact an event speaks of, by its id, by another id that the event names, or by an id it is known under; a new one where there is
-- none. Phone numbers change hands: another id that a message names means a contact only while that is its own id, and what a contact was
-- known by before counts only where the provider says that ids have changed; then the ids before come last. A known one is not written yet: conversation before contact is the order of locks.
create or replace function meet_contact(e inbound_events) returns contacts language plpgsql as $$
declare
  who jsonb := e.payload -> 'contact';
  k contacts;
begin
  loop
    select * into k from contacts where inbox_id = e.inbox_id and external_id = who ->> 'externalId';
    exit when found;
    if jsonb_array_length(coalesce(who -> 'aliases', '[]')) > 0 then
      select x.* into k from jsonb_array_elements_text(who -> 'aliases') with ordinality as named(id, n)
        join contacts x on x.inbox_id = e.inbox_id and x.external_id = named.id
       order by case when e.kind = 'contact' then -named.n else named.n end limit 1;
      exit when found;
      if e.kind = 'contact' then
        select x.* into k from jsonb_array_elements_text(who -> 'aliases') with ordinality as named(id, n)
          join contact_aliases a on a.inbox_id = e.inbox_id and a.external_id = named.id join contacts x on x.id = a.contact_id
         -- the number they have now says nothing of before
         where named.id is distinct from ltrim(who ->> 'phone', '+') order by named.n desc limit 1;
        exit when found;
      end if;
    end if;
    insert into contacts (id, workspace_id, inbox_id, external_id, name, email, phone, avatar_url)
    select uuidv7(), e.workspace_id, e.inbox_id, who ->> 'externalId', who ->> 'name', who ->> 'email', who ->> 'phone', who ->> 'avatarUrl'
     where not exists (select from contact_aliases a where a.inbox_id = e.inbox_id and a.external_id = who ->> 'externalId')
    on conflict (inbox_id, external_id) do nothing returning * into k;
    exit when found;
    select x.* into k from contact_aliases a join contacts x on x.id = a.contact_id
     where a.inbox_id = e.inbox_id and a.external_id = who ->> 'externalId';
    exit when found;
  end loop;
  return k;
end $$;

-- As in 0004, and: an id it wasn't known by becomes its id, the one before stays an alias. Where both ids have contacts, each stays: they
-- may have conversations open at once, and merging people is a person's decision.
create or replace function fill_contact(k contacts, e inbound_events) returns boolean language plpgsql as $$
declare
  who jsonb := e.payload -> 'contact';
  v_change text := e.payload ->> 'change';
  v_aliases text[];
begin
  if k.external_id <> who ->> 'externalId' or jsonb_array_length(coalesce(who -> 'aliases', '[]')) > 0 then
    v_aliases := array(select jsonb_array_elements_text(coalesce(who -> 'aliases', '[]')));
    perform know_aliases(k, who ->> 'externalId', v_aliases);
  end if;
  if (k.name is null and who ->> 'name' is not null) or (k.email is null and who ->> 'email' is not null)
     or (k.phone is null and who ->> 'phone' is not null) or (who ->> 'avatarUrl' <> coalesce(k.avatar_url, ''))
     or v_change is not null or k.blocked_at is not null then
    update contacts set name = coalesce(name, who ->> 'name'), email = coalesce(email, who ->> 'email'),
           phone = coalesce(phone, who ->> 'phone'), avatar_url = coalesce(who ->> 'avatarUrl', avatar_url),
           blocked_at = case when v_change = 'blocked' then e.received_at
                             when e.kind = 'message' or v_change = 'unblocked' then null else blocked_at end
     where id = k.id;
    return true;
  end if;
  return false;
end $$;
-- Whether the contact of an event has blocked us; null where nobody knows them.
create function has_blocked(e inbound_events) returns boolean language sql stable as $$
  select k.blocked_at is not null from contacts k where k.id = coalesce(
    (select x.id from contacts x where x.inbox_id = e.inbox_id and x.external_id = e.payload #>> '{contact,externalId}'),
    (select a.contact_id from contact_aliases a where a.inbox_id = e.inbox_id and a.external_id = e.payload #>> '{contact,externalId}'))
$$;
create function know_aliases(k contacts, p_external_id text, p_aliases text[]) returns void language plpgsql as $$
declare
  v_known text[] := coalesce(k.aliases, '{}');
  v_main text := k.external_id;
  v_all text[];
begin
  -- an id it was known by before doesn't become its id again
  if not p_external_id = any (v_known) then v_main := p_external_id; end if;
  v_all := array(select distinct x from unnest(v_known || p_aliases || k.external_id || p_external_id) x where x <> v_main order by x);
  if v_main = k.external_id and v_known @> v_all then return; end if;
  begin
    update contacts set external_id = v_main, aliases = v_all, updated_at = clock_timestamp() where id = k.id;
    -- what they are no longer known by, they may be known by again
    update contacts c set aliases = array(select x from unnest(c.aliases) x where not x = any (v_all))
     where c.id in (select a.contact_id from contact_aliases a
                     where a.inbox_id = k.inbox_id and a.external_id = any (v_all) and a.contact_id <> k.id);
    insert into contact_aliases (inbox_id, external_id, contact_id, workspace_id)
    select k.inbox_id, x, k.id, k.workspace_id from unnest(v_all) x order by x
    -- whoever was seen with it last
    on conflict (inbox_id, external_id) do update set contact_id = excluded.contact_id where contact_aliases.contact_id <> k.id;
  exception when unique_violation then
    null; -- somebody with that id came meanwhile: both stay
  end;
end $$;

-- As in 0004, and: echoes, reactions on their message, the provider's handles of a message.
create or replace function ingest(p_event uuid) returns conversations language plpgsql as $$
declare
  mine record;
  e inbound_events;
  k contacts;
  c conversations;
  conv uuid;
  v_message uuid;
  answered uuid;
  was boolean;
  mine_done boolean := false;
begin
  select x.workspace_id, x.inbox_id, x.order_key, x.accept_no, x.ingested_at, x.conversation_id, i.reopen_within_hours, i.last_in_at,
         case when x.ingested_at is null and x.workspace_id is not null then pg_advisory_xact_lock(7002, hashtext(x.order_key)) end as locked
    into mine from inbound_events x left join inboxes i on i.id = x.inbox_id where x.id = p_event;
  if not found or mine.workspace_id is null then return null; end if;
  if mine.ingested_at is not null then
    c.id := mine.conversation_id;
    return c;
  end if;
  -- read again from here on: whoever held the order key may have ingested mine as well
  for e in select * from inbound_events
            where order_key = mine.order_key and inbox_id = mine.inbox_id and ingested_at is null and accept_no <= mine.accept_no
              and kind in ('message', 'reaction', 'contact', 'echo')
            order by accept_no loop
    -- the order key's lock keeps other ingests away; rows aren't locked before their conversation, or a settling send would wait for us
    answered := null;
    if e.kind = 'echo' then
      if echo_is_ours(e) then
        -- applied, or left for a later look: this is its workflow
        update inbound_events set started_at = coalesce(started_at, clock_timestamp()) where id = e.id and id = p_event;
        continue;
      end if;
      answered := answered_in(e);
    elsif e.kind = 'contact' and e.payload ->> 'change' = 'unblocked' and not coalesce(has_blocked(e), true) then
      -- came back without having left
      conv := null;
      c := null;
      update inbound_events set ingested_at = clock_timestamp(),
             started_at = case when id = p_event then coalesce(started_at, clock_timestamp()) else started_at end
       where id = e.id;
      mine_done := mine_done or e.id = p_event;
      continue;
    end if;
    if answered is null then k := meet_contact(e);
    else select x.* into k from contacts x where x.id = (select contact_id from conversations where id = answered);
    end if;
    conv := open_conversation(e.workspace_id, e.inbox_id, k.id, coalesce(e.payload ->> 'threadKey', ''),
                              coalesce(e.payload -> 'replyAddress', '{}'), mine.reopen_within_hours, e.kind = 'echo');
    if answered is null then was := fill_contact(k, e); end if;
    c := null;
    if e.kind = 'message' then
      v_message := uuidv7();
      update conversations set last_seq = last_seq + 1, last_in_seq = last_seq + 1, last_message_at = e.received_at,
             last_in_at = e.received_at, updated_at = clock_timestamp()
       where id = conv returning * into c;
      insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, author_id, author_name,
                            author_external_id, parts, text, status, provider_message_id, event_id, in_reply_to_id, sent_at, provider_ref,
                            automation)
      values (v_message, e.workspace_id, conv, e.inbox_id, c.last_seq, 'in', 'contact', k.id, e.payload #>> '{contact,name}',
              e.payload #>> '{contact,externalId}', e.payload -> 'parts', e.payload ->> 'text', 'received', e.payload ->> 'providerMessageId', e.id,
              case when e.payload ? 'inReplyTo' then
                (select id from messages where inbox_id = e.inbox_id and provider_message_id = e.payload ->> 'inReplyTo' limit 1) end,
              from_ms(e.payload -> 'sentAtMs'), e.payload -> 'reference', case when e.payload ->> 'automation' = 'off' then 'off' end);
      if jsonb_array_length(coalesce(e.payload -> 'media', '[]')) > 0 then
        insert into media (id, workspace_id, inbox_id, message_id, source, mime_type, name, size_bytes)
        select x.id, e.workspace_id, e.inbox_id, v_message, x.source, x.mime_type, x.name, x.size_bytes
          from jsonb_to_recordset(e.payload -> 'media') as x(id uuid, source jsonb, mime_type text, name text, size_bytes bigint);
      end if;
      insert into ui_events (workspace_id, name, data)
      values (e.workspace_id, 'message.created',
              jsonb_build_object('conversationId', conv, 'messageId', v_message, 'seq', c.last_seq, 'inboxId', e.inbox_id));
      was := apply_unmatched(e.inbox_id, e.payload ->> 'providerMessageId');
    elsif e.kind = 'echo' then
      select * into c from conversations where id = conv;
      v_message := store_echo(e, c);
      select * into c from conversations where id = conv;
    else
      v_message := null;
      insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind, actor_id, data)
      select uuidv7(), e.workspace_id, conv, last_seq,
             case when e.kind = 'reaction' then 'reaction' else 'contact_' || (e.payload ->> 'change') end, 'contact', k.id,
             jsonb_strip_nulls(jsonb_build_object('emoji', e.payload -> 'emoji', 'providerMessageId', e.payload -> 'providerMessageId'))
        from conversations where id = conv;
      insert into ui_events (workspace_id, name, data)
      values (e.workspace_id, 'conversation.updated', jsonb_build_object('conversationId', conv));
      if e.kind = 'reaction' then
        if show_reaction(e, k) then
          -- those before it that still wait for the message are outdone
          update inbound_events set applied_at = clock_timestamp()
           where inbox_id = e.inbox_id and target_provider_message_id = e.payload ->> 'providerMessageId' and applied_at is null
             and kind = 'reaction' and conversation_id = conv and accept_no < e.accept_no;
        else
          update inbound_events set target_provider_message_id = e.payload ->> 'providerMessageId' where id = e.id;
        end if;
      end if;
    end if;
    update inbound_events set message_id = v_message, conversation_id = conv, ingested_at = clock_timestamp(),
           -- an event ingested by another one's workflow has still to get its own
           started_at = case when id = p_event then coalesce(started_at, clock_timestamp()) else started_at end
     where id = e.id;
    mine_done := mine_done or e.id = p_event;
  end loop;
  if mine.last_in_at is null or mine.last_in_at < clock_timestamp() - interval '10 seconds' then
    update inboxes set last_in_at = clock_timestamp()
     where id = mine.inbox_id and (last_in_at is null or last_in_at < clock_timestamp() - interval '10 seconds');
  end if;
  if not mine_done then
    c := null;
    select conversation_id into c.id from inbound_events where id = p_event;
  elsif c.id is null then
    c.id := conv;
  end if;
  return c;
end $$;

-- As in 0004, and: what the message window hangs on, whether the contact has a name.
create or replace function drive_view(c conversations, p_event uuid, p_run uuid) returns jsonb language plpgsql as $$
declare
  r runs;
  own runs;
  x record;
  v_run jsonb;
  v_flow_name text;
  v_effect jsonb;
  v_trigger jsonb;
  v_unread jsonb;
  v_flows jsonb;
  v_customer jsonb;
begin
  if p_run is not null then
    select * into own from runs where id = p_run for update;
  end if;
  if own.background then r := own;
  elsif c.run_id is not null then select * into r from runs where id = c.run_id;
  end if;
  if r.id is not null and r.ended_at is null then
    select f.name,
           (select message_view(m) from messages m where m.id = r.trigger_message_id),
           (select jsonb_build_object('id', o.id, 'messageId', o.message_id, 'kind', o.kind, 'payload', o.payload, 'stepNo', o.step_no,
                     'effectNo', o.effect_no, 'state', o.state, 'epoch', o.epoch, 'claimExpiresAtMs', epoch_ms(o.claim_expires_at),
                     'notBeforeMs', epoch_ms(o.not_before), 'attempts', o.attempts, 'error', o.error, 'result', o.result,
                     'inDoubtSinceMs', epoch_ms(coalesce(o.in_doubt_since, case when o.state = 'sending' then o.claimed_at end)))
              from outbox o where o.run_id = r.id order by o.step_no desc, o.effect_no desc limit 1)
      into v_flow_name, v_trigger, v_effect
      from flows f where f.id = r.flow_id;
    v_run := jsonb_build_object('id', r.id, 'flowId', r.flow_id,
      'flowName', v_flow_name, 'versionId', r.version_id, 'versionNo', r.version_no,
      'background', r.background, 'status', r.status, 'state', r.state, 'triggerMessage', v_trigger,
      'waitingFor', r.waiting_for, 'deadlineMs', epoch_ms(r.deadline), 'wakeAtMs', epoch_ms(r.wake_at), 'wakeNo', r.wake_no,
      'wokenNo', r.woken_no, 'resume', r.resume, 'ending', r.ending, 'depth', r.depth, 'leaseHolder', r.lease_holder, 'leaseToken', r.lease_token);
  end if;
  if c.cursor < c.last_in_seq then
    select jsonb_agg(jsonb_build_object('id', m.id, 'seq', m.seq, 'text', m.text, 'parts', m.parts, 'first', m.first,
             'automation', m.automation) order by m.seq)
      into v_unread
      from (select messages.id, messages.seq, messages.text, messages.parts, messages.automation, not exists (select from messages earlier where earlier.conversation_id = c.id
                     and earlier.direction = 'in' and earlier.seq < messages.seq) as first
              from messages where conversation_id = c.id and seq > c.cursor and direction = 'in' order by seq limit 50) m;
  end if;
  if v_unread is not null or c.run_id is not null or own.background then
    select jsonb_agg(jsonb_build_object('flowId', f.id, 'name', f.name, 'versionId', f.published_version_id,
             'versionNo', v.version_no, 'position', f.position, 'enabled', f.enabled))
      into v_flows
      from flows f join flow_versions v on v.id = f.published_version_id
     where f.workspace_id = c.workspace_id and f.deleted_at is null;
  end if;
  select k.customer_id,
         jsonb_build_object('id', k.id, 'externalId', k.external_id, 'name', k.name, 'email', k.email, 'phone', k.phone, 'fields', k.fields) as contact,
         jsonb_build_object('id', i.id, 'name', i.name, 'type', i.type, 'canSend', i.can_send and i.deleted_at is null) as inbox,
         case when e.id is not null then jsonb_build_object('id', e.id, 'done', e.done_at is not null,
           'followUp', e.payload ? 'acknowledge' or jsonb_array_length(coalesce(e.payload -> 'media', '[]')) > 0,
           'unnamed', k.name is null and k.asked_at is null) end as event,
         (select jsonb_agg(jsonb_build_object('runId', w.id, 'wakeNo', w.wake_no, 'wokenNo', w.woken_no))
            from runs w where w.conversation_id = c.id and w.wake_no > w.woken_no) as owed
    into x
    from contacts k join inboxes i on i.id = c.inbox_id left join inbound_events e on e.id = p_event
   where k.id = c.contact_id;
  if x.customer_id is not null then
    select jsonb_build_object('id', s.id, 'name', s.name, 'email', s.email, 'phone', s.phone, 'fields', s.fields)
      into v_customer from customers s where s.id = x.customer_id;
  end if;
  return jsonb_build_object(
    'nowMs', epoch_ms(clock_timestamp()),
    'event', x.event,
    'conversation', jsonb_build_object('id', c.id, 'workspaceId', c.workspace_id, 'status', c.status, 'priority', c.priority,
       'labels', to_jsonb(c.labels), 'owner', c.owner, 'epoch', c.automation_epoch, 'runId', c.run_id, 'lastSeq', c.last_seq,
       'lastInSeq', c.last_in_seq, 'cursor', c.cursor, 'leaseHolder', c.lease_holder, 'leaseToken', c.lease_token,
       'threadKey', c.thread_key, 'replyAddress', c.reply_address, 'lastInAtMs', epoch_ms(c.last_in_at),
       'sentSinceLastIn', case when c.last_seq > c.last_in_seq then sent_since_last_in(c.id, c.last_in_seq) else 0 end),
    'inbox', x.inbox,
    'contact', x.contact,
    'customer', v_customer,
    'run', v_run,
    'effect', v_effect,
    'unread', coalesce(v_unread, '[]'),
    'flows', coalesce(v_flows, '[]'),
    'owed', coalesce(x.owed, '[]'),
    'self', case when own.id is not null then jsonb_build_object('id', own.id, 'ended', own.ended_at is not null) end);
end $$;

create or replace function drive_load(p_event uuid, p_run uuid) returns jsonb language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  c conversations;
begin
  if p_event is not null then c := ingest(p_event);
  else select conversation_id into c.id from runs where id = p_run;
  end if;
  if c.id is null then
    -- an echo that may be of a send still on its way: its workflow looks again
    if exists (select from inbound_events where id = p_event and kind = 'echo' and workspace_id is not null and ingested_at is null) then
      return '{"wait": true}';
    end if;
    update inbound_events set done_at = coalesce(done_at, clock_timestamp()) where id = p_event;
    return null;
  end if;
  -- ingesting has locked and changed the row already
  if c.workspace_id is null then
    select * into c from conversations where id = c.id for update;
    if not found then return null; end if;
  end if;
  return drive_view(c, p_event, p_run);
end $$;

-- As in 0004, and: since when it is in doubt whether the provider has it.
create or replace function settle_outbox(p_outbox uuid, p_claim uuid, p_outcome text, p_provider_message_id text, p_not_before timestamptz,
                              p_error jsonb, p_result jsonb) returns boolean language plpgsql as $$
declare
  o outbox;
  v_last_out_at timestamptz;
  was boolean;
  v_doubt boolean := p_outcome = 'refused' and p_error ->> 'kind' = 'no_answer';
begin
  update outbox set state = case
           -- given up, though this call or an earlier one may have arrived
           when p_outcome = 'refused' and (v_doubt or in_doubt_since is not null)
                and settled_state(p_outcome, state, p_not_before, give_up_at) = 'failed' then 'unknown'
           else settled_state(p_outcome, state, p_not_before, give_up_at) end,
         in_doubt_since = case when v_doubt then coalesce(in_doubt_since, claimed_at) else in_doubt_since end,
         claim = case when p_outcome = 'unknown' then claim end,
         provider_message_id = coalesce(p_provider_message_id, provider_message_id),
         not_before = case when settled_state(p_outcome, state, p_not_before, give_up_at) = 'planned' then p_not_before end,
         attempts = case when p_outcome = 'unsent' then greatest(attempts - 1, 0) else attempts end,
         error = p_error, result = p_result,
         settled_at = case when settled_state(p_outcome, state, p_not_before, give_up_at) <> 'planned' then clock_timestamp() end
   where id = p_outbox and claim = p_claim and state in ('sending', 'unknown')
  returning * into o;
  if not found then return false; end if;
  if o.message_id is not null then
    update messages set
           status = case when o.state = 'sent' and status in ('delivered', 'read') then status else o.state end,
           provider_message_id = coalesce(p_provider_message_id, provider_message_id),
           sent_at = case when o.state = 'sent' then coalesce(sent_at, clock_timestamp()) else sent_at end,
           error = case when o.state in ('failed', 'unknown', 'planned') then p_error end
     where id = o.message_id
    returning (select last_out_at from inboxes where id = o.inbox_id) into v_last_out_at;
    if o.state = 'sent' then
      was := apply_unmatched(o.inbox_id, p_provider_message_id);
      if v_last_out_at is null or v_last_out_at < clock_timestamp() - interval '10 seconds' then
        -- a real message made the whole way, in and out: the inbox is active
        update inboxes set last_out_at = clock_timestamp(),
               state = case when state = 'onboarding' and last_in_at is not null then 'active' else state end
         where id = o.inbox_id;
      end if;
    end if;
    insert into ui_events (workspace_id, name, data)
    values (o.workspace_id, 'message.updated', jsonb_build_object('conversationId', o.conversation_id, 'messageId', o.message_id));
  end if;
  return true;
end $$;

-- As in 0004, and: a watermark that came before the send's answer.
create or replace function drive_settle(p_conversation uuid, p_event uuid, p_run uuid, p_outbox uuid, p_claim uuid, p_outcome text,
                             p_provider_message_id text, p_not_before timestamptz, p_error jsonb, p_result jsonb)
returns jsonb language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  c conversations;
  settled boolean;
begin
  select * into c from conversations where id = p_conversation for update;
  settled := settle_outbox(p_outbox, p_claim, p_outcome, p_provider_message_id, p_not_before, p_error, p_result);
  if c.id is null then return null; end if;
  if c.delivered_until is not null or c.read_until is not null then
    settled := reach_watermarks(c);
  end if;
  return drive_view(c, p_event, p_run);
end $$;

-- As in 0004, and: what a bot's message answers, and how.
create or replace function drive_store(p_conversation uuid, p_workspace uuid, p_inbox uuid, plan jsonb) returns void
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  x jsonb;
  c jsonb := plan -> 'conversation';
  v_now timestamptz := clock_timestamp();
  told text[] := '{}';
  facts jsonb[] := '{}';
begin
  for i in 0 .. jsonb_array_length(plan -> 'runs') - 1 loop
    x := plan -> 'runs' -> i;
    if (x ->> 'insert')::boolean then
      insert into runs (id, workspace_id, conversation_id, inbox_id, flow_id, version_id, version_no, background, trigger_message_id,
                        parent_run_id, workflow_id, depth, status, step_id, step_no, state, waiting_for, deadline, wake_at, wake_no, error, ended_at)
      values ((x ->> 'id')::uuid, p_workspace, p_conversation, p_inbox, (x ->> 'flowId')::uuid, (x ->> 'versionId')::uuid,
              (x ->> 'versionNo')::integer, (x ->> 'background')::boolean, (x ->> 'triggerMessageId')::uuid, (x ->> 'parentRunId')::uuid,
              case when (x ->> 'wakeNo')::integer > 0 then 'run/' || (x ->> 'id') else plan ->> 'holder' end, (x ->> 'depth')::integer, x ->> 'status',
              x ->> 'stepId', (x ->> 'stepNo')::integer, x -> 'state', x ->> 'waitingFor', from_ms(x -> 'deadlineMs'),
              from_ms(x -> 'wakeAtMs'), (x ->> 'wakeNo')::integer, nullif(x -> 'error', 'null'),
              case when x ->> 'status' in ('active', 'waiting', 'paused') then null else v_now end);
    else
      update runs set status = x ->> 'status', step_id = x ->> 'stepId', step_no = (x ->> 'stepNo')::integer, state = x -> 'state',
             waiting_for = x ->> 'waitingFor', deadline = from_ms(x -> 'deadlineMs'), wake_at = from_ms(x -> 'wakeAtMs'),
             -- the sweeper and unparking count it up without the conversation's lock
             wake_no = greatest(wake_no, (x ->> 'wakeNo')::integer), resume = (x ->> 'resume')::boolean, ending = x ->> 'ending',
             workflow_id = case when (x ->> 'wakeNo')::integer > 0 then 'run/' || id else workflow_id end,
             lease_holder = x ->> 'leaseHolder', lease_token = (x ->> 'leaseToken')::bigint,
             lease_at = case when x ->> 'leaseHolder' is null then null else v_now end,
             error = nullif(x -> 'error', 'null'), updated_at = v_now,
             ended_at = case when x ->> 'status' in ('active', 'waiting', 'paused') then null else v_now end
       where id = (x ->> 'id')::uuid;
    end if;
    told := told || 'run.updated'::text;
    facts := facts || jsonb_build_object('runId', x -> 'id', 'conversationId', p_conversation, 'flowId', x -> 'flowId');
  end loop;

  for i in 0 .. jsonb_array_length(plan -> 'messages') - 1 loop
    x := plan -> 'messages' -> i;
    insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, author_id, author_name, parts, text, status,
                          in_reply_to_id, sent_as)
    values ((x ->> 'id')::uuid, p_workspace, p_conversation, p_inbox, (x ->> 'seq')::bigint, 'out', 'bot', (x ->> 'authorId')::uuid,
            x ->> 'authorName', x -> 'parts', x ->> 'text', x ->> 'status', (x ->> 'inReplyToId')::uuid, x ->> 'as');
    told := told || 'message.created'::text;
    facts := facts || jsonb_build_object('conversationId', p_conversation, 'messageId', x -> 'id', 'seq', x -> 'seq', 'inboxId', p_inbox);
  end loop;

  for i in 0 .. jsonb_array_length(plan -> 'outbox') - 1 loop
    x := plan -> 'outbox' -> i;
    if (x ->> 'insert')::boolean then
      insert into outbox (id, workspace_id, conversation_id, inbox_id, run_id, step_no, effect_no, message_id, kind, payload, state,
                          epoch, claim, claimed_at, claim_expires_at, attempts, error, give_up_at)
      values ((x ->> 'id')::uuid, p_workspace, p_conversation, p_inbox, (x ->> 'runId')::uuid, (x ->> 'stepNo')::integer,
              (x ->> 'effectNo')::integer, (x ->> 'messageId')::uuid, x ->> 'kind', x -> 'payload', x ->> 'state', (x ->> 'epoch')::integer,
              (x ->> 'claim')::uuid, from_ms(x -> 'claimedAtMs'), from_ms(x -> 'claimExpiresAtMs'), (x ->> 'attempts')::integer,
              nullif(x -> 'error', 'null'), v_now + interval '24 hours');
    else
      update outbox set state = x ->> 'state', attempts = (x ->> 'attempts')::integer, error = nullif(x -> 'error', 'null'),
             -- an unknown row keeps its claim: its own execution may still bring the evidence
             claim = case x ->> 'state' when 'sending' then (x ->> 'claim')::uuid when 'unknown' then claim end,
             -- claimed again after a claim that was lost: that one may have arrived
             in_doubt_since = coalesce(in_doubt_since, case when state = 'sending' and x ->> 'state' = 'sending' then claimed_at end),
             claimed_at = coalesce(from_ms(x -> 'claimedAtMs'), claimed_at),
             claim_expires_at = from_ms(x -> 'claimExpiresAtMs'),
             settled_at = case when x ->> 'state' in ('unknown', 'cancelled', 'failed') then v_now end
       where id = (x ->> 'id')::uuid;
    end if;
  end loop;

  for i in 0 .. jsonb_array_length(plan -> 'messageStatuses') - 1 loop
    x := plan -> 'messageStatuses' -> i;
    update messages set status = x ->> 'status', error = nullif(x -> 'error', 'null')
     where id = (x ->> 'id')::uuid and status in ('planned', 'sending', 'parked', 'unknown')
       and (status <> x ->> 'status' or error is distinct from nullif(x -> 'error', 'null'));
    if found then
      told := told || 'message.updated'::text;
      facts := facts || jsonb_build_object('conversationId', p_conversation, 'messageId', x -> 'id');
    end if;
  end loop;

  for i in 0 .. jsonb_array_length(plan -> 'visits') - 1 loop
    x := plan -> 'visits' -> i;
    insert into run_steps (run_id, step_no, workspace_id, step_id, kind, input, output, exit, error, left_at)
    values ((x ->> 'runId')::uuid, (x ->> 'stepNo')::integer, p_workspace, x ->> 'stepId', x ->> 'kind', x -> 'input', x -> 'output',
            x ->> 'exit', x -> 'error', case when x ? 'exit' or x ? 'error' then v_now end)
    on conflict (run_id, step_no) do update set
      input = coalesce(excluded.input, run_steps.input), output = coalesce(excluded.output, run_steps.output),
      exit = coalesce(excluded.exit, run_steps.exit), error = coalesce(excluded.error, run_steps.error),
      left_at = coalesce(run_steps.left_at, excluded.left_at);
  end loop;

  for i in 0 .. jsonb_array_length(plan -> 'changes') - 1 loop
    perform apply_change(p_conversation, p_workspace, plan -> 'changes' -> i);
  end loop;

  for i in 0 .. jsonb_array_length(plan -> 'routed') - 1 loop
    x := plan -> 'routed' -> i;
    update messages set routing = x -> 'routing' where id = (x ->> 'messageId')::uuid;
  end loop;

  if jsonb_array_length(plan -> 'activities') > 0 then
    insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind, actor_id, data)
    select uuidv7(), p_workspace, p_conversation, (a ->> 'afterSeq')::bigint, a ->> 'kind', 'bot', null, a -> 'data'
      from jsonb_array_elements(plan -> 'activities') with ordinality as listed(a, n) order by n;
  end if;

  if plan ->> 'doneEventId' is not null then
    update inbound_events set done_at = v_now, started_at = coalesce(started_at, v_now) where id = (plan ->> 'doneEventId')::uuid and done_at is null;
  end if;

  if jsonb_typeof(c) = 'object' then
    update conversations set owner = c ->> 'owner', automation_epoch = (c ->> 'epoch')::integer, run_id = (c ->> 'runId')::uuid,
           cursor = (c ->> 'cursor')::bigint, last_seq = (c ->> 'lastSeq')::bigint, lease_holder = c ->> 'leaseHolder',
           lease_token = (c ->> 'leaseToken')::bigint, lease_at = case when c ->> 'leaseHolder' is null then null
             when c ->> 'leaseHolder' = plan ->> 'holder' then v_now else lease_at end, -- a background run touches nobody else's
           last_message_at = case when jsonb_array_length(plan -> 'messages') > 0 then v_now else last_message_at end, updated_at = v_now
     where id = p_conversation;
    if plan ->> 'touched' = 'true' then
      told := told || 'conversation.updated'::text;
      facts := facts || jsonb_build_object('conversationId', p_conversation, 'inboxId', p_inbox);
    end if;
  end if;

  if cardinality(told) > 0 then
    insert into ui_events (workspace_id, name, data) select p_workspace, t, f from unnest(told, facts) as listed(t, f);
  end if;
end $$;

-- A person's message that may have arrived and is not to be repeated.
create function leave_unknown(p_outbox uuid, p_why text) returns boolean language plpgsql as $$
declare
  o outbox;
  v_error jsonb := jsonb_build_object('kind', 'no_answer', 'message', p_why);
begin
  update outbox set state = 'unknown', settled_at = clock_timestamp(), error = v_error where id = p_outbox returning * into o;
  update messages set status = 'unknown', error = v_error where id = o.message_id and status in ('sending', 'planned', 'parked');
  perform emit_ui(o.workspace_id, 'message.updated', jsonb_build_object('conversationId', o.conversation_id, 'messageId', o.message_id));
  return true;
end $$;

-- As in 0004, and: what the message answers, what the message window hangs on, and how long the provider remembers a key.
drop function agent_claim(uuid, uuid, boolean, integer, boolean);
create function agent_claim(p_message uuid, p_claim uuid, p_safe boolean, p_call_ms integer, p_may_claim boolean, p_key_life_ms bigint)
returns jsonb language plpgsql as $$
declare
  conv uuid;
  o record;
  c record;
  v_now timestamptz;
  v_can_send boolean;
  was boolean;
begin
  select conversation_id into conv from messages where id = p_message;
  if not found then return jsonb_build_object('kind', 'done'); end if;
  select * into c from conversations where id = conv for update;
  v_now := clock_timestamp();
  select can_send and deleted_at is null into v_can_send from inboxes where id = c.inbox_id;
  loop
    select x.*, m.seq, m.parts as message_parts, m.sent_as, q.provider_message_id as quotes, q.provider_ref as quotes_ref
      into o from outbox x join messages m on m.id = x.message_id left join messages q on q.id = m.in_reply_to_id
     where x.conversation_id = conv and x.run_id is null and x.state in ('planned', 'sending') order by m.seq limit 1;
    if not found then return jsonb_build_object('kind', 'done'); end if;
    if o.state = 'sending' and o.claim_expires_at > v_now then
      return jsonb_build_object('kind', case when o.message_id = p_message then 'wait' else 'done' end);
    end if;
    if o.state = 'sending' and not p_safe then
      was := leave_unknown(o.id, 'The provider may have received this: no answer came back.');
      continue;
    end if;
    if not v_can_send then
      -- What stands behind the first waits for the same.
      for o in update messages set status = 'parked' where status = 'planned' and id in
                 (select message_id from outbox where conversation_id = conv and run_id is null and state = 'planned')
               returning id, workspace_id loop
        perform emit_ui(o.workspace_id, 'message.updated', jsonb_build_object('conversationId', conv, 'messageId', o.id));
      end loop;
      return jsonb_build_object('kind', 'done');
    end if;
    if o.not_before > v_now then
      if o.message_id <> p_message then return jsonb_build_object('kind', 'done'); end if;
      return jsonb_build_object('kind', 'later', 'afterMs', epoch_ms(o.not_before) - epoch_ms(v_now));
    end if;
    if coalesce(o.in_doubt_since, case when o.state = 'sending' then o.claimed_at end)
       < v_now - make_interval(secs => p_key_life_ms / 1000.0) then
      was := leave_unknown(o.id, 'The provider may have received this: no answer came back, and by now a repeat could arrive as a second message.');
      continue;
    end if;
    if not p_may_claim then return jsonb_build_object('kind', 'again'); end if;
    update outbox set state = 'sending', claim = p_claim, claimed_at = v_now, attempts = attempts + 1,
           in_doubt_since = coalesce(in_doubt_since, case when state = 'sending' then claimed_at end),
           claim_expires_at = v_now + make_interval(secs => (p_call_ms + 3000) / 1000.0)
     where id = o.id;
    update messages set status = 'sending' where id = o.message_id and status in ('planned', 'parked');
    return jsonb_build_object('kind', 'call', 'outboxId', o.id, 'messageId', o.message_id, 'parts', o.message_parts, 'attempts', o.attempts + 1,
      'conversationId', conv, 'threadKey', c.thread_key, 'replyAddress', c.reply_address, 'inReplyTo', o.quotes,
      'inReplyToReference', o.quotes_ref, 'as', o.sent_as, 'author', 'agent', 'lastInAtMs', epoch_ms(c.last_in_at),
      'sentSinceLastIn', case when c.last_seq > c.last_in_seq then sent_since_last_in(c.id, c.last_in_seq) else 0 end,
      'contactExternalId', (select external_id from contacts where id = c.contact_id));
  end loop;
end $$;

-- Evidence of an agent's call, under the conversation's lock like everything that settles.
create function agent_settle(p_outbox uuid, p_claim uuid, p_outcome text, p_provider_message_id text, p_not_before timestamptz,
                             p_error jsonb, p_result jsonb) returns boolean language plpgsql as $$
declare
  c conversations;
  settled boolean;
  was boolean;
begin
  select x.* into c from conversations x where x.id = (select conversation_id from outbox where id = p_outbox) for update;
  settled := settle_outbox(p_outbox, p_claim, p_outcome, p_provider_message_id, p_not_before, p_error, p_result);
  if c.delivered_until is not null or c.read_until is not null then was := reach_watermarks(c); end if;
  return settled;
end $$;
