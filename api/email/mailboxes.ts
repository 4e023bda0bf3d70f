/**
 * Looks after mailboxes: takes those that are due, keeps their leases alive and gives up what others should have. Any number of processes
 * do so beside one another; what one leaves behind when it dies, others take over as soon as its leases end.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { InboxCache } from '#db/inbox-cache.ts';
import {
  claimMailboxes,
  markDirty,
  pulse,
  recordInboundHealth,
  releaseMailbox,
  retire,
  type ClaimedMailbox,
  type MailboxKindName,
} from '#db/mailboxes.ts';
import { uuidV7 } from '#domain/ids.ts';
import { storable } from '../body.ts';
import { createBell, type Bell } from './bell.ts';
import { retryKeptMails } from './kept-mails.ts';
import { judge } from './mailbox-failures.ts';
import type { LookEnd, MailboxKind } from './mailbox-kind.ts';
import { share } from './mailbox-share.ts';
import { createWork, type WorkDeps } from './mailbox-work.ts';
import type { EmailReceiver } from './receive.ts';

export interface MailboxesDeps {
  /** As teloring_engine. */
  pool: pg.Pool;
  inboxes: InboxCache;
  receiver: EmailReceiver;
  media: WorkDeps['media'];
  /** Mailboxes of a kind that isn't here are left to other processes. */
  kinds: Readonly<Partial<Record<MailboxKindName, MailboxKind>>>;
  log: Logger;
  /** The most mailboxes held at once: each is one connection. */
  capacity: number;
  /** A dead process's mailboxes are free after so long. */
  leaseMs?: number;
  beatMs?: number;
}
export interface Mailboxes {
  /** This process, as `mailboxes.holder` names it. */
  holder: string;
  /** How many are held now. */
  held(): number;
  /** Ends every look and gives all leases back. */
  stop(): Promise<void>;
}

interface Look {
  claim: ClaimedMailbox;
  bell: Bell;
  ending: AbortController;
  done: Promise<void>;
}

/** Where somebody else has too few connections for all mailboxes, each has its turn this often. */
const TURN_MS = 60_000;
/** Two beats are at least so far apart, however much is told. */
const CALM_MS = 100;
/** A process without any mailbox beats this much slower. */
const IDLE_FACTOR = 5;

export function createMailboxes(deps: MailboxesDeps): Mailboxes {
  const { pool, log } = deps;
  const { leaseMs = 6_000, beatMs = 1_000 } = deps;
  const holder = uuidV7();
  const looks = new Map<string, Look>();
  const stopping = new AbortController();
  const news = createBell();
  const unsubscribe = deps.inboxes.onChange(() => news.ring());
  let mailboxes = 0;
  let retrying: Promise<unknown> | null = null;

  async function beat(): Promise<void> {
    const seen = await pulse(pool, holder, leaseMs);
    mailboxes = seen.mailboxes;
    const ours = new Map(seen.held.map((lease) => [keyOf(lease), lease]));
    for (const [key, look] of looks) {
      const lease = ours.get(key);
      if (!lease) look.ending.abort('lost' satisfies LookEnd);
      else if (lease.dirty) look.bell.ring();
    }
    for (const [key, { inboxId, token, dirty }] of ours) {
      if (looks.has(key)) continue;
      // A look whose last word was lost, and nobody works on it; or one that has ended since we asked.
      const stray = { inboxId, workspaceId: '', holder, token };
      await releaseMailbox(pool, stray, { inMs: 0, failures: 1 });
      if (dirty) await markDirty(pool, [inboxId]);
    }
    const running = [...looks.values()].filter((look) => !look.ending.signal.aborted);
    const resting = running.filter((look) => look.bell.waiting());
    const { take, give, rotate } = share({
      held: running.length,
      resting: resting.length,
      capacity: deps.capacity,
      holders: seen.holders,
      mailboxes: seen.mailboxes,
      waiting: seen.waiting,
    });
    // The newest go: those that were there longest stay undisturbed.
    for (const look of running.slice(running.length - give)) look.ending.abort('share' satisfies LookEnd);
    for (const look of resting.slice(0, rotate)) look.ending.abort('room' satisfies LookEnd);
    const kinds = Object.keys(deps.kinds) as MailboxKindName[];
    for (const claim of await claimMailboxes(pool, holder, { kinds, limit: take, leaseMs })) begin(claim);
    // Beside the beat: a big mail takes longer than a lease lasts.
    retrying ??= retryKeptMails(deps, stopping.signal)
      .catch((error: unknown) => log.warn({ err: error }, 'Kept mails could not be tried just now.'))
      .finally(() => (retrying = null));
  }

  function begin(claim: ClaimedMailbox): void {
    const ending = new AbortController();
    const bell = createBell();
    const key = keyOf(claim);
    const done = look(claim, bell, ending.signal)
      .catch((error: unknown) =>
        log.warn(
          { err: error, inboxId: claim.inboxId },
          'A mailbox could not be let go; it is free when its lease ends.',
        ),
      )
      .finally(() => looks.delete(key));
    looks.set(key, { claim, bell, ending, done });
  }

  async function look(claim: ClaimedMailbox, bell: Bell, signal: AbortSignal): Promise<void> {
    const begunAtMs = Date.now();
    try {
      deps.inboxes.invalidate(claim.inboxId);
      const inbox = await deps.inboxes.byId(claim.inboxId);
      if (!inbox || inbox.deletedAt !== null) return await letGo(claim, { inMs: TURN_MS, failures: 0 });
      const kind = deps.kinds[claim.kind];
      if (!kind) throw new Error(`Mailboxes of kind ${claim.kind} were not asked for.`);
      const { againInMs } = await kind.look(createWork(deps, claim, inbox, { bell, signal }));
      await letGo(claim, { inMs: endedFor(signal) ?? againInMs, failures: 0 });
      // What rang after the look had asked, nobody has heard.
      if (!signal.aborted && (await bell.wait(0, signal))) await markDirty(pool, [claim.inboxId]);
    } catch (error) {
      const pause = endedFor(signal);
      if (pause !== null) await letGo(claim, { inMs: pause, failures: claim.failures });
      else await failed(claim, error, Date.now() - begunAtMs);
    }
  }

  async function letGo(claim: ClaimedMailbox, next: Parameters<typeof releaseMailbox>[2]): Promise<void> {
    await releaseMailbox(pool, claim, next);
    // Somebody may be waiting for it.
    news.ring();
  }

  async function failed(claim: ClaimedMailbox, error: unknown, livedMs: number): Promise<void> {
    const sinceOkMs = claim.lastOkAt && Date.now() - claim.lastOkAt.getTime();
    const verdict = judge({
      error,
      failures: claim.failures,
      livedMs,
      sinceOkMs: livedMs > leaseMs ? livedMs : sinceOkMs,
      chance: Math.random(),
    });
    const { inMs, failures } = verdict;
    const told = { kind: verdict.error.kind, message: storable(verdict.error.message) };
    const ours = await releaseMailbox(pool, claim, { inMs, failures, error: told });
    // Another's by now: its own look says how it is.
    if (!ours) return;
    const { inboxId } = claim;
    log.warn({ inboxId, kind: told.kind, reason: told.message, againInMs: inMs }, 'A mailbox’s look failed.');
    if (verdict.health) {
      const reason = storable(verdict.health.reason);
      await recordInboundHealth(pool, inboxId, { state: verdict.health.state, reason });
    }
  }

  const ended = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await beat();
      } catch (error) {
        log.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          'Mailboxes could not be looked after just now; trying again.',
        );
      }
      await pause(CALM_MS);
      const every = mailboxes === 0 ? beatMs * IDLE_FACTOR : beatMs;
      await news.wait(every * (0.8 + Math.random() * 0.4), stopping.signal);
    }
  })();

  return {
    holder,
    held: () => looks.size,
    async stop() {
      unsubscribe();
      stopping.abort();
      await ended;
      for (const { ending } of looks.values()) ending.abort('stopping' satisfies LookEnd);
      const all = [...[...looks.values()].map(({ done }) => done), retrying ?? Promise.resolve()];
      await Promise.race([Promise.all(all), pause(STOP_MS)]);
      // Also what a hanging look still holds: it is fenced from now on.
      await retire(pool, holder).catch(() => undefined); // the leases end by themselves
    },
  };
}

/** A look that doesn't end by then is left to itself. */
const STOP_MS = 5_000;

const keyOf = ({ inboxId, token }: { inboxId: string; token: number }): string => `${inboxId}/${token}`;

/** When a look that was ended from outside is due again; null where it ended by itself. */
function endedFor(signal: AbortSignal): number | null {
  if (!signal.aborted) return null;
  return signal.reason === ('room' satisfies LookEnd) ? TURN_MS : 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
