/** A mail → the event it is. Pure: whose thread it is, where its original lies and what was checked come in. */
import { hash } from 'node:crypto';
import type { EmailAddress, EmailPart } from '#domain/message.ts';
import type { JsonObject } from '#domain/json.ts';
import type { DeliveryStatusEvent, InboundMedia, InboundMessageEvent, InboundPart } from '../contract.ts';
import { mediaKindOf, mimeTypeOfName } from '../media-kind.ts';
import type { Authentication } from './authentication.ts';
import type { DeliveryReport } from './bounce.ts';
import type { Mail } from './mail.ts';
import { newTextOf } from './new-text.ts';
import { isReplyAddress } from './reply-address.ts';

/** The longest text shown of a mail; the original has the rest. */
const LONGEST_SHOWN = 100_000;
/** What an answer quotes of it. */
const LONGEST_QUOTE = 10_000;
const MOST_SHOWN_ADDRESSES = 100;

/** A mail without a sender has somebody all the same. */
export const NOBODY: EmailAddress = { address: 'unknown-sender@no-address.invalid' };

/**
 * Who wrote it. A form on one's own website sends from one's own address and names its visitor in Reply-To: then the visitor has.
 * @param own addresses of the inbox's workspace
 */
export function writerOf(mail: Mail, envelopeFrom?: string, own: readonly string[] = []): EmailAddress {
  const named = mail.from[0] ?? mail.sender[0];
  if (!named) return envelopeFrom ? { address: envelopeFrom.toLowerCase() } : NOBODY;
  if (!own.includes(named.address)) return named;
  return mail.replyTo.find(({ address }) => !own.includes(address) && !isReplyAddress(address)) ?? named;
}

/** The same for every copy of a mail in an inbox. With the writer: nobody takes an id away from somebody else's mail. */
export function mailEventId(mail: Pick<Mail, 'messageId'>, writer: EmailAddress): string {
  return `mail:${hash('sha256', `${mail.messageId}\n${writer.address}`, 'hex')}`;
}

export interface EventFacts {
  threadKey: string;
  /** Whose thread it is. */
  contact: string;
  writer: EmailAddress;
  /** Where the original is kept. */
  originalKey: string;
  authentication: Authentication;
  automatic: EmailPart['automatic'];
  /** Whether flows may answer. */
  triggers: boolean;
}

export function messageEvent(mail: Mail, facts: EventFacts): InboundMessageEvent {
  const { writer, contact } = facts;
  const isContact = writer.address === contact;
  const inReplyTo = mail.inReplyTo[0] ?? mail.references.at(-1);
  // What a forged mail says of a person doesn't become that person's name.
  const name = facts.authentication.verdict === 'fail' ? undefined : writer.name;
  return {
    kind: 'message',
    eventId: mailEventId(mail, mail.from[0] ?? writer),
    threadKey: facts.threadKey,
    contact: { externalId: contact, email: contact, ...(isContact && name !== undefined && { name }) },
    ...(isContact
      ? {}
      : {
          author: { externalId: writer.address, ...(writer.name === undefined ? {} : { name: writer.name }) },
        }),
    parts: partsOf(mail, facts),
    providerMessageId: mail.messageId,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    ...(mail.dateMs === undefined ? {} : { sentAtMs: mail.dateMs }),
    replyAddress: answerOf(mail, writer),
    reference: { original: facts.originalKey },
    ...(facts.triggers ? {} : { automation: 'off' as const }),
  };
}

function partsOf(mail: Mail, facts: EventFacts): InboundPart[] {
  const shown = newTextOf(mail.text);
  const text = shown.text.slice(0, LONGEST_SHOWN);
  const email: EmailPart = {
    kind: 'email',
    subject: mail.subject,
    from: facts.writer,
    to: mail.to.slice(0, MOST_SHOWN_ADDRESSES),
    ...(mail.cc.length === 0 ? {} : { cc: mail.cc.slice(0, MOST_SHOWN_ADDRESSES) }),
    ...(mail.html === null ? {} : { html: true as const }),
    ...(shown.folded || text.length < shown.text.length ? { folded: true as const } : {}),
    authentication: facts.authentication,
    ...(facts.automatic === undefined ? {} : { automatic: facts.automatic }),
  };
  return [
    ...(text === '' ? [] : [{ kind: 'text' as const, text }]),
    email,
    ...mail.attachments.map((each) => mediaOf(each, facts.originalKey)),
  ];
}

function mediaOf(attachment: Mail['attachments'][number], originalKey: string): InboundMedia {
  const declared =
    attachment.mimeType === 'application/octet-stream'
      ? (mimeTypeOfName(attachment.name) ?? attachment.mimeType)
      : attachment.mimeType;
  const source: JsonObject = {
    original: originalKey,
    index: attachment.index,
    ...(attachment.contentId === undefined ? {} : { contentId: attachment.contentId }),
  };
  return { kind: mediaKindOf(declared), source, mimeType: declared, name: attachment.name };
}

/** What an answer needs: to whom, below which mail, and what it quotes. Stored on the conversation. */
export interface ReplyTo {
  to: EmailAddress[];
  /** Who else got the mail. */
  cc: EmailAddress[];
  subject: string;
  messageId: string;
  references: string[];
  from: EmailAddress;
  dateMs?: number;
  quote: string;
}

function answerOf(mail: Mail, writer: EmailAddress): JsonObject {
  const to = mail.replyTo.length > 0 ? mail.replyTo.slice(0, 10) : [writer];
  const others = [...mail.to, ...mail.cc].filter(
    ({ address }) => !to.some((each) => each.address === address),
  );
  const references = [...(mail.references.length > 0 ? mail.references : mail.inReplyTo), mail.messageId];
  const reply: ReplyTo = {
    to,
    cc: others.slice(0, MOST_SHOWN_ADDRESSES),
    subject: mail.subject,
    messageId: mail.messageId,
    // The first names the thread, the last ones the way to it.
    references: references.length <= 20 ? references : [...references.slice(0, 1), ...references.slice(-19)],
    from: writer,
    ...(mail.dateMs === undefined ? {} : { dateMs: mail.dateMs }),
    quote: mail.text.slice(0, LONGEST_QUOTE),
  };
  return { ...reply } as unknown as JsonObject;
}

/** What a server says of one of our mails. */
export function bounceEvent(
  mail: Mail,
  report: DeliveryReport,
  outboxId: string,
  providerMessageId: string,
): DeliveryStatusEvent {
  const said = report.words === '' ? (report.code ?? 'The mail could not be delivered.') : report.words;
  return {
    kind: 'status',
    eventId: `bounce:${hash('sha256', mail.messageId, 'hex')}`,
    providerMessageId,
    key: outboxId,
    status: report.action === 'delivered' ? 'delivered' : 'failed',
    ...(report.action === 'delivered'
      ? {}
      : {
          error: {
            kind: 'contact_unreachable' as const,
            message: `${report.recipient === undefined ? '' : `${report.recipient}: `}${said}`,
            ...(report.code === undefined ? {} : { providerCode: report.code }),
          },
        }),
    ...(mail.dateMs === undefined ? {} : { atMs: mail.dateMs }),
  };
}
