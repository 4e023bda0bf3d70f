/** Tries kept mails again when their time has come. */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { InboxCache } from '#db/inbox-cache.ts';
import {
  claimKeptMail,
  keptMailFailed,
  keptMailsWaiting,
  keptMailTaken,
  type KeptMail,
} from '#db/kept-mails.ts';
import { recordInboundHealth } from '#db/mailboxes.ts';
import { storable } from '../body.ts';
import type { EmailReceiver, IncomingMail } from './receive.ts';

export interface KeptMailsDeps {
  pool: pg.Pool;
  inboxes: InboxCache;
  receiver: EmailReceiver;
  log: Logger;
}

/** One after the other until none is due: they are whole mails in memory. Any number of processes may do so at once. */
export async function retryKeptMails(deps: KeptMailsDeps, signal: AbortSignal): Promise<void> {
  for (let kept = await claimKeptMail(deps.pool); kept; kept = await claimKeptMail(deps.pool)) {
    await retry(deps, kept);
    if (signal.aborted) return;
  }
}

async function retry({ pool, inboxes, receiver, log }: KeptMailsDeps, kept: KeptMail): Promise<void> {
  try {
    const inbox = await inboxes.byId(kept.inboxId);
    if (!inbox || inbox.deletedAt !== null) return;
    await receiver.receive(inbox, mailOf(kept));
    await keptMailTaken(pool, kept.id);
    log.info({ inboxId: kept.inboxId, keptMailId: kept.id }, 'A kept mail was taken in.');
    if (inbox.state === 'degraded')
      await recordInboundHealth(pool, kept.inboxId, await healthOf(pool, kept.inboxId));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ inboxId: kept.inboxId, keptMailId: kept.id, reason }, 'A kept mail failed again.');
    await keptMailFailed(pool, kept.id, storable(reason));
  }
}

/** What a look that went well says of receiving: all is well, but for mails that our side could not take in. */
export async function healthOf(
  pool: pg.Pool,
  inboxId: string,
): Promise<{ state: 'ok' | 'degraded'; reason?: string }> {
  const waiting = await keptMailsWaiting(pool, inboxId);
  if (waiting === null) return { state: 'ok' };
  const mails = waiting.count === 1 ? 'One mail' : `${waiting.count} mails`;
  return {
    state: 'degraded',
    reason: `${mails} could not be taken in on our side, kept whole and tried again: ${waiting.reason}`,
  };
}

function mailOf({ raw, envelope, receivedAtMs }: KeptMail): IncomingMail {
  // Stored by keepMail from a mail's own envelope.
  const stored = envelope as IncomingMail['envelope'] | null;
  return { raw, receivedAtMs, ...(stored && { envelope: stored }) };
}
