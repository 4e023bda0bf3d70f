/** A mail on its way in, whatever brought it: kept, placed in its thread, accepted as an event. */
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { ApiDeps } from '../deps.ts';

export interface IncomingMail {
  /** The mail as it came: RFC 5322, any size that its way allows. */
  raw: Uint8Array;
  /** What SMTP said beside the mail; only where our own server took it. */
  envelope?: {
    from: string;
    to: readonly string[];
    remoteAddress?: string;
    /** The name the sending server gave. */
    helo?: string;
  };
  receivedAtMs: number;
}

export type Reception =
  | { kind: 'accepted'; eventId: string; duplicate: boolean }
  /** Kept, but no conversation's: our own copy, a forwarding confirmation, a bounce that was matched. */
  | { kind: 'set_aside'; reason: string };

export interface EmailReceiver {
  /**
   * Idempotent: the same mail (by Message-ID and sender; without one by its content) is one event of the inbox however often and by
   * however many ways it comes. The original is in the media store before anything is accepted.
   * @throws Error where our own side failed: nothing was accepted, the caller keeps the mail and brings it again
   */
  receive(inbox: CachedInbox, mail: IncomingMail): Promise<Reception>;
}

export type EmailReceiverDeps = Pick<ApiDeps, 'engineDb' | 'media' | 'engine' | 'log'>;

export function createEmailReceiver(_deps: EmailReceiverDeps): EmailReceiver {
  return {
    async receive() {
      throw new Error('Mails can’t be received in this build yet.');
    },
  };
}
