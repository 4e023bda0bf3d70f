/** What a channel's form does beside asking, where it has something of its own to do. */
import type { ChannelType } from '#domain/channel.ts';
import { api } from '../../lib/api/endpoints.ts';
import type { FormValues } from './credential-form.ts';
import { mailNote, prefilledMail } from './mail-servers.ts';

export interface SignIn {
  label: string;
  says: string;
  /** Where the browser goes to sign in. */
  start: (input: { name: string; sandbox: boolean; inboxId?: string }) => Promise<string>;
}
export interface FormExtras {
  /** What follows from what was just entered. */
  prefill?: (before: FormValues, now: FormValues, changed: string) => FormValues;
  /** Said below the form, of what is entered. */
  note?: (values: FormValues) => string | null;
  /** In place of credentials. */
  signIn?: (values: FormValues) => SignIn | null;
}

const microsoft: SignIn = {
  label: 'Sign in with Microsoft',
  says: 'Microsoft asks who you are and whether this mailbox may be read and answered from here. Sign in with the account that has the mailbox; nothing is entered on this page.',
  start: async (input) => (await api.authorizeMicrosoft(input)).url,
};

export const formExtras: Partial<Record<ChannelType, FormExtras>> = {
  email: {
    prefill: prefilledMail,
    note: mailNote,
    signIn: (values) => (values['kind'] === 'microsoft' ? microsoft : null),
  },
};
