/**
 * What a kind of mailbox (IMAP, Microsoft) is to the supervisor in api/email/mailboxes.ts: one function that looks at one mailbox. Leases,
 * cursors, waits after failures, health and mails that can't be taken in are the supervisor's.
 */
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { JsonObject } from '#domain/json.ts';
import type { IncomingMail } from './receive.ts';

export interface MailboxKind {
  /**
   * Looks at one mailbox: takes in what is new, in order, then either waits by `work.news` and goes on for as long as it likes, or
   * resolves. Ends soon after `work.signal` aborts, by resolving or throwing, whatever it was doing.
   * @returns when it wants to be looked at again; news (`markDirty` of db/mailboxes.ts) comes sooner
   * @throws ChannelError what is wrong, in the provider's words: `reauthorize` the login is refused, `permanent` a person has to change
   *   something, anything else passes by itself. What `work` throws is to be let through.
   */
  look(work: MailboxWork): Promise<{ againInMs: number }>;
}

export interface MailboxWork {
  /** As it was when this look began. A change of its credentials or settings ends the look (Microsoft's: of its settings only later). */
  inbox: CachedInbox;
  /** As `take` or `save` last stored it; `{}` for a mailbox never looked at, unless `setMailbox` was given one. */
  cursor(): JsonObject;
  /** The lease is lost, the inbox was changed or taken away, another process has too little to do, or we stop. */
  signal: AbortSignal;
  /**
   * Takes in one mail and moves the cursor past it, in that order: a crash between the two brings the mail again, as a duplicate. One
   * that our side failed to take in several times over is kept aside whole and the cursor moves on.
   * @throws MailboxError `ours`: not taken in, the look is to end and is begun again soon · `lost`: the lease is another's
   */
  take(mail: MailToTake, cursor: JsonObject): Promise<'accepted' | 'duplicate' | 'set_aside' | 'kept'>;
  /** Moves the cursor without a mail (where to begin, mails that are none of ours).  @throws MailboxError lost */
  save(cursor: JsonObject): Promise<void>;
  /** Which of these events are accepted already: their mails needn't be fetched again. */
  known(eventIds: readonly string[]): Promise<Set<string>>;
  /** The provider has answered all we asked: receiving is well. `facts` go to Diagnostics, beside those told before.  @throws MailboxError lost */
  succeeded(facts: JsonObject): Promise<void>;
  /** Copies of sent mails that wait to be saved in the mailbox, oldest first; few at a time. */
  sent(): Promise<SentToSave[]>;
  /** This copy is saved: it is let go.  @throws MailboxError lost */
  sentSaved(copy: SentToSave): Promise<void>;
  /** Waits until somebody rings, there is news of this mailbox, the time is over or the look is to end; what rang meanwhile counts. @returns whether it rang */
  news(timeoutMs: number): Promise<boolean>;
  /** For the kind's own listeners: ends `news`. */
  ring(): void;
}

export interface MailToTake extends IncomingMail {
  /** Where it lies in the mailbox: the same whenever it is met again, another for every other mail. */
  place: string;
}

export interface SentToSave {
  outboxId: string;
  messageId: string;
  settledAt: Date;
  raw: Uint8Array;
}

export class MailboxError extends Error {
  override name = 'MailboxError';
  readonly kind: 'lost' | 'ours';
  /** How often this mail was tried. */
  readonly tries: number;
  constructor(kind: 'lost' | 'ours', message: string, options: { tries?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.tries = options.tries ?? 0;
  }
}

/** Why a look is ended from outside: what its AbortSignal's reason says. */
export type LookEnd = 'lost' | 'stopping' | 'share' | 'room';
