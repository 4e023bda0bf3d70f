-- The drive protocol's transactions, as functions: each is one round trip, locks the conversation row first and reads with later
-- statements (volatile functions take a fresh snapshot per statement). What is decided between load and store is TypeScript
-- (workflows/domain/drive).

create function message_view(m messages) returns jsonb language sql stable as $$
  select jsonb_build_object('id', m.id, 'seq', m.seq, 'text', m.text, 'parts', m.parts)
$$;

-- What an outbox row becomes by how its call ended.
create function settled_state(outcome text, state text, not_before timestamptz, give_up_at timestamptz) returns text language sql immutable as $$
  select case
    when outcome in ('sent', 'failed', 'unknown') then outcome
    -- an unknown row whose own claim proves that it never left: the run has gone on, so it failed
    when state = 'unknown' or not_before > give_up_at then 'failed'
    else 'planned'
  end
$$;

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

-- T1 + T2's lock and look, in one round trip. Plans are made once per connection: these statements never gain from the values.
create function drive_load(p_event uuid, p_run uuid) returns jsonb language plpgsql set plan_cache_mode = force_generic_plan as $$
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

-- T3's evidence: what became of a call, believed only from the execution that claimed it. Needs no lease. Returns whether it took.
-- outcome: sent | refused (may be tried again at not_before) | failed | unknown | unsent (the claim was too old, nothing was called)
create function settle_outbox(p_outbox uuid, p_claim uuid, p_outcome text, p_provider_message_id text, p_not_before timestamptz,
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

-- T3 for a run's effect: settles under the conversation's lock and reads what is next. A watermark may have come before the send's answer.
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
  if c.delivered_until is not null or c.read_until is not null then
    settled := reach_watermarks(c);
  end if;
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

-- The next agent's message of a conversation, claimed. One after the other in order of seq: a row that is being sent or waits to be
-- tried again holds those behind it. p_message is whose workflow asks: only its own row makes it wait.
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
    select x.*, m.seq, m.parts as message_parts, m.author_name, m.sent_as, q.provider_message_id as quotes, q.provider_ref as quotes_ref
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
      'inReplyToReference', o.quotes_ref, 'as', o.sent_as, 'author', 'agent', 'authorName', o.author_name, 'lastInAtMs', epoch_ms(c.last_in_at),
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
