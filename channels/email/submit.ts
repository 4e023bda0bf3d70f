/** A mail that is no conversation's message, through an inbox's mail server. */
import type { AdapterInbox } from '../contract.ts';
import { ChannelError, type Sent } from '../contract.ts';
import type { ComposedMail } from './compose.ts';
import type { EmailCredentials } from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { smtpServerOf } from './imap-connect.ts';
import { deploymentSmtp } from './managed.ts';
import { sendBySmtp, type SmtpServer } from './smtp-send.ts';

/** @param inbox null = the deployment's own server (SMTP_URL) @throws ChannelError */
export async function submitMail(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<EmailCredentials> | null,
  mail: ComposedMail,
  signal: AbortSignal,
): Promise<Sent> {
  return sendBySmtp(serverOf(deps, inbox), mail, signal);
}

function serverOf(deps: EmailAdapterDeps, inbox: AdapterInbox<EmailCredentials> | null): SmtpServer {
  if (inbox === null || inbox.credentials.kind === 'managed') return deploymentSmtp(deps);
  if (inbox.credentials.kind === 'imap') return smtpServerOf(inbox.credentials.smtp, deps);
  throw new ChannelError(
    'permanent',
    'Replies to chats can’t be sent through a Microsoft 365 mailbox yet; choose another inbox in the chat’s settings.',
  );
}
