/** The IMAP kind of mailbox: takes in what is new in a folder, one mail after the other, and waits for more by IDLE. */
import type { ImapFlow } from 'imapflow';
import { ChannelError } from '#channels/contract.ts';
import { emailSettings, type EmailSettings, type ImapCredentials } from '#channels/email/definition.ts';
import { asking, leaveImap, openImap, type ImapConnectDeps } from '#channels/email/imap/connection.ts';
import { isOld, rangesOf, resume, type ImapCursor } from '#channels/email/imap/cursor.ts';
import {
  describeMails,
  fetchMail,
  listUids,
  markSeen,
  openFolder,
  type MailFacts,
} from '#channels/email/imap/folder.ts';
import { saveInSent } from '#channels/email/imap/sent-folder.ts';
import { MAX_RAW_BYTES } from '#channels/email/imap/limits.ts';
import { createBudget } from '../budget.ts';
import type { MailboxKind, MailboxWork } from '../mailbox-kind.ts';

export interface ImapKindOptions {
  /** IDLE is begun anew so often, which also finds out a dead connection: well below the 29 minutes that servers grant. */
  idleMs?: number;
  /** How often a server without IDLE is asked. */
  pollMs?: number;
  /** How soon an answer lies in the folder of sent mails. */
  sentEveryMs?: number;
}

/** Asked about together. */
const BATCH = 50;
/** Logins under way at once, and bytes of mails in memory at once, in this process. */
const LOGINS = 5;
const BYTES_IN_HAND = 2 * MAX_RAW_BYTES;
/** A small mail costs more than its bytes. */
const LEAST_WEIGHT = 256 * 1024;

export function createImapKind(
  deps: ImapConnectDeps,
  { idleMs = 4 * 60_000, pollMs = 30_000, sentEveryMs = 10_000 }: ImapKindOptions = {},
): MailboxKind {
  const logins = createBudget(LOGINS);
  const hands = createBudget(BYTES_IN_HAND);

  return {
    async look(work) {
      // Only mailboxes of this kind come here: connect says which inboxes are.
      const { imap } = work.inbox.credentials as unknown as ImapCredentials;
      const settings = emailSettings(work.inbox.settings);
      const client = await logins.run(1, () => openImap(deps, imap, work.signal));
      client.on('exists', () => work.ring());
      client.on('close', () => work.ring());
      try {
        await follow(work, client, settings);
      } finally {
        await leaveImap(client);
      }
      return { againInMs: pollMs };
    },
  };

  async function follow(work: MailboxWork, client: ImapFlow, settings: EmailSettings): Promise<void> {
    const state = await openFolder(client, settings.folder, { write: settings.markSeen });
    const from = resume(work.cursor(), state, { ...settings, nowMs: Date.now() });
    await work.save(from);
    const idles = client.capabilities.has('IDLE');
    const facts = {
      folder: settings.folder,
      server: typeof client.serverInfo?.name === 'string' ? client.serverInfo.name : '',
      push: idles ? 'IDLE' : `asked every ${pollMs / 1000} s`,
      uidValidity: state.uidValidity,
    };
    for (let cursor = from; !work.signal.aborted;) {
      cursor = await drain(work, client, settings, cursor);
      await work.succeeded({ ...facts, lastUid: cursor.lastUid, behind: 0 });
      if (idles) {
        await rest(work, settings, idleMs, () => beginIdle(client));
        if (!work.signal.aborted && !client.usable)
          throw new ChannelError('not_sent', 'The mail server closed the connection.');
      } else {
        await rest(work, settings, pollMs);
        if (!work.signal.aborted) await asking(client, 'asking for news', () => client.noop());
      }
    }
  }

  /** Until there is news or the time is over; what we send meanwhile is saved where that is wanted. */
  async function rest(
    work: MailboxWork,
    settings: EmailSettings,
    forMs: number,
    begin: () => void = () => undefined,
  ): Promise<void> {
    begin();
    if (!settings.saveSent) {
      await work.news(forMs);
      return;
    }
    const untilMs = Date.now() + forMs;
    do {
      await saveSent(work);
      const leftMs = untilMs - Date.now();
      if (await work.news(Math.max(0, Math.min(leftMs, sentEveryMs)))) return;
    } while (Date.now() < untilMs && !work.signal.aborted);
  }

  /** Best effort: a folder of sent mails that can't be written says nothing about receiving. */
  async function saveSent(work: MailboxWork): Promise<void> {
    const mails = await work.sent();
    if (mails.length === 0) return;
    const copies = mails.map((mail) => ({ ...mail, at: mail.settledAt }));
    try {
      const { imap } = work.inbox.credentials as unknown as ImapCredentials;
      const folder = await logins.run(1, () => saveInSent(deps, imap, copies, work.signal));
      await work.succeeded({ sentFolder: folder ?? 'none found', sentError: null });
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      await work.succeeded({ sentError: error.message });
      return;
    }
    for (const mail of mails) await work.sentSaved(mail);
  }

  /** Everything that is there, also what comes meanwhile. */
  async function drain(
    work: MailboxWork,
    client: ImapFlow,
    settings: EmailSettings,
    from: ImapCursor,
  ): Promise<ImapCursor> {
    let cursor = from;
    for (const range of rangesOf(from)) {
      const uids = await listUids(client, range);
      for (let n = 0; n < uids.length && !work.signal.aborted; n += BATCH) {
        if (n > 0) await work.succeeded({ lastUid: cursor.lastUid, behind: uids.length - n });
        cursor = await takeBatch(work, client, settings, cursor, uids.slice(n, n + BATCH));
      }
    }
    return cursor;
  }

  async function takeBatch(
    work: MailboxWork,
    client: ImapFlow,
    settings: EmailSettings,
    from: ImapCursor,
    uids: readonly number[],
  ): Promise<ImapCursor> {
    // After a restore nearly all of it is here already; else a mail that is comes from nowhere but a crash a moment ago, and a server's
    // own reading of a broken one needn't come between us and those behind it.
    const described = await describeMails(client, uids, {
      withIds: uids.some((uid) => uid <= from.oldUpTo),
    });
    const again = [...described.values()].filter(({ uid }) => uid <= from.oldUpTo);
    const known = await work.known(again.flatMap(({ eventId }) => eventId ?? []));
    const isOurs = (facts: MailFacts): boolean =>
      !isOld(from, facts) && (facts.eventId === null || !known.has(facts.eventId));
    const taken: number[] = [];
    let cursor = from;
    let saved = from;
    for (const uid of uids) {
      if (work.signal.aborted) return saved;
      const facts = described.get(uid);
      const next = { ...cursor, lastUid: uid };
      const came = facts && isOurs(facts) ? await takeOne(work, client, facts, next) : false;
      cursor = next;
      if (came) {
        saved = next;
        taken.push(uid);
      }
    }
    if (saved !== cursor) await work.save(cursor);
    // Best effort: it says nothing about receiving.
    if (settings.markSeen) await markSeen(client, taken).catch(() => undefined);
    return cursor;
  }

  /** @returns false where it is gone meanwhile: the cursor wasn't moved */
  async function takeOne(
    work: MailboxWork,
    client: ImapFlow,
    facts: MailFacts,
    next: ImapCursor,
  ): Promise<boolean> {
    return hands.run(Math.max(LEAST_WEIGHT, facts.size), async () => {
      const raw = await fetchMail(client, facts);
      if (raw === null) return false;
      const place = `${next.folder}/${next.uidValidity}/${facts.uid}`;
      await work.take({ raw, receivedAtMs: facts.receivedAtMs, place }, next);
      return true;
    });
  }
}

/** It ends when the next command is given; a connection that breaks meanwhile rings by its close. */
function beginIdle(client: ImapFlow): void {
  client.idle().catch(() => undefined);
}
