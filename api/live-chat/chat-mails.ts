/** Sends people's replies after a visitor who has left: one mail for several, each at most once. */
import { ownMessageId } from '#channels/email/message-id.ts';
import { replyAddress } from '#channels/email/reply-address.ts';
import { submitMail } from '#channels/email/submit.ts';
import { emailDefinition, emailSettings, type EmailCredentials } from '#channels/email/definition.ts';
import type { ComposedMail } from '#channels/email/compose.ts';
import { ChannelError, type AdapterInbox } from '#channels/contract.ts';
import {
  claimMail,
  mailCandidates,
  planMail,
  settleMail,
  type ChatMail,
  type MailCandidate,
} from '#db/chat-mails.ts';
import { poolOf } from '#db/client.ts';
import type { HttpClient } from '#channels/http.ts';
import { isEmail } from '#domain/live-chat/pre-chat.ts';
import type { ApiDeps } from '../deps.ts';
import { emailDeployment } from '../email/deployment.ts';
import { emailReplyKeys } from '../email/reply-keys.ts';
import { allowedOrigins } from './origins.ts';
import { settingsOf } from './settings.ts';
import { unsubscribeUrl } from './unsubscribe.ts';
import type { LiveChatInbox } from './visitors.ts';
import { chatMailText } from './chat-mail-text.ts';

type Deps = Pick<ApiDeps, 'config' | 'engineDb' | 'keyring' | 'inboxes' | 'log'> & { http: HttpClient };

const callMs = 60_000;
/** What a mail server refuses for now is tried again, ever more rarely, for about a day. */
const mostAttempts = 12;
const pauseMs = (attempts: number): number => Math.min(4 * 3_600_000, 30_000 * 2 ** (attempts - 1));

/** Plans what is due and sends what is planned. Any number of processes may do so at once. @returns how many were sent */
export async function sendChatMails(deps: Deps, page = 200): Promise<number> {
  const pool = poolOf(deps.engineDb);
  let candidates: MailCandidate[] = [];
  do {
    candidates = await mailCandidates(pool, candidates.at(-1)?.conversationId ?? null, page);
    for (const candidate of candidates) {
      if (isEmail(candidate.email) && (await senderOf(deps, candidate)) !== null)
        await planMail(pool, candidate);
    }
  } while (candidates.length === page);
  for (let sent = 0; ; sent += 1) {
    const claim = crypto.randomUUID();
    const mail = await claimMail(pool, claim);
    if (!mail) return sent;
    await sendOne(deps, mail, claim);
  }
}

async function sendOne(deps: Deps, mail: ChatMail, claim: string): Promise<void> {
  const pool = poolOf(deps.engineDb);
  const { id } = mail;
  try {
    const inbox = await deps.inboxes.byId(mail.inboxId);
    const sender = inbox && (await senderOf(deps, inbox));
    if (!inbox || !sender) {
      await settleMail(pool, {
        id,
        claim,
        state: 'failed',
        error: 'There is no mail server to send it with any more.',
      });
      return;
    }
    const email = { http: deps.http, email: emailDeployment(deps) };
    await submitMail(email, sender.inbox, compose(deps, inbox, sender, mail), AbortSignal.timeout(callMs));
    await settleMail(pool, { id, claim, state: 'sent' });
  } catch (error) {
    const failure = error instanceof ChannelError ? error : null;
    const reason = error instanceof Error ? error.message : String(error);
    deps.log.warn(
      { inboxId: mail.inboxId, mailId: id, reason },
      'live chat: a mail to a visitor was not sent',
    );
    await settleMail(pool, { id, claim, error: reason, ...afterFailure(failure, mail.attempts) });
  }
}

/** Only what provably didn't arrive is tried again. */
export function afterFailure(
  failure: Pick<ChannelError, 'kind'> | null,
  attempts: number,
): { state: 'planned'; notBefore: Date } | { state: 'failed' | 'unknown' } {
  if (failure === null || failure.kind === 'no_answer') return { state: 'unknown' };
  if (failure.kind === 'permanent' || failure.kind === 'contact_unreachable' || attempts >= mostAttempts)
    return { state: 'failed' };
  return { state: 'planned', notBefore: new Date(Date.now() + pauseMs(attempts)) };
}

interface Sender {
  name: string;
  address: string;
  /** Null = the deployment's own server. */
  inbox: AdapterInbox<EmailCredentials> | null;
}

/** The email inbox that the chat's settings name, else the deployment's own; null where there is neither. */
async function senderOf(
  deps: Deps,
  chat: Pick<MailCandidate, 'settings' | 'workspaceId'>,
): Promise<Sender | null> {
  const { title, offlineEmail } = settingsOf(chat);
  if (offlineEmail.inboxId !== null) {
    const inbox = await deps.inboxes.byId(offlineEmail.inboxId);
    if (inbox?.type !== emailDefinition.type || inbox.workspaceId !== chat.workspaceId || inbox.deletedAt)
      return null;
    // The registry's own schema made these of what was entered.
    const own = inbox as unknown as AdapterInbox<EmailCredentials>;
    return {
      name: emailSettings(inbox.settings).fromName || inbox.name,
      address: own.credentials.address ?? inbox.accountKey,
      inbox: own,
    };
  }
  const { smtpUrl, mailFrom } = deps.config;
  if (smtpUrl === null || mailFrom === null) return null;
  const [, address = mailFrom] = /<([^>]+)>/.exec(mailFrom) ?? [];
  return { name: title, address: address.trim(), inbox: null };
}

function compose(deps: Deps, inbox: LiveChatInbox, sender: Sender, mail: ChatMail): ComposedMail {
  const { config, keyring } = deps;
  const { title } = settingsOf(inbox);
  const { managedEmailDomain: domain } = config;
  const replyTo =
    domain === null ? null : replyAddress(emailReplyKeys(keyring), inbox, mail.conversationId, domain);
  const leave = unsubscribeUrl(keyring, config.publicUrl, mail.conversationId);
  // Where answers come to: by a signed address, or by the id of ours that they name.
  const answers = replyTo !== null || sender.inbox !== null;
  const [website = null] = allowedOrigins(inbox).filter((origin) => !origin.includes('*'));
  const words = chatMailText(mail, { title, website, unsubscribeUrl: leave, answers });
  return {
    from: { name: sender.name, address: sender.address },
    ...(replyTo !== null && { replyTo }),
    to: [{ address: mail.to, name: '' }],
    cc: [],
    bcc: [],
    subject: words.subject.replaceAll(/\s+/g, ' ').slice(0, 200),
    messageId: ownMessageId(mail.id, sender.address),
    date: new Date(),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'List-Unsubscribe': `<${leave}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
    text: words.text,
    html: words.html,
    attachments: [],
  };
}
