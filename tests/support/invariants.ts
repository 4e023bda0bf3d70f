/** The invariants of the product as SQL: what must hold once load has stopped. Throws with the offending rows. */
import type pg from 'pg';

const checks: Record<string, string> = {
  'I1 each accepted message event is exactly one message': `
    select e.id from inbound_events e left join messages m on m.event_id = e.id
     where e.kind = 'message' and e.workspace_id is not null group by e.id having count(m.id) <> 1`,
  'I1 no two messages of one provider event': `
    select type, account_key, provider_event_id from inbound_events group by 1, 2, 3 having count(*) > 1`,
  'I2 seq is 1..n without a gap': `
    select c.id, c.last_seq, count(m.id), max(m.seq) from conversations c left join messages m on m.conversation_id = c.id
     group by c.id having count(m.id) <> c.last_seq or coalesce(max(m.seq), 0) <> c.last_seq`,
  'I2 seq is the order of acceptance': `
    select * from (select m.conversation_id, m.seq, e.accept_no, lag(e.accept_no) over (partition by m.conversation_id order by m.seq) as before
      from messages m join inbound_events e on e.id = m.event_id where e.kind = 'message') x where before > accept_no`,
  'I1 each echo is exactly one message: one of ours, or an agent’s of its own': `
    select e.id from inbound_events e left join messages m on m.id = e.message_id left join outbox o on o.message_id = m.id
     where e.kind = 'echo' and e.done_at is not null and e.workspace_id is not null
       and (m.id is null or m.direction <> 'out' or (m.event_id is null) = (o.id is null))`,
  'I1 no two of our messages are one at the provider': `
    select inbox_id, provider_message_id from messages where direction = 'out' and provider_message_id is not null
     group by 1, 2 having count(*) > 1`,
  'I1 watermark and account events are done at once': `
    select id from inbound_events where kind in ('watermark', 'account') and done_at is null`,
  'I3 one outbox row for each message of ours, none for those written in the provider’s own app': `
    select m.id from messages m left join outbox o on o.message_id = m.id
     where m.direction = 'out' group by m.id having count(o.id) <> case when m.event_id is null then 1 else 0 end`,
  'I4 what was sent and its message have the provider’s same id': `
    select o.id from outbox o join messages m on m.id = o.message_id
     where o.state = 'sent' and o.provider_message_id is distinct from m.provider_message_id`,
  'I4 nothing is sent without the provider’s id': `
    select id from outbox where state = 'sent' and kind = 'message' and provider_message_id is null`,
  'I5 nothing stays unstarted': `
    select id from inbound_events where kind in ('message', 'echo') and workspace_id is not null and (ingested_at is null or done_at is null)`,
  'I5 nothing stays unread': 'select id from conversations where cursor < last_in_seq',
  'I5 nothing stays unsent': `
    select o.id from outbox o join inboxes i on i.id = o.inbox_id
     where o.state in ('planned', 'sending') and i.can_send and (o.not_before is null or o.not_before < now() - interval '1 minute')`,
  'I5 no lease is left': 'select id, lease_holder from conversations where lease_holder is not null',
  'I6 no wake stays owed': 'select id from runs where wake_no > woken_no',
  'I6 a waiting run was given a workflow': `select id from runs where status = 'waiting' and wake_no = 0`,
  'an open foreground run is its conversation’s run': `
    select r.id from runs r join conversations c on c.id = r.conversation_id
     where r.ended_at is null and not r.background and c.run_id is distinct from r.id`,
  'no lease is left on a background run': `select id from runs where lease_holder is not null`,
  'a waiting run is looked at by its deadline': `
    select id from runs where status = 'waiting' and deadline is not null and (wake_at is null or wake_at > deadline)`,
  'a run owns the conversation only while it is open': `
    select c.id from conversations c left join runs r on r.id = c.run_id where c.owner = 'run' and (r.id is null or r.ended_at is not null)`,
  'a call that is over has exactly one end in its conversation, one that goes on has none': `
    select c.id, c.state, count(m.id) from calls c left join messages m on m.conversation_id = c.conversation_id
       and m.parts #>> '{0,event}' in ('ended', 'missed', 'failed') and m.direction = 'in'
     group by c.id having count(m.id) <> case when c.state = 'ended' then 1 else 0 end`,
  'no phone rings for a call that is over': `select id from calls where state = 'ended' and ringing <> '{}'`,
};

export async function checkInvariants(pool: pg.Pool): Promise<void> {
  const broken: string[] = [];
  for (const [name, query] of Object.entries(checks)) {
    const { rows } = await pool.query<Record<string, unknown>>(`${query} limit 5`);
    if (rows.length > 0) broken.push(`${name}: ${JSON.stringify(rows)}`);
  }
  if (broken.length > 0) throw new Error(`Invariants broken:\n${broken.join('\n')}`);
}
