/** What the email adapter does for mailboxes of Microsoft 365. */
import type { AdapterInbox, ChannelAdapter, OutboundMessage, SendOptions, Sent } from '../../contract.ts';
import { ChannelError } from '../../contract.ts';
import type { HttpClient } from '../../http.ts';
import type { ComposedMail } from '../compose.ts';
import type { MicrosoftCredentials } from '../definition.ts';
import type { MicrosoftAccounts } from './accounts.ts';
import { connectMicrosoft, disconnectMicrosoft } from './connect.ts';
import { graphOf } from './graph.ts';
import { probeMicrosoft } from './probe.ts';
import { sendMicrosoft } from './send.ts';

export interface MicrosoftDeps {
  http: HttpClient;
  /** Without it nothing can be sent or asked: no tokens. */
  accounts?: MicrosoftAccounts;
  /** Where Microsoft tells us of mailboxes. */
  notificationUrl?: string;
}
type Of = ChannelAdapter<MicrosoftCredentials>;

export interface MicrosoftMail {
  connect(inbox: AdapterInbox<MicrosoftCredentials>, signal: AbortSignal): ReturnType<Of['connect']>;
  disconnect(inbox: AdapterInbox<MicrosoftCredentials>, signal: AbortSignal): Promise<void>;
  probe(inbox: AdapterInbox<MicrosoftCredentials>, signal: AbortSignal): ReturnType<Of['probe']>;
  /** Safe to repeat with the same key. @throws ChannelError */
  send(
    inbox: AdapterInbox<MicrosoftCredentials>,
    mail: ComposedMail,
    message: Pick<OutboundMessage, 'attempt'>,
    options: Pick<SendOptions, 'key' | 'signal'>,
  ): Promise<Sent>;
}

export function createMicrosoftMail({ http, accounts, notificationUrl = '' }: MicrosoftDeps): MicrosoftMail {
  const kept = (): MicrosoftAccounts => {
    if (accounts) return accounts;
    throw new ChannelError('not_sent', 'This process has no access to Microsoft mailboxes.');
  };
  return {
    connect: (inbox, signal) => connectMicrosoft(http, inbox, signal),
    disconnect: (inbox, signal) => disconnectMicrosoft({ http, accounts: kept() }, inbox, signal),
    probe: (inbox, signal) => probeMicrosoft({ http, accounts: kept(), notificationUrl }, inbox, signal),
    send: (inbox, mail, { attempt }, { key, signal }) =>
      sendMicrosoft(http, graphOf({ http, accounts: kept() }, inbox), { mail, key, attempt, signal }),
  };
}
