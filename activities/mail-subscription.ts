/** One look at a Microsoft mailbox's subscription, by `subscription/<inbox id>` and right after connecting. */
import type pg from 'pg';
import { ChannelError } from '#channels/contract.ts';
import {
  isMicrosoftInbox,
  type MicrosoftInbox,
  type StoredSubscription,
} from '#channels/email/microsoft/accounts.ts';
import { graphOf, type Graph } from '#channels/email/microsoft/graph.ts';
import {
  ensureSubscription,
  reauthorizeSubscription,
  removeSubscription,
  renewalAtMs,
} from '#channels/email/microsoft/subscription.ts';
import { findMailSubscription, saveMailSubscription, type SubscriptionRow } from '#db/mail-subscriptions.ts';
import { lockSubscription } from '#db/subscriptions.ts';
import { markDirty } from '#db/mailboxes.ts';
import type { ActivityDeps } from './deps.ts';
import { createTurns, type InTurn } from './turns.ts';

export type MailSubscriptionDeps = Pick<
  ActivityDeps,
  'pool' | 'inboxes' | 'http' | 'accounts' | 'notificationUrl' | 'log'
>;
export type SubscriptionReport =
  /** The inbox is gone, or is no Microsoft mailbox: nothing is to be looked after. */
  { kind: 'gone' } | { kind: 'sleep'; untilMs: number; problem: string | null };

const HOUR_MS = 3_600_000;
const CALL_MS = 25_000;
/** Each look holds a connection while Microsoft is asked, and needs others meanwhile: a pool full of looks would wait for itself. */
const MOST_LOOKS = 2;

interface Looks {
  inTurn: InTurn;
  /** Those that haven't begun: whoever wants the same waits with them. */
  waiting: Map<string, Promise<SubscriptionReport>>;
}
const looksOf = new WeakMap<pg.Pool, Looks>();

/**
 * Idempotent; one at a time for each inbox, so that none is subscribed twice. Asks Microsoft nothing before it is time, unless it is to
 * look `now`.
 * @throws only where our own side failed
 */
export async function keepMailSubscription(
  deps: MailSubscriptionDeps,
  inboxId: string,
  when: 'now' | 'due',
): Promise<SubscriptionReport> {
  const looks = looksOf.get(deps.pool) ?? { inTurn: createTurns(MOST_LOOKS), waiting: new Map() };
  looksOf.set(deps.pool, looks);
  const key = `${inboxId}/${when}`;
  const known = looks.waiting.get(key);
  if (known) return await known;
  let isBegun = false;
  const report = looks.inTurn(() => {
    isBegun = true;
    looks.waiting.delete(key);
    return lockedLook(deps, inboxId, when);
  });
  if (!isBegun) looks.waiting.set(key, report);
  return await report;
}

async function lockedLook(
  deps: MailSubscriptionDeps,
  inboxId: string,
  when: 'now' | 'due',
): Promise<SubscriptionReport> {
  const release = await lockSubscription(deps.pool, `microsoft-subscription/${inboxId}`);
  try {
    return await look(deps, inboxId, when);
  } finally {
    await release();
  }
}

async function look(
  deps: MailSubscriptionDeps,
  inboxId: string,
  when: 'now' | 'due',
): Promise<SubscriptionReport> {
  deps.inboxes.invalidate(inboxId);
  const inbox = await deps.inboxes.byId(inboxId);
  const row = await findMailSubscription(deps.pool, inboxId);
  if (!inbox || !isMicrosoftInbox(inbox)) return { kind: 'gone' };
  const graph = graphOf(deps, inbox);
  const signal = AbortSignal.timeout(CALL_MS);
  if (inbox.deletedAt !== null) {
    await forget(deps, graph, inboxId, row, signal);
    return { kind: 'gone' };
  }
  if (when === 'due' && row && row.checkAt.getTime() > Date.now())
    return { kind: 'sleep', untilMs: row.checkAt.getTime(), problem: row.problem };
  try {
    const kept = await keep(deps, graph, inbox, row, signal);
    const untilMs = Math.max(renewalAtMs(kept), Date.now() + 60_000);
    await saveMailSubscription(deps.pool, inboxId, {
      subscriptionId: kept.id,
      url: deps.notificationUrl,
      expiresAt: new Date(kept.expiresAtMs),
      problem: null,
      checkInMs: untilMs - Date.now(),
      told: row?.told ?? 0,
    });
    // What came while there was none: nobody told us of it.
    if (kept.id !== row?.subscriptionId) await markDirty(deps.pool, [inboxId]);
    return { kind: 'sleep', untilMs, problem: null };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return await noSubscription(deps, inboxId, row, error);
  }
}

async function keep(
  { notificationUrl: url }: MailSubscriptionDeps,
  graph: Graph,
  { credentials }: MicrosoftInbox,
  row: SubscriptionRow | null,
  signal: AbortSignal,
): Promise<StoredSubscription> {
  const known = storedOf(row);
  const wanted = { url, clientState: credentials.clientState ?? '', signal };
  // Told to call somewhere else: an address can't be changed, so it ends and another is made.
  if (known && row?.url !== url) {
    await removeSubscription(graph, known, signal);
    return await ensureSubscription(graph, null, wanted);
  }
  if (known && row?.reauthorize && !(await reauthorizeSubscription(graph, known, signal)))
    return await ensureSubscription(graph, null, wanted);
  return await ensureSubscription(graph, known, wanted);
}

/** Mails are looked for meanwhile. Asked again soon where it passes by itself, seldom where somebody has to act. */
async function noSubscription(
  deps: MailSubscriptionDeps,
  inboxId: string,
  row: SubscriptionRow | null,
  error: ChannelError,
): Promise<SubscriptionReport> {
  const passes = error.kind !== 'reauthorize' && error.kind !== 'permanent';
  const checkInMs = Math.max(error.retryAfterMs ?? 0, passes ? 60_000 : HOUR_MS);
  const known = storedOf(row);
  const alive = known !== null && known.expiresAtMs > Date.now();
  deps.log.warn({ inboxId, reason: error.message }, 'The subscription to a mailbox could not be kept.');
  await saveMailSubscription(deps.pool, inboxId, {
    subscriptionId: alive ? known.id : null,
    url: alive ? (row?.url ?? null) : null,
    expiresAt: alive ? new Date(known.expiresAtMs) : null,
    problem: error.message,
    checkInMs,
    told: row?.told ?? 0,
  });
  return { kind: 'sleep', untilMs: Date.now() + checkInMs, problem: error.message };
}

/** A crash may have kept us from telling Microsoft when the inbox was taken away. Best effort: it ends by itself within a week. */
async function forget(
  deps: MailSubscriptionDeps,
  graph: Graph,
  inboxId: string,
  row: SubscriptionRow | null,
  signal: AbortSignal,
): Promise<void> {
  const known = storedOf(row);
  if (!known) return;
  try {
    await removeSubscription(graph, known, signal);
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    deps.log.info(
      { inboxId, reason: error.message },
      'A subscription could not be ended; it ends by itself.',
    );
  }
}

function storedOf(row: SubscriptionRow | null): StoredSubscription | null {
  return row?.subscriptionId != null && row.expiresAt
    ? { id: row.subscriptionId, expiresAtMs: row.expiresAt.getTime() }
    : null;
}
