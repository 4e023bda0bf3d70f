import { isMedia } from '#domain/message.ts';
import { beforeSend } from '../before-send.ts';
import {
  ChannelError,
  type AdapterInbox,
  type ChannelAdapter,
  type MediaBytes,
  type OutboundMessage,
  type SendOptions,
} from '../contract.ts';
import { refused, signedVerdict } from '../signed-body.ts';
import { attachmentBytes } from './attachment-bytes.ts';
import { automaticOf } from './automatic.ts';
import { composeMail, type ComposedMail } from './compose.ts';
import {
  emailDefinition,
  emailSettings,
  type EmailCredentials,
  type ImapCredentials,
  type ManagedCredentials,
  type MicrosoftCredentials,
} from './definition.ts';
import type { EmailAdapterDeps } from './deps.ts';
import { messageEvent, writerOf } from './event.ts';
import { connectImap, probeImap, smtpServerOf } from './imap-connect.ts';
import { readMail } from './mail.ts';
import { connectManaged, deploymentSmtp, probeManaged } from './managed.ts';
import { createMicrosoftMail } from './microsoft/adapter.ts';
import { ownAddresses } from './own-addresses.ts';
import { laySentCopy, sentCopyKey } from './sent-copy.ts';
import { sendBySmtp } from './smtp-send.ts';
import { readPostedMail } from './webhook-body.ts';

/** Email in three kinds; whatever differs between them is asked by `credentials.kind` here and nowhere else. */
export function createEmailAdapter(deps: EmailAdapterDeps): ChannelAdapter<EmailCredentials> {
  const microsoft = createMicrosoftMail(deps);
  return {
    definition: emailDefinition,
    /**
     * A server that took a mail without saying so may deliver it: a second copy would be a second mail. Microsoft's drafts and sent mails
     * are found again by our key.
     */
    resend: ({ credentials }) => (credentials.kind === 'microsoft' ? 'safe' : 'unsafe'),
    slowCallMs: 60_000,
    /** A managed address is made by us, so none is taken yet. */
    accountKeyOf: (credentials) => (credentials.kind === 'managed' ? undefined : credentials.address),

    verify(inbox, request) {
      const { credentials } = inbox;
      if (credentials.kind !== 'managed' || !credentials.secret)
        return refused('signature_missing', 'This inbox takes no mails by webhook.');
      return signedVerdict(credentials.secret, request);
    },

    /** What can be said of a mail without its thread, which only the rows know: api/email/receive.ts places it. */
    async parse(inbox, request) {
      const posted = readPostedMail(request);
      if ('kind' in posted) return posted;
      const mail = await readMail(posted.raw);
      const own = ownAddresses(inbox);
      const writer = writerOf(mail, posted.sender, own);
      const automatic = automaticOf(mail, { envelopeFrom: posted.sender, ownAddresses: own, writer });
      return [
        messageEvent(mail, {
          threadKey: mail.references[0] ?? mail.inReplyTo[0] ?? mail.messageId,
          contact: writer.address,
          writer,
          originalKey: '',
          authentication: { verdict: 'none' },
          automatic,
          triggers: automatic === undefined,
        }),
      ];
    },

    async send(inbox, message, options) {
      const mail = await beforeSend('The mail', compose(deps, inbox, message, options));
      if (isKind(inbox, 'imap')) {
        const sent = await sendBySmtp(smtpServerOf(inbox.credentials.smtp, deps), mail, options.signal);
        if (emailSettings(inbox.settings).saveSent)
          await laySentCopy(deps.sentCopies, sentCopyKey(inbox, options.key), mail);
        return sent;
      }
      if (isKind(inbox, 'managed')) return await sendBySmtp(deploymentSmtp(deps), mail, options.signal);
      if (isKind(inbox, 'microsoft')) return await microsoft.send(inbox, mail, message, options);
      throw unknownKind();
    },

    async connect(inbox, _webhookUrl, signal) {
      if (isKind(inbox, 'imap')) return await connectImap(deps, inbox, signal);
      if (isKind(inbox, 'managed')) return connectManaged(deps, inbox);
      if (isKind(inbox, 'microsoft')) return await microsoft.connect(inbox, signal);
      throw unknownKind();
    },
    async disconnect(inbox, signal) {
      // Nothing of ours is registered with a mail server.
      if (isKind(inbox, 'microsoft')) await microsoft.disconnect(inbox, signal);
    },
    async probe(inbox, _webhookUrl, signal) {
      if (isKind(inbox, 'imap')) return await probeImap(deps, inbox, signal);
      if (isKind(inbox, 'managed')) return await probeManaged(deps, inbox, signal);
      if (isKind(inbox, 'microsoft')) return await microsoft.probe(inbox, signal);
      throw unknownKind();
    },

    fetchMedia: (inbox, source, options) =>
      attachmentBytes(deps, inbox.workspaceId, source, options.maxBytes),
  };
}

function isKind(inbox: AdapterInbox<EmailCredentials>, kind: 'imap'): inbox is AdapterInbox<ImapCredentials>;
function isKind(
  inbox: AdapterInbox<EmailCredentials>,
  kind: 'managed',
): inbox is AdapterInbox<ManagedCredentials>;
function isKind(
  inbox: AdapterInbox<EmailCredentials>,
  kind: 'microsoft',
): inbox is AdapterInbox<MicrosoftCredentials>;
function isKind(inbox: AdapterInbox<EmailCredentials>, kind: string): boolean {
  return inbox.credentials.kind === kind;
}

async function compose(
  deps: EmailAdapterDeps,
  inbox: AdapterInbox<EmailCredentials>,
  message: OutboundMessage,
  options: SendOptions,
): Promise<ComposedMail> {
  const files = new Map<string, MediaBytes>();
  for (const part of message.parts)
    if (isMedia(part)) files.set(part.mediaId, await options.media(part.mediaId));
  const replyKeys = deps.email?.replyKeys ?? [];
  return composeMail({ inbox, message, key: options.key, files, replyKeys, nowMs: Date.now() });
}

const unknownKind = (): ChannelError =>
  new ChannelError('permanent', 'This mailbox is of a kind that this version doesn’t know.');
