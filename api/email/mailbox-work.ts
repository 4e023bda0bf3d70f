/** One look at one mailbox, from its kind's side: the lease and its cursor, taking mails in, waiting for news. */
import type pg from 'pg';
import type { Logger } from 'pino';
import { acceptedAmong } from '#db/inbound-events.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { keepMail } from '#db/kept-mails.ts';
import {
  recordInboundHealth,
  saveCursor,
  saveSuccess,
  saveTrying,
  type ClaimedMailbox,
} from '#db/mailboxes.ts';
import type { JsonObject } from '#domain/json.ts';
import { storable } from '../body.ts';
import type { Bell } from './bell.ts';
import { healthOf } from './kept-mails.ts';
import { MAX_TRIES } from './mailbox-failures.ts';
import { MailboxError, type MailToTake, type MailboxWork } from './mailbox-kind.ts';
import type { EmailReceiver } from './receive.ts';

export interface WorkDeps {
  pool: pg.Pool;
  receiver: EmailReceiver;
  log: Logger;
}

/** Every so often at most a good look is written down. */
const SUCCESS_EVERY_MS = 30_000;

export function createWork(
  deps: WorkDeps,
  claim: ClaimedMailbox,
  inbox: CachedInbox,
  { bell, signal }: { bell: Bell; signal: AbortSignal },
): MailboxWork {
  const { pool } = deps;
  let cursor = claim.cursor;
  let trying = claim.trying;
  let toldAtMs = 0;
  let told = '';

  const keep = async (mail: MailToTake, to: JsonObject, reason: string, tries: number): Promise<void> => {
    const envelope = mail.envelope ? { ...mail.envelope, to: [...mail.envelope.to] } : null;
    mustHold(await keepMail(pool, claim, { ...mail, envelope, reason: storable(reason), tries }, to));
    deps.log.error(
      { inboxId: inbox.id, place: mail.place, tries, reason },
      'A mail could not be taken in; it is kept aside and tried again later.',
    );
  };

  return {
    inbox,
    signal,
    cursor: () => cursor,
    ring: () => bell.ring(),
    news: (timeoutMs) => bell.wait(timeoutMs, signal),
    async take(mail, to) {
      const tries = trying?.place === mail.place ? trying.tries + 1 : 1;
      if (tries > MAX_TRIES) {
        await keep(mail, to, 'The server ended each time while it took this mail in.', tries - 1);
        [cursor, trying] = [to, null];
        return 'kept';
      }
      trying = { place: mail.place, tries };
      mustHold(await saveTrying(pool, claim, trying));
      let reception;
      try {
        reception = await deps.receiver.receive(inbox, mail);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (tries < MAX_TRIES) throw new MailboxError('ours', reason, { tries, cause: error });
        await keep(mail, to, reason, tries);
        [cursor, trying] = [to, null];
        return 'kept';
      }
      mustHold(await saveCursor(pool, claim, to));
      [cursor, trying] = [to, null];
      if (reception.kind === 'set_aside') return 'set_aside';
      return reception.duplicate ? 'duplicate' : 'accepted';
    },
    known: (eventIds) => acceptedAmong(pool, inbox, eventIds),
    async save(to) {
      mustHold(await saveCursor(pool, claim, to));
      cursor = to;
    },
    async succeeded(facts) {
      const now = Date.now();
      const telling = JSON.stringify(facts);
      if (now - toldAtMs < SUCCESS_EVERY_MS && telling === told) return;
      mustHold(await saveSuccess(pool, claim, facts));
      await recordInboundHealth(pool, inbox.id, await healthOf(pool, inbox.id));
      [toldAtMs, told] = [now, telling];
    },
  };
}

function mustHold(held: boolean): void {
  if (!held) throw new MailboxError('lost', 'Another process looks after this mailbox now.');
}
