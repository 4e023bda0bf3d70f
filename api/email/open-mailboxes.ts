/** This process's share of the mailboxes that we look into ourselves. */
import { poolOf } from '#db/client.ts';
import type { ApiDeps } from '../deps.ts';
import { emailDeployment } from './deployment.ts';
import { createImapKind } from './imap/look.ts';
import { microsoftMailbox } from './microsoft-mailbox.ts';
import { createMailboxes, type Mailboxes } from './mailboxes.ts';
import { createEmailReceiver } from './receive.ts';

/** Null where TELORING_MAILBOXES is 0: other processes do it. */
export function openMailboxes(deps: ApiDeps): Mailboxes | null {
  const { config } = deps;
  if (config.mailboxes === 0) return null;
  return createMailboxes({
    pool: poolOf(deps.engineDb),
    inboxes: deps.inboxes,
    receiver: createEmailReceiver(deps),
    media: deps.media,
    kinds: {
      imap: createImapKind(emailDeployment(deps)),
      microsoft: microsoftMailbox({ http: deps.http, accounts: deps.accounts }),
    },
    log: deps.log,
    capacity: config.mailboxes,
  });
}
