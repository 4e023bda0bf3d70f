/** A mail on its way in, whatever brought it: kept, placed in its thread, accepted as an event. */
import { hash } from 'node:crypto';
import {
  checkAuthentication,
  trustedServersOf,
  writtenAuthentication,
  type Authentication,
  type MailResolver,
} from '#channels/email/authentication.ts';
import { automaticOf } from '#channels/email/automatic.ts';
import { readBounce } from '#channels/email/bounce.ts';
import {
  emailDefinition,
  emailSettings,
  type EmailCredentials,
  type EmailSettings,
} from '#channels/email/definition.ts';
import { bounceEvent, messageEvent, writerOf } from '#channels/email/event.ts';
import { readForwardingConfirmation } from '#channels/email/forwarding-confirmation.ts';
import { readSubject } from '#channels/email/addresses.ts';
import { readMail, type Mail } from '#channels/email/mail.ts';
import { outboxIdOf } from '#channels/email/message-id.ts';
import { ownAddresses } from '#channels/email/own-addresses.ts';
import { recipientsOf } from '#channels/email/recipients.ts';
import { readReplyAddress } from '#channels/email/reply-address.ts';
import type { ChannelEvent } from '#channels/contract.ts';
import { MAX_MEDIA_BYTES } from '#channels/media-store.ts';
import { poolOf } from '#db/client.ts';
import { inboxAddresses, placeEmail, sentByProviderId, sentMail } from '#db/email-threads.ts';
import { acceptEvents } from '#db/inbound-events.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { JsonObject } from '#domain/json.ts';
import type { ApiDeps } from '../deps.ts';
import { chatReplyOf } from './chat-replies.ts';
import { emailReplyKeys } from './reply-keys.ts';

export interface IncomingMail {
  /** The mail as it came: RFC 5322, any size that its way allows. */
  raw: Uint8Array;
  /** What SMTP said beside the mail; only where our own server took it. */
  envelope?: {
    /** Empty for what wants no answer (a bounce); absent where whoever brought it doesn't know. */
    from?: string;
    to: readonly string[];
    remoteAddress?: string;
    /** The name the sending server gave. */
    helo?: string;
  };
  receivedAtMs: number;
}

export type Reception =
  | { kind: 'accepted'; eventId: string; duplicate: boolean }
  /** No conversation's: our own copy, a forwarding confirmation, a bounce that told one of our mails' fate. */
  | { kind: 'set_aside'; reason: string };

export interface EmailReceiver {
  /**
   * Idempotent: the same mail (by Message-ID and writer; without an id by its content) is one event of the inbox however often and by
   * however many ways it comes. The original is in the media store before anything is accepted.
   * @throws Error where our own side failed: nothing was accepted, the caller keeps the mail and brings it again
   */
  receive(inbox: CachedInbox, mail: IncomingMail): Promise<Reception>;
}

export type EmailReceiverDeps = Pick<
  ApiDeps,
  'config' | 'keyring' | 'engineDb' | 'inboxes' | 'media' | 'engine' | 'log'
>;

/** @param options.resolver stands in for DNS in tests */
export function createEmailReceiver(
  deps: EmailReceiverDeps,
  options: { resolver?: MailResolver } = {},
): EmailReceiver {
  const pool = poolOf(deps.engineDb);
  const replyKeys = emailReplyKeys(deps.keyring);

  async function authenticationOf(
    inbox: CachedInbox,
    mail: Mail,
    incoming: IncomingMail,
  ): Promise<Authentication> {
    const { envelope, raw } = incoming;
    if (envelope?.remoteAddress !== undefined)
      return checkAuthentication(raw, envelope, {
        mta: deps.config.managedEmailDomain ?? 'localhost',
        ...options,
      });
    // The registry's own schema made these of what was entered.
    const credentials = inbox.credentials as EmailCredentials;
    const imapHost = credentials.kind === 'imap' ? credentials.imap.host : undefined;
    return writtenAuthentication(mail, trustedServersOf(emailSettings(inbox.settings), imapHost));
  }

  async function accept(inbox: CachedInbox, event: ChannelEvent, told: JsonObject): Promise<Reception> {
    const raw = new TextEncoder().encode(JSON.stringify(told));
    const accepted = await acceptEvents(deps.engineDb, { type: inbox.type, inbox, events: [event], raw });
    deps.engine.eventsAccepted(accepted.filter(({ starts }) => starts));
    const [first] = accepted;
    if (!first) throw new Error('A mail was accepted without an event.');
    return { kind: 'accepted', eventId: first.eventId, duplicate: first.duplicate };
  }

  /** What a server says of one of our own mails; null where it speaks of nothing of ours. */
  async function acceptBounce(inbox: CachedInbox, mail: Mail, told: JsonObject): Promise<Reception | null> {
    const report = await readBounce(mail);
    if (!report?.originalMessageId || (report.action !== 'failed' && report.action !== 'delivered'))
      return null;
    const outboxId = outboxIdOf(report.originalMessageId);
    const sent = outboxId === null ? null : await sentMail(pool, inbox.id, outboxId);
    const isOurs = sent !== null || (await sentByProviderId(pool, inbox.id, report.originalMessageId));
    if (!isOurs) return null;
    await accept(
      inbox,
      bounceEvent(mail, report, outboxId ?? '', sent?.providerMessageId ?? report.originalMessageId),
      told,
    );
    return { kind: 'set_aside', reason: 'It reports what became of a mail of ours; that mail shows it.' };
  }

  return {
    async receive(inbox, incoming) {
      const raw = incoming.raw.subarray(0, MAX_MEDIA_BYTES);
      const mail = await readMail(raw);
      const own = [...ownAddresses(inbox), ...(await inboxAddresses(pool, inbox.workspaceId, inbox.type))];
      const writer = writerOf(mail, incoming.envelope?.from, own);
      const outboxId = outboxIdOf(mail.messageId);
      if (outboxId !== null && own.includes(writer.address) && (await sentMail(pool, inbox.id, outboxId)))
        return { kind: 'set_aside', reason: 'It is a copy of our own mail, which the conversation shows.' };

      const authentication = await authenticationOf(inbox, mail, incoming);
      const originalKey = `${inbox.workspaceId}/${new Date(incoming.receivedAtMs).toISOString().slice(0, 7)}/mail-${hash('sha256', raw, 'hex')}`;
      await deps.media.put(originalKey, raw, 'message/rfc822');
      const told = toldOf(incoming, originalKey);
      const confirmation = authentication.verdict === 'fail' ? null : readForwardingConfirmation(mail);
      if (confirmation) {
        await accept(
          inbox,
          {
            kind: 'account',
            eventId: `forwarding:${hash('sha256', mail.messageId, 'hex')}`,
            change: 'forwarding_confirmation',
            facts: { ...confirmation, provider: 'Gmail' },
          },
          told,
        );
        return {
          kind: 'set_aside',
          reason: 'It asks to confirm a forward; the inbox’s Diagnostics show its code and link.',
        };
      }
      const automatic = automaticOf(mail, {
        envelopeFrom: incoming.envelope?.from,
        ownAddresses: own,
        writer,
      });
      if (automatic === 'bounce') {
        const matched = await acceptBounce(inbox, mail, told);
        if (matched) return matched;
      }
      const recipients = recipientsOf(mail, incoming.envelope?.to);
      const chat = await chatReplyOf({ pool, inboxes: deps.inboxes, replyKeys }, inbox.workspaceId, {
        mail,
        writer,
        authentication,
        automatic,
        addressed: recipients.addressed,
        originalKey,
      });
      if (chat) return accept(chat.inbox, chat.event, told);
      if (inbox.type !== emailDefinition.type)
        return {
          kind: 'set_aside',
          reason: 'It answers a chat’s mail, but a machine wrote it, or not from where that mail went.',
        };
      const { about, isReply } = readSubject(mail.subject);
      const placed = await placeEmail(pool, inbox, {
        messageId: mail.messageId,
        sender: writer.address,
        recipients: recipients.participants.filter((address) => !own.includes(address)),
        references: [...mail.inReplyTo, ...mail.references.toReversed()].map((id) => ({
          id,
          outboxId: outboxIdOf(id),
        })),
        token:
          recipients.addressed.map((address) => readReplyAddress(replyKeys, inbox, address)).find(Boolean) ??
          null,
        about,
        isReply,
        mayJoin: authentication.verdict !== 'fail',
        triggers: automatic === undefined && mayAnswer(emailSettings(inbox.settings), authentication),
      });
      const event = messageEvent(mail, {
        threadKey: placed.threadId,
        contact: placed.contact,
        writer,
        originalKey,
        authentication,
        automatic,
        triggers: placed.triggers,
      });
      return accept(inbox, event, told);
    },
  };
}

function mayAnswer({ automationNeeds }: EmailSettings, { verdict }: Authentication): boolean {
  if (automationNeeds === 'pass') return verdict === 'pass';
  return automationNeeds === 'anything' || verdict !== 'fail';
}

/** What stands with the event in place of the mail's bytes, which may be many. */
function toldOf({ envelope, raw }: IncomingMail, originalKey: string): JsonObject {
  return {
    original: originalKey,
    sizeBytes: raw.byteLength,
    ...(envelope && {
      envelope: {
        ...(envelope.from === undefined ? {} : { from: envelope.from }),
        to: [...envelope.to],
        ...(envelope.remoteAddress === undefined ? {} : { remoteAddress: envelope.remoteAddress }),
        ...(envelope.helo === undefined ? {} : { helo: envelope.helo }),
      },
    }),
  };
}
