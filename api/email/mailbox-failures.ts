/** What a failed look means: when to look again, and what it says about receiving. Pure. */
import { ChannelError } from '#channels/contract.ts';
import { MailboxError } from './mailbox-kind.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How often one mail is tried before it is kept aside. */
export const MAX_TRIES = 5;
/** A look that went on for so long had nothing to do with the failures before it. */
const STEADY_MS = 5 * MINUTE;
/** Without a good look for so long, trouble that passes by itself is called failing. */
const LONG_MS = HOUR;

export interface FailedLook {
  error: unknown;
  /** Failures in a row before this one. */
  failures: number;
  /** How long this look went on. */
  livedMs: number;
  /** Since the last good look; null where there was none. */
  sinceOkMs: number | null;
  /** From 0 to 1: so that mailboxes of one server don't come back all at once. */
  chance: number;
}
export interface Verdict {
  inMs: number;
  failures: number;
  error: { kind: 'credentials' | 'setup' | 'transient' | 'ours'; message: string };
  /** Null where it says nothing yet: one strike isn't trouble. */
  health: { state: 'degraded' | 'failing'; reason: string } | null;
}

export function judge(look: FailedLook): Verdict {
  const message = look.error instanceof Error ? look.error.message : String(look.error);
  const failures = look.livedMs > STEADY_MS ? 1 : look.failures + 1;
  // Between three quarters and five quarters.
  const spread = (ms: number): number => Math.round(ms * (0.75 + look.chance / 2));
  if (look.error instanceof MailboxError) {
    const { tries } = look.error;
    return {
      inMs: SECOND * 3 ** Math.max(0, tries - 1),
      // The provider is not to blame: nothing counts against it.
      failures: look.failures,
      error: { kind: 'ours', message },
      health:
        tries < 2
          ? null
          : {
              state: 'degraded',
              reason: `A mail could not be taken in on our side: ${message} It is safe in the mailbox and is tried again.`,
            },
    };
  }
  const kind = look.error instanceof ChannelError ? look.error.kind : 'not_sent';
  if (kind === 'reauthorize' || kind === 'permanent') {
    return {
      // Seldom: servers lock accounts that are knocked at with a wrong password. Corrected credentials are tried at once.
      inMs: spread(Math.min(6 * HOUR, 15 * MINUTE * 2 ** (failures - 1))),
      failures,
      error: { kind: kind === 'reauthorize' ? 'credentials' : 'setup', message },
      health: { state: 'failing', reason: message },
    };
  }
  const asked = look.error instanceof ChannelError ? (look.error.retryAfterMs ?? 0) : 0;
  const long = look.sinceOkMs !== null && look.sinceOkMs > LONG_MS;
  return {
    inMs: Math.max(asked, spread(Math.min(5 * MINUTE, 2 * SECOND * 2 ** (failures - 1)))),
    failures,
    error: { kind: 'transient', message },
    health: failures < 2 ? null : { state: long ? 'failing' : 'degraded', reason: message },
  };
}
