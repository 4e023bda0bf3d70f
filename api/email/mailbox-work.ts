/** One look at one mailbox, from its kind's side: the lease and its cursor, taking mails in, waiting for news. */
import type pg from 'pg';
import type { Logger } from 'pino';
import { sentCopyKey } from '#channels/email/sent-copy.ts';
import type { MediaStore } from '#channels/media-store.ts';
import { acceptedAmong } from '#db/inbound-events.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import { keepMail } from '#db/kept-mails.ts';
import {
  recordInboundHealth,
  saveCursor,
  saveSentUntil,
  saveSuccess,
  saveTrying,
  sentMails,
  type ClaimedMailbox,
} from '#db/mailboxes.ts';
import type { JsonObject } from '#domain/json.ts';
import { storable } from '../body.ts';
import type { Bell } from './bell.ts';
import { healthOf } from './kept-mails.ts';
import { MAX_TRIES } from './mailbox-failures.ts';
import { MailboxError, type MailToTake, type MailboxWork, type SentToSave } from './mailbox-kind.ts';
import type { EmailReceiver } from './receive.ts';

export interface WorkDeps {
  pool: pg.Pool;
  receiver: EmailReceiver;
  /** Where copies of sent mails wait. */
  media: Pick<MediaStore, 'get' | 'delete'>;
  log: Logger;
}

/** Every so often at most a good look is written down. */
const SUCCESS_EVERY_MS = 30_000;
/** Whole mails in memory. */
const SENT_AT_ONCE = 5;

export function createWork(
  deps: WorkDeps,
  claim: ClaimedMailbox,
  inbox: CachedInbox,
  { bell, signal }: { bell: Bell; signal: AbortSignal },
): MailboxWork {
  const { pool } = deps;
  let cursor = claim.cursor;
  let trying = claim.trying;
  const saved = new Set<string>();
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
    async sent() {
      const found: SentToSave[] = [];
      for (const mail of await sentMails(pool, inbox.id)) {
        if (found.length === SENT_AT_ONCE) break;
        if (saved.has(mail.outboxId)) continue;
        const raw = await deps.media.get(sentCopyKey(inbox, mail.outboxId));
        if (raw) found.push({ ...mail, raw });
        else {
          // Saved before, or sent while nobody wanted a copy.
          saved.add(mail.outboxId);
          if (found.length === 0) mustHold(await saveSentUntil(pool, claim, mail.settledAt));
        }
      }
      return found;
    },
    async sentSaved({ outboxId, settledAt }) {
      await deps.media.delete(sentCopyKey(inbox, outboxId));
      saved.add(outboxId);
      mustHold(await saveSentUntil(pool, claim, settledAt));
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
