/** The addresses that an email inbox itself is known by: what goes to them comes back to it. */
import type { AdapterInbox } from '../contract.ts';

/** In lower case, the one that mails come from first. */
export function ownAddresses(inbox: Pick<AdapterInbox, 'accountKey' | 'credentials'>): string[] {
  const { address, forwardedFrom } = inbox.credentials;
  return [...new Set([address, inbox.accountKey, forwardedFrom])].flatMap((one) =>
    typeof one === 'string' && one !== '' ? [one.toLowerCase()] : [],
  );
}
