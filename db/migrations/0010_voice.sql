-- Calls and who is there. A call is a conversation (thread key = the call's) whose events are messages; this row says where it stands and
-- is kept by the events themselves, in the transaction that accepts them: no event without it, and it never goes back.
create table calls (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  inbox_id uuid not null references inboxes on delete cascade,
  thread_key text not null,
  conversation_id uuid references conversations on delete cascade,
  provider_call_id text,
  client_call_id text,             -- the phone's own id of a call that it places
  direction text not null check (direction in ('in', 'out')),
  state text not null default 'ringing' check (state in ('ringing', 'in_progress', 'ended')),
  from_number text not null,
  to_number text not null,
  -- who leads an incoming call: its flow, or the team because the flow was too slow, has handed over or isn't there
  control text check (control in ('flow', 'desk')),
  control_at timestamptz,
  rang boolean not null default false,   -- people were wanted, whether or not somebody was free
  ringing uuid[] not null default '{}',
  agent_id uuid,                   -- on the phone; of a call of ours, who placed it
  agent_leg text,                  -- the provider's ids of the two sides
  customer_leg text,
  held boolean not null default false,
  ticket_until timestamptz,        -- a call of ours may be dialled until then, once
  dialled_at timestamptz,
  forwards integer not null default 0,   -- how often it was connected with another number
  started_at timestamptz not null default now(),
  answered_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  duration_seconds integer,
  seen_at timestamptz,             -- last sign of life of the phone that reports on it; null where the provider does
  wrap_up_until timestamptz,
  unique (inbox_id, thread_key)
);
create index calls_workspace on calls (workspace_id, started_at desc, id desc);
create index calls_open on calls (workspace_id) where state <> 'ended';
create index calls_agent on calls (agent_id, started_at desc) where agent_id is not null;
create index calls_provider on calls (inbox_id, provider_call_id) where provider_call_id is not null;
create index calls_conversation on calls (conversation_id);
create unique index calls_client on calls (inbox_id, agent_id, client_call_id) where client_call_id is not null;

create table presences (
  workspace_id uuid not null references workspaces on delete cascade,
  user_id uuid not null references users on delete cascade,
  chosen text not null default 'online' check (chosen in ('online', 'busy', 'away')),
  seen_at timestamptz,
  last_rung_at timestamptz,
  shown text not null default 'offline',   -- what the screens were told last
  primary key (workspace_id, user_id)
);
create index presences_user on presences (user_id);
create index presences_seen on presences (seen_at) where shown <> 'offline';

-- Every member as others see them. The gap is PRESENCE_GAP_SECONDS of workflows/domain/call.ts.
create function presences_of(p_workspace uuid) returns table (
  user_id uuid, name text, role text, chosen text, status text, call_id uuid, wrap_up_until timestamptz, seen_at timestamptz,
  last_rung_at timestamptz, last_call_at timestamptz, is_rung boolean
) language sql stable as $$
  select m.user_id, u.name, m.role, coalesce(p.chosen, 'online'),
         case when p.seen_at is null or p.seen_at < clock_timestamp() - interval '60 seconds' then 'offline'
              when o.id is not null or w.wrap_up_until is not null then 'busy'
              else p.chosen end,
         o.id, w.wrap_up_until, p.seen_at, p.last_rung_at,
         (select max(c.ended_at) from calls c where c.agent_id = m.user_id and c.workspace_id = p_workspace and c.answered_at is not null
             and c.started_at > clock_timestamp() - interval '7 days'),
         exists (select from calls c where c.workspace_id = p_workspace and c.state <> 'ended' and m.user_id = any (c.ringing))
    from members m join users u on u.id = m.user_id
    left join presences p on p.workspace_id = m.workspace_id and p.user_id = m.user_id
    left join lateral (select c.id from calls c where c.workspace_id = p_workspace and c.agent_id = m.user_id and c.state <> 'ended'
                          and (c.direction = 'in' or c.dialled_at is not null or c.seen_at is not null)
                        order by c.started_at desc limit 1) o on true
    left join lateral (select max(c.wrap_up_until) as wrap_up_until from calls c
                        where c.workspace_id = p_workspace and c.agent_id = m.user_id and c.wrap_up_until > clock_timestamp()
                          and c.started_at > clock_timestamp() - interval '1 day') w on true
   where m.workspace_id = p_workspace
$$;

-- Tells the screens whose status has changed since they were told last.
create function show_presences(p_workspace uuid) returns void language sql as $$
  with changed as (
    update presences p set shown = n.status
      from (select n.user_id, n.status from presences_of(p_workspace) n join presences x on x.workspace_id = p_workspace and x.user_id = n.user_id
             where x.shown <> n.status order by n.user_id for update of x) n
     where p.workspace_id = p_workspace and p.user_id = n.user_id
    returning p.user_id
  )
  insert into ui_events (workspace_id, name, data)
  select p_workspace, 'presence.updated', jsonb_build_object('userId', changed.user_id) from changed
$$;

create function call_told(c calls) returns void language sql as $$
  select emit_ui(c.workspace_id, 'call.updated', jsonb_strip_nulls(jsonb_build_object('callId', c.id, 'conversationId', c.conversation_id, 'inboxId', c.inbox_id)))
$$;

-- What an event of a call changes. Whether a call was missed is known here only: the event is worded before it is stored.
create function track_call() returns trigger language plpgsql as $$
declare
  p jsonb := new.payload #> '{parts,0}';
  v_event text := p ->> 'event';
  v_agent uuid := (select m.user_id from members m where m.workspace_id = new.workspace_id and m.user_id = as_uuid(p #>> '{by,id}'));
  c calls;
begin
  if new.workspace_id is null or p ->> 'kind' is distinct from 'call' then return new; end if;
  insert into calls (id, workspace_id, inbox_id, thread_key, provider_call_id, direction, from_number, to_number, customer_leg, started_at, conversation_id)
  values (uuidv7(), new.workspace_id, new.inbox_id, new.payload ->> 'threadKey', new.payload #>> '{replyAddress,callSid}',
          coalesce(p ->> 'direction', 'in'), coalesce(p ->> 'from', ''), coalesce(p ->> 'to', ''),
          new.payload #>> '{replyAddress,callSid}', new.received_at,
          (select id from conversations where inbox_id = new.inbox_id and thread_key = new.payload ->> 'threadKey' order by created_at desc limit 1))
  on conflict (inbox_id, thread_key) do nothing;
  select * into c from calls where inbox_id = new.inbox_id and thread_key = new.payload ->> 'threadKey' for update;
  -- the flow's patience begins when the caller has heard it out, however long that took
  if c.control = 'flow' and c.state <> 'ended' and v_event in ('said', 'gathered', 'no_answer', 'voicemail') then
    update calls set control_at = clock_timestamp() where id = c.id;
  end if;
  if v_agent is not null and p #>> '{by,name}' is null then
    new.payload := jsonb_set(new.payload, '{parts,0,by,name}', to_jsonb((select u.name from users u where u.id = v_agent)));
  end if;
  if v_event in ('ended', 'missed', 'failed') and c.state <> 'ended' then
    if c.direction = 'in' and c.answered_at is null and v_event = 'ended' then
      v_event := case when c.rang or c.control is null then 'missed' else 'ended' end;
      if v_event = 'missed' then
        new.payload := jsonb_set(jsonb_set(new.payload, '{parts,0,event}', '"missed"'), '{text}', '"missed"');
      end if;
    end if;
    update calls set state = 'ended', ended_at = coalesce(from_ms(new.payload -> 'sentAtMs'), new.received_at), ringing = '{}', held = false,
           end_reason = coalesce(case when v_event = 'missed' and end_reason is null then 'missed' end, end_reason, p ->> 'reason',
                                 case v_event when 'failed' then 'failed' when 'missed' then 'missed' else 'completed' end),
           duration_seconds = case when answered_at is null and direction = 'out' then 0
             else coalesce((p ->> 'durationSeconds')::numeric::integer,
                           greatest(0, extract(epoch from coalesce(from_ms(new.payload -> 'sentAtMs'), new.received_at) - coalesce(answered_at, started_at)))::integer) end,
           wrap_up_until = case when agent_id is not null and answered_at is not null then
             clock_timestamp() + make_interval(secs => coalesce((select (settings ->> 'wrapUpSeconds')::numeric::integer from inboxes where id = c.inbox_id), 15)) end
     where id = c.id returning * into c;
    -- how long both talked, where whoever tells of the end doesn't say
    if c.answered_at is not null and p -> 'durationSeconds' is null then
      new.payload := jsonb_set(new.payload, '{parts,0,durationSeconds}', to_jsonb(c.duration_seconds));
    end if;
  elsif v_event = 'voicemail' then
    -- also after the end: the caller hangs up, and then we hear of it
    update calls set end_reason = 'voicemail', rang = true where id = c.id and answered_at is null;
  elsif c.state = 'ended' and v_event = 'answered' and c.answered_at is null then
    -- told after the end: it says who it was, and brings nothing back
    update calls set answered_at = least(ended_at, coalesce(from_ms(new.payload -> 'sentAtMs'), ended_at)),
           agent_id = coalesce(agent_id, v_agent), end_reason = case when end_reason in ('missed', 'voicemail') then 'completed' else end_reason end
     where id = c.id;
  elsif c.state <> 'ended' then
    update calls set
           state = case when v_event in ('answered', 'said', 'gathered') then 'in_progress' else state end,
           -- when it happened, which a phone may tell later: the server was away
           answered_at = case when v_event = 'answered' then coalesce(answered_at, from_ms(new.payload -> 'sentAtMs'), new.received_at) else answered_at end,
           -- the first to answer has it; who it is handed to answers anew
           agent_id = case when v_event = 'answered' and (agent_id is null or held or p ->> 'reason' = 'transfer') then coalesce(v_agent, agent_id) else agent_id end,
           agent_leg = case when v_event = 'answered' and v_agent is not null then coalesce(new.payload #>> '{reference,legSid}', agent_leg) else agent_leg end,
           customer_leg = case when direction = 'out' then coalesce(new.payload #>> '{reference,legSid}', customer_leg) else customer_leg end,
           ringing = case when v_event in ('answered', 'no_answer') then '{}' else ringing end,
           held = case v_event when 'held' then true when 'resumed' then false when 'answered' then false else held end
     where id = c.id;
  end if;
  select * into c from calls where id = c.id;
  perform call_told(c);
  return new;
end $$;
create trigger inbound_events_calls before insert on inbound_events
  for each row when (new.type = 'voice' and new.kind = 'message') execute function track_call();

-- The conversation is opened by the first event's workflow, a moment after the call is there.
create function link_call() returns trigger language plpgsql as $$
declare
  c calls;
begin
  update calls set conversation_id = new.id where inbox_id = new.inbox_id and thread_key = new.thread_key returning * into c;
  if found then
    perform call_told(c);
    -- answered before the conversation was there
    if c.agent_id is not null and c.direction = 'in' and c.answered_at is not null then
      update conversations set assignee_id = coalesce(assignee_id, c.agent_id) where id = new.id;
    end if;
  end if;
  return null;
end $$;
create trigger conversations_call after insert on conversations for each row when (new.thread_key <> '') execute function link_call();

-- Whoever answers has the conversation, where nobody has. Not in track_call: accepting an event locks no conversation.
create function assign_answered(p_inbox uuid, p_thread text) returns void language sql as $$
  update conversations v set assignee_id = c.agent_id, updated_at = clock_timestamp() from calls c
   where c.inbox_id = p_inbox and c.thread_key = p_thread and c.agent_id is not null and v.id = c.conversation_id and v.assignee_id is null
$$;

-- A flow wants to lead an incoming call. Not any more once the team has it, a person is on the phone, or it is over. 'ended' | 'taken' | 'ok'
create function call_take(p_inbox uuid, p_thread text) returns text language plpgsql as $$
declare
  c calls;
begin
  select * into c from calls where inbox_id = p_inbox and thread_key = p_thread for update;
  if not found then return 'ok'; end if;
  if c.state = 'ended' then return 'ended'; end if;
  if c.control = 'desk' or c.answered_at is not null or c.direction = 'out' then return 'taken'; end if;
  update calls set control = 'flow', control_at = clock_timestamp(), state = 'in_progress' where id = c.id;
  return 'ok';
end $$;

-- The caller waits: for the flow ('hold', or 'pick_up' where it has something to say: Twilio lets nobody speak into a call that still
-- rings), no longer ('desk': the team takes over), or for nothing ('hang_up').
create function call_holding(p_inbox uuid, p_thread text, p_patience interval) returns text language plpgsql as $$
declare
  c calls;
  v conversations;
begin
  select * into c from calls where inbox_id = p_inbox and thread_key = p_thread for update;
  if not found or c.state = 'ended' then return 'hang_up'; end if;
  if c.control = 'desk' then return 'desk'; end if;
  select * into v from conversations where id = c.conversation_id;
  -- a flow that leads may be in the middle of a call to the provider, which takes its 15 seconds
  if clock_timestamp() - coalesce(c.control_at, c.started_at) < p_patience * (case when c.control = 'flow' then 1.7 else 1 end)
     and (v.id is null or v.cursor < v.last_in_seq or (v.run_id is not null and v.owner = 'run')) then
    return case when c.control = 'flow' then 'pick_up' else 'hold' end;
  end if;
  if c.control = 'flow' and v.run_id is null and v.owner <> 'human' then return 'hang_up'; end if;
  update calls set control = 'desk', control_at = clock_timestamp() where id = c.id;
  return 'desk';
end $$;

-- A call of ours is dialled: once, in time, by whom it was given to, or never. Returns null then.
create function call_dial(p_inbox uuid, p_call uuid, p_agent uuid, p_provider_call_id text) returns calls language plpgsql as $$
declare
  c calls;
begin
  update calls set dialled_at = coalesce(dialled_at, clock_timestamp()), provider_call_id = p_provider_call_id, agent_leg = p_provider_call_id
   where id = p_call and inbox_id = p_inbox and direction = 'out' and agent_id = p_agent and state = 'ringing'
     and (dialled_at is null and ticket_until > clock_timestamp() or provider_call_id = p_provider_call_id)
  returning * into c;
  if not found then return null; end if;
  perform call_told(c);
  return c;
end $$;
