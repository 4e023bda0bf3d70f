-- The drive protocol's transactions, as functions: each is one round trip, locks the conversation row first and reads with later
-- statements (volatile functions take a fresh snapshot per statement). What is decided between load and store is TypeScript
-- (workflows/domain/drive).

create function epoch_ms(moment timestamptz) returns bigint language sql immutable as $$
  select floor(extract(epoch from moment) * 1000)::bigint
$$;
create function from_ms(ms jsonb) returns timestamptz language sql immutable as $$
  select case when jsonb_typeof(ms) = 'number' then to_timestamp((ms)::numeric / 1000) end
$$;

create function emit_ui(p_workspace uuid, p_name text, p_data jsonb) returns void language sql as $$
  insert into ui_events (workspace_id, name, data) values (p_workspace, p_name, p_data)
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

create function apply_provider_event(p_event uuid) returns boolean language plpgsql as $$
declare
  e inbound_events;
  m messages;
  new_status text;
begin
  select * into e from inbound_events where id = p_event for update;
  if e.applied_at is not null then return true; end if;
  select * into m from messages
   where inbox_id = e.inbox_id and provider_message_id = e.target_provider_message_id
   order by created_at desc limit 1 for update;
  if not found then return false; end if;
  if e.kind = 'status' then
    new_status := e.payload ->> 'status';
    if status_advances(m.status, new_status) then
      update messages set status = new_status,
             error = case when new_status = 'failed' then e.payload -> 'error' end,
             delivered_at = case when new_status = 'delivered' then coalesce(from_ms(e.payload -> 'atMs'), e.received_at) else delivered_at end,
             read_at = case when new_status = 'read' then coalesce(from_ms(e.payload -> 'atMs'), e.received_at) else read_at end
       where id = m.id;
    end if;
    -- an acknowledgement is evidence: an unknown send did arrive
    if new_status <> 'failed' then
      update outbox set state = 'sent', provider_message_id = e.target_provider_message_id, settled_at = clock_timestamp()
       where message_id = m.id and state = 'unknown';
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
  update inbound_events set applied_at = clock_timestamp(), ingested_at = coalesce(ingested_at, clock_timestamp()),
         started_at = coalesce(started_at, clock_timestamp()), done_at = coalesce(done_at, clock_timestamp()),
         message_id = m.id, conversation_id = m.conversation_id
   where id = e.id;
  perform emit_ui(m.workspace_id, 'message.updated', jsonb_build_object('conversationId', m.conversation_id, 'messageId', m.id));
  return true;
end $$;

-- The open conversation of (inbox, contact, thread), locked. Reopens a resolved one within the inbox's window.
create function open_conversation(p_workspace uuid, p_inbox uuid, p_contact uuid, p_thread text, p_reply jsonb, p_reopen_hours integer)
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
      if c.status <> 'open' then
        update conversations set status = 'open', snoozed_until = null, updated_at = clock_timestamp() where id = c.id;
      end if;
      if c.reply_address <> p_reply then
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
        update conversations set status = 'open', resolved_at = null, reply_address = p_reply, updated_at = clock_timestamp()
         where id = resolved;
        insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind)
        select uuidv7(), p_workspace, resolved, last_seq, 'reopened', 'contact' from conversations where id = resolved;
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

-- The contact an event speaks of; a known one is not written yet: conversation before contact is the order of locks.
create function meet_contact(e inbound_events) returns contacts language plpgsql as $$
declare
  who jsonb := e.payload -> 'contact';
  k contacts;
begin
  loop
    select * into k from contacts where inbox_id = e.inbox_id and external_id = who ->> 'externalId';
    exit when found;
    insert into contacts (id, workspace_id, inbox_id, external_id, name, email, phone, avatar_url)
    values (uuidv7(), e.workspace_id, e.inbox_id, who ->> 'externalId', who ->> 'name', who ->> 'email', who ->> 'phone', who ->> 'avatarUrl')
    on conflict (inbox_id, external_id) do nothing returning * into k;
    exit when found;
  end loop;
  return k;
end $$;

-- What the provider says of a person fills gaps; what people here have written stays. Called with the conversation locked.
create function fill_contact(k contacts, e inbound_events) returns boolean language plpgsql as $$
declare
  who jsonb := e.payload -> 'contact';
  v_change text := e.payload ->> 'change';
begin
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
              and kind in ('message', 'reaction', 'contact')
            order by accept_no for update loop
    k := meet_contact(e);
    conv := open_conversation(e.workspace_id, e.inbox_id, k.id, coalesce(e.payload ->> 'threadKey', ''),
                              coalesce(e.payload -> 'replyAddress', '{}'), mine.reopen_within_hours);
    was := fill_contact(k, e);
    c := null;
    if e.kind = 'message' then
      v_message := uuidv7();
      update conversations set last_seq = last_seq + 1, last_in_seq = last_seq + 1, last_message_at = e.received_at,
             last_in_at = e.received_at, updated_at = clock_timestamp()
       where id = conv returning * into c;
      insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, author_id, author_name,
                            author_external_id, parts, text, status, provider_message_id, event_id, in_reply_to_id, sent_at)
      values (v_message, e.workspace_id, conv, e.inbox_id, c.last_seq, 'in', 'contact', k.id, e.payload #>> '{contact,name}',
              e.payload #>> '{contact,externalId}', e.payload -> 'parts', e.payload ->> 'text', 'received', e.payload ->> 'providerMessageId', e.id,
              case when e.payload ? 'inReplyTo' then
                (select id from messages where inbox_id = e.inbox_id and provider_message_id = e.payload ->> 'inReplyTo' limit 1) end,
              from_ms(e.payload -> 'sentAtMs'));
      if jsonb_array_length(coalesce(e.payload -> 'media', '[]')) > 0 then
        insert into media (id, workspace_id, inbox_id, message_id, source, mime_type, name, size_bytes)
        select x.id, e.workspace_id, e.inbox_id, v_message, x.source, x.mime_type, x.name, x.size_bytes
          from jsonb_to_recordset(e.payload -> 'media') as x(id uuid, source jsonb, mime_type text, name text, size_bytes bigint);
      end if;
      insert into ui_events (workspace_id, name, data)
      values (e.workspace_id, 'message.created',
              jsonb_build_object('conversationId', conv, 'messageId', v_message, 'seq', c.last_seq, 'inboxId', e.inbox_id));
      was := apply_unmatched(e.inbox_id, e.payload ->> 'providerMessageId');
    else
      v_message := null;
      insert into conversation_activities (id, workspace_id, conversation_id, after_seq, kind, actor_kind, actor_id, data)
      select uuidv7(), e.workspace_id, conv, last_seq,
             case when e.kind = 'reaction' then 'reaction' else 'contact_' || (e.payload ->> 'change') end, 'contact', k.id,
             jsonb_strip_nulls(jsonb_build_object('emoji', e.payload -> 'emoji', 'providerMessageId', e.payload -> 'providerMessageId'))
        from conversations where id = conv;
      insert into ui_events (workspace_id, name, data)
      values (e.workspace_id, 'conversation.updated', jsonb_build_object('conversationId', conv));
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

create function message_view(m messages) returns jsonb language sql stable as $$
  select jsonb_build_object('id', m.id, 'seq', m.seq, 'text', m.text, 'parts', m.parts)
$$;

-- Everything a decision needs, of a conversation the caller has just locked. p_event and p_run say for whom. Many small statements
-- rather than one large one: what isn't there (a run, a customer, flows) costs nothing.
create function drive_view(c conversations, p_event uuid, p_run uuid) returns jsonb language plpgsql as $$
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
                     'notBeforeMs', epoch_ms(o.not_before), 'attempts', o.attempts, 'error', o.error, 'result', o.result)
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
    select jsonb_agg(jsonb_build_object('id', m.id, 'seq', m.seq, 'text', m.text, 'parts', m.parts, 'first', m.first) order by m.seq)
      into v_unread
      from (select messages.id, messages.seq, messages.text, messages.parts, not exists (select from messages earlier where earlier.conversation_id = c.id
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
           'followUp', e.payload ? 'acknowledge' or jsonb_array_length(coalesce(e.payload -> 'media', '[]')) > 0) end as event,
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
       'threadKey', c.thread_key, 'replyAddress', c.reply_address),
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

-- T1 + T2's lock and look, in one round trip. Plans are made once per connection: these statements never gain from the values.
create function drive_load(p_event uuid, p_run uuid) returns jsonb language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  c conversations;
begin
  if p_event is not null then c := ingest(p_event);
  else select conversation_id into c.id from runs where id = p_run;
  end if;
  if c.id is null then
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

-- What an outbox row becomes by how its call ended.
create function settled_state(outcome text, state text, not_before timestamptz, give_up_at timestamptz) returns text language sql immutable as $$
  select case
    when outcome in ('sent', 'failed', 'unknown') then outcome
    -- an unknown row whose own claim proves that it never left: the run has gone on, so it failed
    when state = 'unknown' or not_before > give_up_at then 'failed'
    else 'planned'
  end
$$;

-- T3's evidence: what became of a call, believed only from the execution that claimed it. Needs no lease. Returns whether it took.
-- outcome: sent | refused (may be tried again at not_before) | failed | unknown | unsent (the claim was too old, nothing was called)
create function settle_outbox(p_outbox uuid, p_claim uuid, p_outcome text, p_provider_message_id text, p_not_before timestamptz,
                              p_error jsonb, p_result jsonb) returns boolean language plpgsql as $$
declare
  o outbox;
  v_last_out_at timestamptz;
  was boolean;
begin
  update outbox set state = settled_state(p_outcome, state, p_not_before, give_up_at),
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

-- T3 for a run's effect: settles under the conversation's lock and reads what is next.
create function drive_settle(p_conversation uuid, p_event uuid, p_run uuid, p_outbox uuid, p_claim uuid, p_outcome text,
                             p_provider_message_id text, p_not_before timestamptz, p_error jsonb, p_result jsonb)
returns jsonb language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  c conversations;
  settled boolean;
begin
  select * into c from conversations where id = p_conversation for update;
  settled := settle_outbox(p_outbox, p_claim, p_outcome, p_provider_message_id, p_not_before, p_error, p_result);
  if c.id is null then return null; end if;
  return drive_view(c, p_event, p_run);
end $$;

-- Stores a plan. Called in the transaction that holds the conversation's lock. Counted loops, for most lists are empty and a query
-- over nothing costs as much as one row; what the screens are told is gathered and written at once.
create function drive_store(p_conversation uuid, p_workspace uuid, p_inbox uuid, plan jsonb) returns void
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
    insert into messages (id, workspace_id, conversation_id, inbox_id, seq, direction, author_kind, author_id, author_name, parts, text, status)
    values ((x ->> 'id')::uuid, p_workspace, p_conversation, p_inbox, (x ->> 'seq')::bigint, 'out', 'bot', (x ->> 'authorId')::uuid,
            x ->> 'authorName', x -> 'parts', x ->> 'text', x ->> 'status');
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

-- A flow's write to our own rows.
create function apply_change(p_conversation uuid, p_workspace uuid, x jsonb) returns void language plpgsql as $$
declare
  v_contact uuid;
  v_customer uuid;
  -- `fields.<key>` is a field of one's own, anything else a column
  f text := regexp_replace(x ->> 'field', '^fields\.', '');
  own boolean := x ->> 'field' like 'fields.%';
  v jsonb := x -> 'value';
  t text := x ->> 'value';
begin
  if x ->> 'kind' = 'label' then
    update conversations set labels = (
      select coalesce(array_agg(distinct l order by l), '{}') from (
        select unnest(labels) as l union select jsonb_array_elements_text(x -> 'add')) all_labels
       where l not in (select jsonb_array_elements_text(x -> 'remove')))
     where id = p_conversation;
  elsif x ->> 'kind' = 'assign' then
    update conversations set assignee_id = coalesce((x ->> 'agentId')::uuid, assignee_id),
           team_id = coalesce((select id from teams where id = (x ->> 'teamId')::uuid and workspace_id = p_workspace), team_id)
     where id = p_conversation;
  elsif x ->> 'kind' = 'set' and x ->> 'target' = 'conversation' then
    if f = 'status' and t in ('open', 'pending', 'snoozed', 'resolved') then
      begin
        update conversations set status = t, resolved_at = case when t = 'resolved' then clock_timestamp() end where id = p_conversation;
      exception when unique_violation then
        null; -- another one is open with this contact: this one stays resolved, and the flow goes on
      end;
    elsif f = 'priority' and t in ('none', 'low', 'medium', 'high', 'urgent') then
      update conversations set priority = t where id = p_conversation;
    end if;
  elsif x ->> 'kind' = 'set' then
    select contact_id into v_contact from conversations where id = p_conversation;
    if x ->> 'target' = 'contact' then
      update contacts set name = case when f = 'name' and not own then t else name end,
             email = case when f = 'email' and not own then t else email end,
             phone = case when f = 'phone' and not own then t else phone end, updated_at = clock_timestamp(),
             fields = case when own then fields || jsonb_build_object(f, v) else fields end
       where id = v_contact;
    else
      select customer_id into v_customer from contacts where id = v_contact;
      if v_customer is null then
        insert into customers (id, workspace_id, name, email, phone)
        select uuidv7(), p_workspace, coalesce(name, external_id), email, phone from contacts where id = v_contact returning id into v_customer;
        update contacts set customer_id = v_customer where id = v_contact;
      end if;
      update customers set name = case when f = 'name' and not own then coalesce(t, '') else name end,
             email = case when f = 'email' and not own then t else email end,
             phone = case when f = 'phone' and not own then t else phone end, updated_at = clock_timestamp(),
             fields = case when own then fields || jsonb_build_object(f, v) else fields end
       where id = v_customer;
    end if;
  end if;
end $$;

-- The next agent's message of a conversation, claimed. One after the other in order of seq: a row that is being sent or waits to be
-- tried again holds those behind it. p_message is whose workflow asks: only its own row makes it wait.
create function agent_claim(p_message uuid, p_claim uuid, p_safe boolean, p_call_ms integer, p_may_claim boolean) returns jsonb language plpgsql as $$
declare
  conv uuid;
  o record;
  c record;
  v_now timestamptz;
  v_can_send boolean;
begin
  select conversation_id into conv from messages where id = p_message;
  if not found then return jsonb_build_object('kind', 'done'); end if;
  select * into c from conversations where id = conv for update;
  v_now := clock_timestamp();
  select can_send and deleted_at is null into v_can_send from inboxes where id = c.inbox_id;
  loop
    select x.*, m.seq, m.parts as message_parts,
           (select quoted.provider_message_id from messages quoted where quoted.id = m.in_reply_to_id) as quotes
      into o from outbox x join messages m on m.id = x.message_id
     where x.conversation_id = conv and x.run_id is null and x.state in ('planned', 'sending') order by m.seq limit 1;
    if not found then return jsonb_build_object('kind', 'done'); end if;
    if o.state = 'sending' and o.claim_expires_at > v_now then
      return jsonb_build_object('kind', case when o.message_id = p_message then 'wait' else 'done' end);
    end if;
    if o.state = 'sending' and not p_safe then
      update outbox set state = 'unknown', settled_at = v_now, error = '{"kind":"no_answer","message":"The provider may have received this: no answer came back."}'
       where id = o.id;
      update messages set status = 'unknown', error = '{"kind":"no_answer","message":"The provider may have received this: no answer came back."}'
       where id = o.message_id and status in ('sending', 'planned');
      perform emit_ui(o.workspace_id, 'message.updated', jsonb_build_object('conversationId', conv, 'messageId', o.message_id));
      continue;
    end if;
    if not v_can_send then
      update messages set status = 'parked' where id = o.message_id and status = 'planned';
      if found then
        perform emit_ui(o.workspace_id, 'message.updated', jsonb_build_object('conversationId', conv, 'messageId', o.message_id));
      end if;
      return jsonb_build_object('kind', 'done');
    end if;
    if o.not_before > v_now then
      if o.message_id <> p_message then return jsonb_build_object('kind', 'done'); end if;
      return jsonb_build_object('kind', 'later', 'afterMs', epoch_ms(o.not_before) - epoch_ms(v_now));
    end if;
    if not p_may_claim then return jsonb_build_object('kind', 'again'); end if;
    update outbox set state = 'sending', claim = p_claim, claimed_at = v_now, attempts = attempts + 1,
           claim_expires_at = v_now + make_interval(secs => (p_call_ms + 3000) / 1000.0)
     where id = o.id;
    update messages set status = 'sending' where id = o.message_id and status in ('planned', 'parked');
    return jsonb_build_object('kind', 'call', 'outboxId', o.id, 'messageId', o.message_id, 'parts', o.message_parts, 'attempts', o.attempts + 1,
      'conversationId', conv, 'threadKey', c.thread_key, 'replyAddress', c.reply_address, 'inReplyTo', o.quotes,
      'contactExternalId', (select external_id from contacts where id = c.contact_id));
  end loop;
end $$;
