/** One mail of a mailbox, as Exchange keeps it, and as Graph shows it. */
import { randomBytes } from 'node:crypto';
import type { FileAttachment, Message, Recipient } from '@microsoft/microsoft-graph-types';
import { simpleParser, type AddressObject, type ParsedMail } from 'mailparser';
import nodemailer from 'nodemailer';

export interface Person {
  name: string;
  address: string;
}
export interface Attached {
  id: string;
  name: string;
  contentType: string;
  bytes: Uint8Array;
  isInline: boolean;
  contentId: string | null;
}
export interface Item {
  /** The immutable id. */
  id: string;
  /** Changes with every move, as Graph's ids do where nobody asks for immutable ones. */
  movableId: string;
  folder: 'inbox' | 'drafts' | 'sentitems';
  isDraft: boolean;
  conversationId: string;
  createdMs: number;
  receivedMs: number;
  subject: string;
  from: Person | null;
  to: Person[];
  cc: Person[];
  bcc: Person[];
  replyTo: Person[];
  body: { contentType: 'text' | 'html'; content: string };
  internetMessageId: string;
  inReplyTo: string | null;
  references: string[];
  headers: { name: string; value: string }[];
  attachments: Attached[];
  /** As it came; what was made by fields has none until it is asked for. */
  mime: Uint8Array | null;
}

export const newItemId = (): string => `AAkALgAA${randomBytes(24).toString('base64url')}=`;
export const newMovableId = (): string => `AAMkAGI2${randomBytes(24).toString('base64url')}=`;

export function newItem(given: Partial<Item> & Pick<Item, 'folder' | 'isDraft'>): Item {
  const nowMs = Date.now();
  return {
    id: newItemId(),
    movableId: newMovableId(),
    conversationId: `AAQk${randomBytes(15).toString('base64url')}`,
    createdMs: nowMs,
    receivedMs: nowMs,
    subject: '',
    from: null,
    to: [],
    cc: [],
    bcc: [],
    replyTo: [],
    body: { contentType: 'text', content: '' },
    internetMessageId: `<${randomBytes(16).toString('hex').toUpperCase()}@SANDBOX.PROD.OUTLOOK.EXAMPLE>`,
    inReplyTo: null,
    references: [],
    headers: [],
    attachments: [],
    mime: null,
    ...given,
  };
}

export async function itemOfMime(mime: Uint8Array, place: Pick<Item, 'folder' | 'isDraft'>): Promise<Item> {
  const mail = await simpleParser(Buffer.from(mime));
  const html = typeof mail.html === 'string' ? mail.html : null;
  const references = typeof mail.references === 'string' ? [mail.references] : (mail.references ?? []);
  return newItem({
    ...place,
    mime,
    subject: mail.subject ?? '',
    from: peopleOf(mail.from)[0] ?? null,
    to: peopleOf(mail.to),
    cc: peopleOf(mail.cc),
    bcc: peopleOf(mail.bcc),
    replyTo: peopleOf(mail.replyTo),
    body:
      html === null
        ? { contentType: 'text', content: mail.text ?? '' }
        : { contentType: 'html', content: html },
    ...(mail.messageId === undefined ? {} : { internetMessageId: mail.messageId }),
    inReplyTo: mail.inReplyTo ?? null,
    references,
    headers: headersOf(mail),
    attachments: mail.attachments.map((one) => ({
      id: newItemId(),
      name: one.filename ?? 'attachment',
      contentType: one.contentType,
      bytes: new Uint8Array(one.content),
      isInline: one.related ?? false,
      contentId: one.cid ?? null,
    })),
  });
}

function headersOf({ headerLines }: ParsedMail): Item['headers'] {
  return headerLines.map(({ key, line }) => ({ name: key, value: line.slice(line.indexOf(':') + 1).trim() }));
}

function peopleOf(given: AddressObject | AddressObject[] | undefined): Person[] {
  const all = given === undefined ? [] : Array.isArray(given) ? given : [given];
  return all.flatMap(({ value }) =>
    value.flatMap(({ name, address, group }) =>
      address
        ? [{ name, address }]
        : (group ?? []).flatMap((one) => (one.address ? [{ name: one.name, address: one.address }] : [])),
    ),
  );
}

/** The mail as it travels. */
export async function mimeOf(item: Item): Promise<Uint8Array> {
  if (item.mime) return item.mime;
  const composer = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail({
    ...(item.from ? { from: item.from } : {}),
    to: item.to,
    cc: item.cc,
    subject: item.subject,
    messageId: item.internetMessageId,
    date: new Date(item.receivedMs),
    ...(item.inReplyTo === null ? {} : { inReplyTo: item.inReplyTo }),
    references: item.references,
    headers: item.headers.map(({ name, value }) => ({ key: name, value })),
    ...(item.body.contentType === 'html' ? { html: item.body.content } : { text: item.body.content }),
    attachments: item.attachments.map(({ name, contentType, bytes, contentId }) => ({
      filename: name,
      contentType,
      content: Buffer.from(bytes),
      ...(contentId === null ? {} : { cid: contentId }),
    })),
  });
  if (!Buffer.isBuffer(message)) throw new Error('The sandbox could not compose a mail.');
  return new Uint8Array(message);
}

const recipient = ({ name, address }: Person): Recipient => ({
  emailAddress: { name: name || address, address },
});
export const personOf = ({ emailAddress }: Recipient): Person => ({
  name: emailAddress?.name ?? '',
  address: emailAddress?.address ?? '',
});

export const shownId = (item: Item, immutable: boolean): string => (immutable ? item.id : item.movableId);

/** Only the fields of `select`, all of them where there is none. */
export function shownItem(item: Item, immutable: boolean, select: readonly string[] | null): Message {
  const all: Message = {
    id: shownId(item, immutable),
    createdDateTime: new Date(item.createdMs).toISOString(),
    receivedDateTime: new Date(item.receivedMs).toISOString(),
    sentDateTime: new Date(item.receivedMs).toISOString(),
    // False where there are only pictures within the text, as Outlook counts.
    hasAttachments: item.attachments.some(({ isInline }) => !isInline),
    internetMessageId: item.internetMessageId,
    subject: item.subject,
    bodyPreview: item.body.content.slice(0, 255),
    body: { ...item.body },
    from: item.from && recipient(item.from),
    sender: item.from && recipient(item.from),
    toRecipients: item.to.map(recipient),
    ccRecipients: item.cc.map(recipient),
    bccRecipients: item.bcc.map(recipient),
    replyTo: item.replyTo.map(recipient),
    conversationId: item.conversationId,
    parentFolderId: item.folder,
    isDraft: item.isDraft,
    isRead: item.isDraft,
  };
  if (select === null) return all;
  const withHeaders: Message = { ...all, internetMessageHeaders: item.headers };
  return Object.fromEntries(
    Object.entries(withHeaders).filter(([name]) => name === 'id' || select.includes(name)),
  );
}

export function shownAttachment({
  id,
  name,
  contentType,
  bytes,
  isInline,
  contentId,
}: Attached): FileAttachment {
  return { id, name, contentType, size: bytes.byteLength, isInline, contentId };
}
