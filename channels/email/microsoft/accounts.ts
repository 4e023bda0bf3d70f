/** What the deployment keeps of Microsoft mailboxes beside their inboxes' credentials; adapters get it handed in. */
import type { AdapterInbox } from '../../contract.ts';
import type { MicrosoftCredentials } from '../definition.ts';

export type MicrosoftInbox = AdapterInbox<MicrosoftCredentials>;

/** Whether an inbox of any channel is one of ours: the credentials' kind says so, which `connect` stored. */
export function isMicrosoftInbox<Inbox extends AdapterInbox>(inbox: Inbox): inbox is Inbox & MicrosoftInbox {
  return inbox.type === 'email' && inbox.credentials['kind'] === 'microsoft';
}

export interface MicrosoftAccounts {
  /**
   * An access token that is good for some minutes yet, renewed where it must be: by one process at a time, and the new refresh token is
   * stored before anybody uses what came with it.
   * @param options.refused a token that Graph has just refused: another one is wanted
   * @throws ChannelError reauthorize where only a new sign-in helps
   */
  accessToken(inbox: MicrosoftInbox, options: { signal: AbortSignal; refused?: string }): Promise<string>;
  /** What we are subscribed to; null where we aren't. */
  subscription(inboxId: string): Promise<StoredSubscription | null>;
}

export interface StoredSubscription {
  id: string;
  expiresAtMs: number;
}
