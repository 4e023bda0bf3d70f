import { ChannelError, type ChannelAdapter } from '../contract.ts';
import { emailDefinition, type EmailCredentials } from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';

/** Email in three kinds; whatever differs between them is asked by `credentials.kind` here and nowhere else. */
export function createEmailAdapter(_deps: EmailAdapterDeps): ChannelAdapter<EmailCredentials> {
  const notYet = async (): Promise<never> => {
    throw new ChannelError('permanent', 'Email can’t be connected in this build yet.');
  };
  return {
    definition: emailDefinition,
    resend: () => 'unsafe',
    verify: () => ({ kind: 'reject', status: 401, code: 'signature_missing', message: 'Not signed.' }),
    parse: () => ({ kind: 'malformed', message: 'This is no mail.' }),
    send: notYet,
    connect: notYet,
    disconnect: async () => {},
    probe: notYet,
    fetchMedia: notYet,
  };
}
