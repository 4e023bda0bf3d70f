/** An outbound message → a mail. Pure: bytes of files come in opened. */
import { isOwnReplyAddress } from '#domain/email.ts';
import type { JsonObject } from '#domain/json.ts';
import { isMedia, plainText, type EmailAddress, type EmailPart, type MediaPart } from '#domain/message.ts';
import type { AdapterInbox, MediaBytes, OutboundMessage } from '../contract.ts';
import { cleanAddress, domainOf, readSubject } from './addresses.ts';
import { LOOP_HEADER } from './automatic.ts';
import { emailSettings, type EmailCredentials, type EmailSettings } from './definition.ts';
import type { ReplyTo } from './event.ts';
import { escapeHtml } from './mail.ts';
import { ownMessageId } from './message-id.ts';
import { ownAddresses } from './own-addresses.ts';
import { replyAddress } from './reply-address.ts';

export interface ComposeInput {
  inbox: AdapterInbox<EmailCredentials>;
  message: OutboundMessage;
  /** `SendOptions.key`: the Message-ID is made from it. */
  key: string;
  /** Of each media part, by media id. */
  files: ReadonlyMap<string, MediaBytes>;
  /** Keys of reply addresses, the signing one first; without any, answers come to the inbox's own address. */
  replyKeys: readonly Uint8Array[];
  nowMs: number;
}
/** What nodemailer's `MailComposer` and `sendMail` take. */
export interface ComposedMail {
  from: { name: string; address: string };
  replyTo?: string;
  to: { name: string; address: string }[];
  cc: { name: string; address: string }[];
  bcc: { name: string; address: string }[];
  subject: string;
  messageId: string;
  inReplyTo?: string;
  references?: string[];
  date: Date;
  headers: Record<string, string>;
  text: string;
  html: string;
  attachments: {
    filename: string;
    content: Buffer;
    contentType: string;
    cid?: string;
    contentDisposition: 'attachment' | 'inline';
  }[];
}

const MOST_RECIPIENTS = 100;

export function composeMail(input: ComposeInput): ComposedMail {
  const { inbox, message } = input;
  const settings = emailSettings(inbox.settings);
  const address = addressOf(inbox);
  const said = message.parts.find((part): part is EmailPart => part.kind === 'email');
  const reply = readReplyTo(message.replyAddress);
  const answered = message.inReplyTo ?? reply.messageId;
  const signed =
    inbox.credentials.kind === 'managed'
      ? replyAddress(input.replyKeys, inbox, message.threadKey, domainOf(address))
      : null;
  const from = { name: settings.fromName || inbox.name, address };
  const text = textOf(message, settings);
  const quote = quoteOf(reply);
  const files = filesOf(input);
  return {
    from,
    ...(signed === null ? {} : { replyTo: signed }),
    ...recipients(message, said, reply, ownAddresses(inbox)),
    subject: subjectOf(said, reply, text, from.name),
    messageId: ownMessageId(input.key, address),
    ...(answered === undefined
      ? {}
      : { inReplyTo: answered, references: [...new Set([...(reply.references ?? []), answered])] }),
    date: new Date(input.nowMs),
    headers: message.author === 'bot' ? automaticHeaders(inbox) : {},
    text: [text, quote?.text].filter(Boolean).join('\n\n'),
    html: `<div>${htmlOf(text)}${files.inline.map(({ cid }) => `<br><img src="cid:${cid}" alt="" style="max-width:100%">`).join('')}</div>${quote?.html ?? ''}`,
    attachments: files.all,
  };
}

function addressOf({ credentials, accountKey }: AdapterInbox<EmailCredentials>): string {
  return credentials.address ?? accountKey;
}

/** So that no machine answers, here or elsewhere. */
function automaticHeaders(inbox: AdapterInbox): Record<string, string> {
  return { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All', [LOOP_HEADER]: inbox.id };
}

function recipients(
  message: OutboundMessage,
  said: EmailPart | undefined,
  reply: Partial<ReplyTo>,
  own: readonly string[],
): Pick<ComposedMail, 'to' | 'cc' | 'bcc'> {
  const isOurs = (address: string): boolean => own.includes(address) || isOwnReplyAddress(address, own);
  const others = (list: readonly EmailAddress[] = []): ComposedMail['to'] =>
    named(list).filter(({ address }) => !isOurs(address));
  const answered = others(reply.to);
  const contact = [{ address: message.contactExternalId, name: '' }];
  const to = said?.to && said.to.length > 0 ? named(said.to) : answered.length > 0 ? answered : contact;
  const isIn = (list: ComposedMail['to'], address: string): boolean =>
    list.some((each) => each.address === address);
  // A machine answers whoever wrote, a person everybody who was part of it.
  const copied = said?.cc ? named(said.cc) : message.author === 'agent' && !said?.to ? others(reply.cc) : [];
  const cc = copied.filter(({ address }) => !isIn(to, address));
  const bcc = named(said?.bcc).filter(({ address }) => !isIn(to, address) && !isIn(cc, address));
  return { to, cc, bcc };
}

function named(list: readonly EmailAddress[] = []): ComposedMail['to'] {
  return list
    .flatMap(({ address, name = '' }) => {
      const clean = cleanAddress(address);
      return clean === null ? [] : [{ address: clean, name }];
    })
    .slice(0, MOST_RECIPIENTS);
}

function subjectOf(said: EmailPart | undefined, reply: Partial<ReplyTo>, text: string, name: string): string {
  const own = said?.subject.trim() ?? '';
  if (own !== '') return oneLine(own);
  if (reply.subject !== undefined) {
    if (reply.subject === '') return 'Re:';
    return readSubject(reply.subject).isReply ? oneLine(reply.subject) : `Re: ${oneLine(reply.subject)}`;
  }
  const [first = ''] = text.split('\n');
  return oneLine(first).slice(0, 80) || `A message from ${name}`;
}
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 900);
}

function textOf(message: OutboundMessage, settings: EmailSettings): string {
  const text = plainText(message.parts).trim();
  const signature = settings.signature
    .replaceAll(/\{\{\s*agent\.name\s*\}\}/g, message.authorName ?? '')
    .trim();
  return message.author === 'agent' && signature !== '' ? `${text}\n\n-- \n${signature}` : text;
}

interface Quote {
  text: string;
  html: string;
}
/** The mail that is answered, below the answer. */
function quoteOf(reply: Partial<ReplyTo>): Quote | null {
  const quoted = reply.quote?.trim() ?? '';
  if (quoted === '' || !reply.from) return null;
  const when = reply.dateMs === undefined ? '' : `${dateWords(reply.dateMs)}, `;
  const who = reply.from.name ? `${reply.from.name} <${reply.from.address}>` : reply.from.address;
  const attribution = `On ${when}${oneLine(who)} wrote:`;
  const lines = quoted.split('\n').map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()));
  return {
    text: `${attribution}\n${lines.join('\n')}`,
    html:
      `<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">${escapeHtml(attribution)}<br></div>` +
      `<blockquote type="cite" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">${htmlOf(quoted)}</blockquote></div>`,
  };
}
function dateWords(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  return `${date} at ${time.slice(0, 5)} UTC`;
}

function htmlOf(text: string): string {
  // Indentation and runs of spaces are somebody's intention.
  const spaced = escapeHtml(text).replaceAll(/ {2}/g, '\u00a0 ').replaceAll(/^ /gm, '\u00a0');
  const linked = spaced.replaceAll(/\bhttps?:\/\/[^\s<>"\u00a0]{1,1000}[^\s<>"\u00a0.,;:!?)\]]/g, (url) =>
    url.includes('&lt;') || url.includes('&gt;') ? url : `<a href="${url}">${url}</a>`,
  );
  return linked.replaceAll('\n', '<br>\n');
}

const shownInline = /^image\/(png|jpe?g|gif|webp)$/;

function filesOf({ message, files, key }: ComposeInput): {
  all: ComposedMail['attachments'];
  inline: { cid: string }[];
} {
  const all = message.parts
    .filter((part): part is MediaPart => isMedia(part))
    .map((part, index) => {
      const file = files.get(part.mediaId);
      if (!file) throw new Error(`The file ${part.mediaId} of a mail was not opened.`);
      const isInline = shownInline.test(file.mimeType);
      return {
        filename: part.name ?? file.name ?? `file-${index + 1}`,
        content: Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength),
        contentType: file.mimeType,
        contentDisposition: isInline ? ('inline' as const) : ('attachment' as const),
        ...(isInline && { cid: `${index}.${key}@teloring` }),
      };
    });
  return { all, inline: all.flatMap(({ cid }) => (cid === undefined ? [] : [{ cid }])) };
}

/** What `event.ts` stored of the mail that is answered; what of it isn't there is left out. */
function readReplyTo(stored: JsonObject): Partial<ReplyTo> {
  return stored;
}
