-- From a webhook to rows, as functions: accepting events, what they change at once (statuses, echoes, edits), who they speak of, and
-- ingesting them as messages. Volatile functions take a fresh snapshot per statement.

create function epoch_ms(moment timestamptz) returns bigint language sql immutable as $$
  select floor(extract(epoch from moment) * 1000)::bigint
$$;

-- Times come from outside: one that is no time is none.
create function from_ms(ms jsonb) returns timestamptz language sql immutable as $$
  select case when jsonb_typeof(ms) = 'number' then
    case when (ms)::numeric between 0 and 253402300799000 then to_timestamp((ms)::numeric / 1000) end end
$$;

create function as_uuid(written text) returns uuid language sql immutable as $$
  select case when written ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then written::uuid end
$$;

create function emit_ui(p_workspace uuid, p_name text, p_data jsonb) returns void language sql as $$
  insert into ui_events (workspace_id, name, data) values (p_workspace, p_name, p_data)
$$;

-- How far a status has come; mirrors statusAdvances in workflows/domain/message.ts (a test compares the two).
create function status_advances(from_status text, to_status text) returns boolean language sql immutable as $$
  select case
    when from_status = to_status or from_status = 'received' then false
    when to_status = 'failed' then from_status not in ('delivered', 'read')
    when from_status = 'failed' then to_status <> 'sent'
    else array_position(array['sent', 'delivered', 'read'], to_status)
       > coalesce(array_position(array['sent', 'delivered', 'read'], from_status), 0)
  end
$$;

-- Accepted provider events, of one webhook or of several at once. Rows say by number which source (webhook) they came with; the raw bytes
-- of all sources follow one another. Returns the ids of those that are new; the others' keys are taken.
create function accept_events(keys bytea[], ids uuid[], provider_event_ids text[], order_keys text[], kinds text[], targets text[],
  payloads jsonb[], source_nos integer[], workspaces uuid[], inboxes uuid[], types text[], account_keys text[], raw_lengths integer[], raws bytea)
returns setof uuid language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  offsets integer[] := '{1}';
begin
  for i in 1 .. cardinality(raw_lengths) loop
    offsets := offsets || offsets[i] + raw_lengths[i];
  end loop;
  return query
    with incoming as (
      select * from unnest(keys, ids, provider_event_ids, order_keys, kinds, targets, payloads, source_nos)
        with ordinality as t(key, id, provider_event_id, order_key, kind, target, payload, source, n)
    ), claimed as (
      insert into inbound_keys (key, event_id, workspace_id)
      select i.key, i.id, workspaces[i.source] from incoming i order by i.key
      on conflict (key) do nothing returning inbound_keys.key, inbound_keys.event_id
    ), locked as materialized (
      -- in one order for all, or two batches that share contacts would wait for each other
      select count(pg_advisory_xact_lock(7001, l.lock)) as locks
        from (select distinct hashtext(i.order_key) as lock from incoming i join claimed using (key)
               where claimed.event_id = i.id order by 1 offset 0) l
    ), ordered as (
      select o.*, nextval('inbound_accept_no') as accept_no
        from (select i.* from locked, incoming i join claimed using (key)
               where locked.locks >= 0 and claimed.event_id = i.id order by i.n offset 0) o
    ), inserted as (
      insert into inbound_events (id, accept_no, workspace_id, inbox_id, type, account_key, provider_event_id, order_key, kind,
                                  target_provider_message_id, payload, raw)
      select o.id, o.accept_no, workspaces[o.source], inboxes[o.source], types[o.source], account_keys[o.source], o.provider_event_id,
             o.order_key, o.kind, o.target, o.payload, substring(raws from offsets[o.source] for raw_lengths[o.source])
        from ordered o
    )
    select claimed.event_id from claimed;
end $$;

-- The same for one event alone, the common case, at a third of the price. Returns the id of its first delivery: its own where it is new.
create function accept_event(p_key bytea, p_id uuid, p_provider_event_id text, p_order_key text, p_kind text, p_target text, p_payload jsonb,
  p_workspace uuid, p_inbox uuid, p_type text, p_account_key text, p_raw bytea)
returns uuid language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  insert into inbound_keys (key, event_id, workspace_id) values (p_key, p_id, p_workspace) on conflict (key) do nothing;
  if not found then return (select event_id from inbound_keys where key = p_key); end if;
  insert into inbound_events (id, workspace_id, inbox_id, type, account_key, provider_event_id, order_key, kind, target_provider_message_id,
                              payload, raw, accept_no)
  values (p_id, p_workspace, p_inbox, p_type, p_account_key, p_provider_event_id, p_order_key, p_kind, p_target, p_payload, p_raw,
          -- numbered under the lock, so that numbers of one key are in the order of commit
          case when pg_advisory_xact_lock(7001, hashtext(p_order_key)) is not null then nextval('inbound_accept_no') end);
  return p_id;
end $$;

-- Statuses, edits and deletes that arrived before the message they speak of. Called with the message row there.
create function apply_unmatched(p_inbox uuid, p_provider_message_id text) returns boolean language plpgsql as $$
declare
  e record;
begin
  for e in select id from inbound_events
            where inbox_id = p_inbox and target_provider_message_id = p_provider_message_id and applied_at is null
            order by accept_no loop
    perform apply_provider_event(e.id);
  end loop;
  return found;
end $$;

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
create function apply_provider_event(p_event uuid) returns boolean language plpgsql as $$
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

-- The open conversation of (inbox, contact, thread), locked. Reopens a resolved one within the inbox's window. One that an echo opens (p_ours) keeps its reply address, and stays snoozed or pending: the contact hasn't said anything.
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
create function meet_contact(e inbound_events) returns contacts language plpgsql as $$
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

-- What the provider says of a person fills gaps; what people here have written stays. Called with the conversation locked.
-- An id it wasn't known by becomes its id, the one before stays an alias. Where both ids have contacts, each stays: they
-- may have conversations open at once, and merging people is a person's decision.
create function fill_contact(k contacts, e inbound_events) returns boolean language plpgsql as $$
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

-- T1. Ingests every earlier accepted event of the same order key first, so that seq is the order of acceptance however the
-- workflows race. Repeatable: the same answer each time. Returns the conversation to drive, null where there is none: its row as locked
-- and changed here, or only its id where the event was ingested before. (Functions are called by assignment where their result doesn't
-- matter: `perform` would be a query of its own.)
create function ingest(p_event uuid) returns conversations language plpgsql as $$
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
      values (v_message, e.workspace_id, conv, e.inbox_id, c.last_seq, 'in', 'contact', k.id,
              case when e.payload ? 'author' then e.payload #>> '{author,name}' else e.payload #>> '{contact,name}' end,
              coalesce(e.payload #>> '{author,externalId}', e.payload #>> '{contact,externalId}'), e.payload -> 'parts', e.payload ->> 'text', 'received', e.payload ->> 'providerMessageId', e.id,
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

create function ingest_event(p_event uuid) returns uuid language sql as $$ select (ingest(p_event)).id $$;
