/** What Microsoft tells us of mailboxes hangs on: one subscription per connected mailbox, and when it is to be looked at again. */
import type pg from 'pg';

export interface SubscriptionRow {
  subscriptionId: string | null;
  url: string | null;
  expiresAt: Date | null;
  reauthorize: boolean;
  /** How often Microsoft has said something of it. */
  told: number;
  problem: string | null;
  checkAt: Date;
}

export async function findMailSubscription(pool: pg.Pool, inboxId: string): Promise<SubscriptionRow | null> {
  const { rows } = await pool.query<{
    subscription_id: string | null;
    url: string | null;
    expires_at: Date | null;
    reauthorize: boolean;
    told: number;
    problem: string | null;
    check_at: Date;
  }>(
    'select subscription_id, url, expires_at, reauthorize, told, problem, check_at from microsoft_subscriptions where inbox_id = $1',
    [inboxId],
  );
  const [row] = rows;
  return row
    ? {
        subscriptionId: row.subscription_id,
        url: row.url,
        expiresAt: row.expires_at,
        reauthorize: row.reauthorize,
        told: row.told,
        problem: row.problem,
        checkAt: row.check_at,
      }
    : null;
}

export interface SubscriptionFinding {
  subscriptionId: string | null;
  url: string | null;
  expiresAt: Date | null;
  problem: string | null;
  /** From now. */
  checkInMs: number;
  /** What `told` was when the look began: what came since leaves it due. */
  told: number;
}

/** What a look found. Does nothing where the inbox is no more. */
export async function saveMailSubscription(
  pool: pg.Pool,
  inboxId: string,
  found: SubscriptionFinding,
): Promise<void> {
  await pool.query(
    `insert into microsoft_subscriptions (inbox_id, workspace_id, subscription_id, url, expires_at, problem, check_at, checked_at)
     select id, workspace_id, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6), clock_timestamp() from inboxes where id = $1
     on conflict (inbox_id) do update set subscription_id = excluded.subscription_id, url = excluded.url, expires_at = excluded.expires_at,
       problem = excluded.problem, checked_at = excluded.checked_at,
       check_at = case when microsoft_subscriptions.told = $7 then excluded.check_at else microsoft_subscriptions.check_at end,
       reauthorize = microsoft_subscriptions.reauthorize and microsoft_subscriptions.told <> $7`,
    [
      inboxId,
      found.subscriptionId,
      found.url,
      found.expiresAt,
      found.problem,
      found.checkInMs / 1000,
      found.told,
    ],
  );
}

export interface SubscriptionEvent {
  inboxId: string;
  subscriptionId: string;
  change: 'removed' | 'reauthorize' | 'missed';
}

/**
 * What Microsoft said of subscriptions: noted in one statement, with the news it may have kept from us meanwhile. The end of a
 * subscription that was followed by another is no news.
 */
export async function noteSubscriptionEvents(
  pool: pg.Pool,
  events: readonly SubscriptionEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await pool.query(
    `with told as (select * from unnest($1::uuid[], $2::text[], $3::text[]) as t(inbox_id, subscription_id, change)), noted as (
       update microsoft_subscriptions s set check_at = clock_timestamp(), told = s.told + 1,
              reauthorize = s.reauthorize or exists (select from told where told.inbox_id = s.inbox_id and change = 'reauthorize'),
              subscription_id = case when exists (select from told where told.inbox_id = s.inbox_id and change = 'removed')
                                     then null else s.subscription_id end
        where exists (select from told where told.inbox_id = s.inbox_id and told.subscription_id = s.subscription_id and change <> 'missed')
     ), news as (
       update mailboxes set dirty_at = clock_timestamp() where inbox_id in (select inbox_id from told) and dirty_at is null returning inbox_id
     )
     select pg_notify('teloring_inbox', inbox_id::text) from news`,
    [
      events.map(({ inboxId }) => inboxId),
      events.map(({ subscriptionId }) => subscriptionId),
      events.map(({ change }) => change),
    ],
  );
}

/** Connected mailboxes whose subscription nobody seems to look after: their time is over by more than `olderThanMs`, or they have no row. */
export async function forgottenSubscriptions(pool: pg.Pool, olderThanMs: number): Promise<string[]> {
  const { rows } = await pool.query<{ inbox_id: string }>(
    `select m.inbox_id from mailboxes m join inboxes i on i.id = m.inbox_id left join microsoft_subscriptions s on s.inbox_id = m.inbox_id
      where m.kind = 'microsoft' and i.deleted_at is null
        and (case when s.inbox_id is null then m.created_at else s.check_at end) < clock_timestamp() - make_interval(secs => $1)
      limit 200`,
    [olderThanMs / 1000],
  );
  return rows.map((row) => row.inbox_id);
}
