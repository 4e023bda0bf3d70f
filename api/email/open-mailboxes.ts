/** This process's share of the mailboxes that we look into ourselves. */
import { createAddressGuard } from '#channels/address-guard.ts';
import { poolOf } from '#db/client.ts';
import type { ApiDeps } from '../deps.ts';
import { createImapKind } from './imap/look.ts';
import { microsoftMailbox } from './microsoft-mailbox.ts';
import { createMailboxes, type Mailboxes } from './mailboxes.ts';
import { createEmailReceiver } from './receive.ts';

/** Null where TELORING_MAILBOXES is 0: other processes do it. */
export function openMailboxes(deps: ApiDeps): Mailboxes | null {
  const { config } = deps;
  if (config.mailboxes === 0) return null;
  const guard = createAddressGuard({
    allowPrivateHosts: config.allowPrivateHosts,
    deniedPorts: config.deniedPorts,
  });
  return createMailboxes({
    pool: poolOf(deps.engineDb),
    inboxes: deps.inboxes,
    receiver: createEmailReceiver(deps),
    kinds: {
      imap: createImapKind({ resolveHost: (host, port) => guard.resolve(host, port) }),
      microsoft: microsoftMailbox({ http: deps.http, accounts: deps.accounts }),
    },
    log: deps.log,
    capacity: config.mailboxes,
  });
}
