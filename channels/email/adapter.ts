import { ChannelError, type AdapterInbox, type ChannelAdapter } from '../contract.ts';
import { emailDefinition, type EmailCredentials, type MicrosoftCredentials } from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { createMicrosoftMail } from './microsoft/adapter.ts';

/** Email in three kinds; whatever differs between them is asked by `credentials.kind` here and nowhere else. */
export function createEmailAdapter(deps: EmailAdapterDeps): ChannelAdapter<EmailCredentials> {
  const microsoft = createMicrosoftMail(deps);
  const notYet = async (): Promise<never> => {
    throw new ChannelError('permanent', 'Email can’t be connected in this build yet.');
  };
  return {
    definition: emailDefinition,
    // Microsoft's drafts are found again by our key; SMTP remembers nothing.
    resend: ({ credentials }) => (credentials.kind === 'microsoft' ? 'safe' : 'unsafe'),
    verify: () => ({ kind: 'reject', status: 401, code: 'signature_missing', message: 'Not signed.' }),
    parse: () => ({ kind: 'malformed', message: 'This is no mail.' }),
    accountKeyOf: ({ address }) => address,
    send: notYet,
    connect: (inbox, _, signal) => (isMicrosoft(inbox) ? microsoft.connect(inbox, signal) : notYet()),
    disconnect: async (inbox, signal) => {
      if (isMicrosoft(inbox)) await microsoft.disconnect(inbox, signal);
    },
    probe: (inbox, _, signal) => (isMicrosoft(inbox) ? microsoft.probe(inbox, signal) : notYet()),
    fetchMedia: notYet,
  };
}

function isMicrosoft(inbox: AdapterInbox<EmailCredentials>): inbox is AdapterInbox<MicrosoftCredentials> {
  return inbox.credentials.kind === 'microsoft';
}
