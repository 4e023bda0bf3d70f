/** Which inbox an address of the deployment's domain belongs to. */
import { cleanAddress, domainOf } from '#channels/email/addresses.ts';
import { emailDefinition } from '#channels/email/definition.ts';
import { readReplyAddress, threadInReplyAddress } from '#channels/email/reply-address.ts';
import { mailedChat } from '#db/chat-mails.ts';
import { poolOf } from '#db/client.ts';
import { inboxOfThread } from '#db/email-threads.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { ApiDeps } from '../deps.ts';
import { emailReplyKeys } from './reply-keys.ts';

/** By the address itself, its part before a `+`, or a signed reply address. Only managed inboxes have addresses here. */
export function createManagedAddresses(
  deps: Pick<ApiDeps, 'engineDb' | 'inboxes' | 'keyring'>,
  managedDomain: string,
): (address: string) => Promise<CachedInbox | null> {
  const domain = managedDomain.toLowerCase();
  const keys = emailReplyKeys(deps.keyring);
  const byAddress = async (address: string): Promise<CachedInbox | null> => {
    const inbox = await deps.inboxes.byAccount(emailDefinition.type, address);
    return inbox?.credentials['kind'] === 'managed' ? inbox : null;
  };
  const byToken = async (address: string): Promise<CachedInbox | null> => {
    const threadId = threadInReplyAddress(address, domain);
    const pool = poolOf(deps.engineDb);
    const inboxId =
      threadId === null
        ? null
        : ((await inboxOfThread(pool, threadId)) ??
          // Not a thread of emails: a chat whose replies follow its visitor by email.
          (await mailedChat(pool, { mailIds: [], conversationId: threadId }))?.inboxId ??
          null);
    const inbox = inboxId === null ? null : await deps.inboxes.byId(inboxId);
    if (!inbox || inbox.deletedAt !== null) return null;
    return readReplyAddress(keys, inbox, address) === null ? null : inbox;
  };
  return async (given) => {
    const address = cleanAddress(given);
    if (address === null || domainOf(address) !== domain) return null;
    return (
      (await byAddress(address)) ??
      (await byToken(address)) ??
      (await byAddress(address.replace(/\+[^@]*@/, '@')))
    );
  };
}
