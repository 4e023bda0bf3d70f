/** T8 and T9: compares rows with what should be going on, and says what to start or signal. Every mend is idempotent. */
import type pg from 'pg';
import type { OwedWake } from '#domain/drive/snapshot.ts';
import { LEASE_STALE_MS } from '#domain/drive/times.ts';

export interface SweepFindings {
  /** Events claimed for a start that never came, or whose workflow never came to its end. Those nobody has claimed are the dispatcher's. */
  unstarted: string[];
  /** Free conversations with work older than `olderThanMs`: their driver. */
  drivers: ({ kind: 'run'; wake: OwedWake } | { kind: 'event'; eventId: string })[];
  owed: OwedWake[];
  /** Agents' messages that nobody is sending. */
  outbound: string[];
  /** Leases taken away, for the log. */
  leasesCleared: number;
}

/** Takes stale leases away. Safe without any proof of death: every lease is fenced by its token. */
export async function clearStaleLeases(pool: pg.Pool, staleMs = LEASE_STALE_MS): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `with stale as (
       update conversations set lease_holder = null, lease_token = lease_token + 1, lease_at = null
        where lease_holder is not null and lease_at < clock_timestamp() - make_interval(secs => $1)
       returning id, cursor
     ), background as (
       update runs set lease_holder = null, lease_token = lease_token + 1, lease_at = null
        where lease_holder is not null and lease_at < clock_timestamp() - make_interval(secs => $1) and ended_at is null
       returning id
     ), reopened as (
       update inbound_events e set done_at = null
         from stale, lateral (select event_id from messages m
                where m.conversation_id = stale.id and m.direction = 'in' and m.seq > stale.cursor order by m.seq limit 1) next
        where e.id = next.event_id
     )
     select (select count(*) from stale) + (select count(*) from background) as n`,
    [staleMs / 1000],
  );
  return rows[0]?.n ?? 0;
}

/**
 * Conversations nobody drives although there is work: an open run wants `run/<id>`, otherwise the next unread message wants its own
 * workflow again (its event is no longer done).
 */
async function findDrivers(pool: pg.Pool, olderThanMs: number): Promise<SweepFindings['drivers']> {
  const { rows } = await pool.query<{
    run_id: string | null;
    wake_no: number;
    woken_no: number;
    event_id: string | null;
  }>(
    // Unread rows and open runs apart: each has its index, and conversations at rest are not read.
    `with due as (
       select r.id, r.conversation_id, r.background from runs r
        where r.ended_at is null and (r.ending is not null or r.resume
           or (r.status = 'waiting' and r.deadline < clock_timestamp() - make_interval(secs => $1))
           or (r.status = 'active' and not exists (select from outbox o join inboxes i on i.id = o.inbox_id
                 where o.run_id = r.id and o.state = 'planned'
                   and ((o.kind = 'message' and not i.can_send) or o.not_before > clock_timestamp() - make_interval(secs => $1)))))
     ), stuck as (
       (select c.id, c.run_id as open_run, c.cursor from conversations c
         where c.cursor < c.last_in_seq and c.lease_holder is null and c.updated_at < clock_timestamp() - make_interval(secs => $1)
         -- at random, so that a few that always fail can't hide the rest
         order by random() limit 200)
       union
       (select c.id, due.id, c.cursor from due join conversations c on c.run_id = due.id
         where c.lease_holder is null and c.updated_at < clock_timestamp() - make_interval(secs => $1)
         -- at random, so that a few that always fail can't hide the rest
         order by random() limit 200)
     ), background as (
       select r.id from runs r join due using (id) where r.background and r.lease_holder is null
          and r.updated_at < clock_timestamp() - make_interval(secs => $1) limit 200
     ), locked as (
       select id from runs where id in (select open_run from stuck where open_run is not null union select id from background)
        order by id for update
     ), woken as (
       update runs set wake_no = wake_no + 1 where id in (select id from locked) returning id, wake_no, woken_no
     ), next as (
       select (select event_id from messages m where m.conversation_id = stuck.id and m.direction = 'in' and m.seq > stuck.cursor
                order by m.seq limit 1) as event_id from stuck where open_run is null
     ), reopened as (
       update inbound_events set done_at = null where id in (select event_id from next)
     )
     select id as run_id, wake_no, woken_no, null::uuid as event_id from woken
     union all select null, 0, 0, event_id from next where event_id is not null`,
    [olderThanMs / 1000],
  );
  return rows.map((row) =>
    row.run_id
      ? { kind: 'run', wake: { runId: row.run_id, wakeNo: row.wake_no, wokenNo: row.woken_no } }
      : { kind: 'event', eventId: row.event_id ?? '' },
  );
}

/** One sweep. `olderThanMs`: how long work may lie before it counts as forgotten. */
export async function sweep(pool: pg.Pool, olderThanMs = 10_000): Promise<SweepFindings> {
  const seconds = olderThanMs / 1000;
  const leasesCleared = await clearStaleLeases(pool);
  // Claims nobody can still be calling under, of runs that nobody will look at again.
  await pool.query(
    `with lost as (
       update outbox o set state = 'unknown', settled_at = clock_timestamp(),
              error = '{"kind":"no_answer","message":"The provider may have received this: no answer came back."}'
         from runs r, conversations c
        where r.id = o.run_id and c.id = o.conversation_id and o.state = 'sending' and o.claim_expires_at < clock_timestamp()
          and r.ended_at is not null and c.lease_holder is null
       returning o.message_id
     )
     update messages set status = 'unknown' where id in (select message_id from lost) and status = 'sending'`,
  );
  // A status that crossed its send on the way: both committed without seeing each other.
  const crossed = await pool.query<{ id: string }>(
    `select e.id from inbound_events e
      where e.applied_at is null and e.target_provider_message_id is not null and e.id > uuid_floor(now() - interval '1 day')
        and exists (select from messages m where m.inbox_id = e.inbox_id and m.provider_message_id = e.target_provider_message_id)
      limit 500`,
  );
  // One transaction each: none waits for a conversation with another one's rows in hand.
  for (const { id } of crossed.rows) await pool.query('select apply_provider_event($1::uuid)', [id]);
  const unstarted = await pool.query<{ id: string }>(
    `select id from inbound_events e
      where done_at is null and workspace_id is not null and kind in ('message', 'reaction', 'contact', 'echo')
        and received_at < clock_timestamp() - make_interval(secs => $1)
        and started_at < clock_timestamp() - make_interval(secs => $1)
        and not exists (select from conversations c where c.id = e.conversation_id and c.lease_holder = 'inbound/' || e.id)
      order by accept_no limit 500`,
    [seconds],
  );
  const owed = await pool.query<{ id: string; wake_no: number; woken_no: number }>(
    `select id, wake_no, woken_no from runs
      where wake_no > woken_no and updated_at < clock_timestamp() - make_interval(secs => $1) limit 500`,
    [seconds],
  );
  const outbound = await pool.query<{ message_id: string }>(
    // Only the first of each conversation: those behind it leave after it, so while it isn't due none is forgotten.
    `select head.message_id from (
       select distinct on (o.conversation_id) o.* from outbox o join inboxes i on i.id = o.inbox_id join messages m on m.id = o.message_id
        where o.run_id is null and i.can_send and o.state in ('planned', 'sending') order by o.conversation_id, m.seq) head
      where (head.state = 'planned' and greatest(head.created_at, head.not_before) < clock_timestamp() - make_interval(secs => $1))
         or (head.state = 'sending' and head.claim_expires_at < clock_timestamp() - make_interval(secs => $1))
      limit 500`,
    [seconds],
  );
  return {
    leasesCleared,
    unstarted: unstarted.rows.map((row) => row.id),
    drivers: await findDrivers(pool, olderThanMs),
    owed: owed.rows.map((row) => ({ runId: row.id, wakeNo: row.wake_no, wokenNo: row.woken_no })),
    outbound: outbound.rows.map((row) => row.message_id),
  };
}

/** Housekeeping: next months' partitions, screens' events nobody will ask for again, sign-ins that have run out. */
export async function tidy(pool: pg.Pool): Promise<void> {
  await pool.query('select ensure_partitions(now())');
  await pool.query("delete from sessions where expires_at < now() - interval '1 day'");
  await pool.query("delete from verifications where expires_at < now() - interval '1 day'");
  await pool.query('delete from oauth_states where expires_at < now()');
  await pool.query('delete from visitor_endings where forget_at < now()');
  await pool.query(`delete from ui_events where position in
    (select position from ui_events where created_at < now() - interval '1 day' order by position limit 20000)`);
}
