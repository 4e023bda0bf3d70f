-- Conversations that people here begin: a client's id begins one, however often it comes.

create table conversation_starts (
  inbox_id uuid not null references inboxes on delete cascade,
  client_message_id text not null,
  workspace_id uuid not null references workspaces on delete cascade,
  conversation_id uuid not null references conversations on delete cascade,
  message_id uuid not null references messages on delete cascade,
  primary key (inbox_id, client_message_id)
);
create index conversation_starts_workspace on conversation_starts (workspace_id);
create index conversation_starts_conversation on conversation_starts (conversation_id);
create index conversation_starts_message on conversation_starts (message_id);

-- The contact that a person here writes to first: known by its id or by another id of its, or a new one. Without a lock, as meet_contact.
create function meet_by_address(p_workspace uuid, p_inbox uuid, p_external_id text, p_name text, p_email text, p_phone text)
returns uuid language plpgsql as $$
declare
  found_id uuid;
begin
  loop
    select id into found_id from contacts where inbox_id = p_inbox and external_id = p_external_id;
    if found then return found_id; end if;
    select contact_id into found_id from contact_aliases where inbox_id = p_inbox and external_id = p_external_id;
    if found then return found_id; end if;
    insert into contacts (id, workspace_id, inbox_id, external_id, name, email, phone)
    values (uuidv7(), p_workspace, p_inbox, p_external_id, p_name, p_email, p_phone)
    on conflict (inbox_id, external_id) do nothing returning id into found_id;
    if found then return found_id; end if;
  end loop;
end $$;
