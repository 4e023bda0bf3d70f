/** A mail read: what its bytes say, nothing decided yet. Pure, synchronous, never throws: a broken mail is read as far as it goes. */
import { hash } from 'node:crypto';
import type { EmailAddress } from '#domain/message.ts';
import { readAddresses, readMessageId, readMessageIds } from './addresses.ts';
import { invitationLine } from './calendar.ts';
import { htmlToText, LONGEST_HTML } from './html-text.ts';
import { allHeaders, header, rawHeader, type Headers } from './mime/headers.ts';
import { partBytes, partText, readTree, type MimePart } from './mime/tree.ts';

export interface Attachment {
  /** Its place among the mail's attachments: the same on every reading of the same bytes. */
  index: number;
  mimeType: string;
  name: string;
  /** With what the HTML refers to it, without brackets. */
  contentId?: string;
  /** Shown within the text rather than below it. */
  inline: boolean;
  /** How many bytes it has in the mail, encoded. */
  encodedBytes: number;
  bytes: () => Buffer;
}

export interface Mail {
  headers: Headers;
  /** With brackets. A mail without one gets an id of its content. */
  messageId: string;
  inReplyTo: string[];
  references: string[];
  from: EmailAddress[];
  sender: EmailAddress[];
  replyTo: EmailAddress[];
  to: EmailAddress[];
  cc: EmailAddress[];
  subject: string;
  /** Unix milliseconds; undefined where there is no readable date. */
  dateMs?: number;
  /** The whole text: the plain one, or the HTML made readable. */
  text: string;
  /** The HTML body as it came; null where there is none. */
  html: string | null;
  attachments: Attachment[];
  tree: MimePart;
}

/** What is shown of a text; the original keeps the rest. */
const LONGEST_TEXT = 500_000;
const MOST_ATTACHMENTS = 200;

export function readMail(raw: Uint8Array): Mail {
  const tree = readTree(raw);
  const { headers } = tree;
  const found = collect(tree);
  const calendar = found.attachments.find(({ type }) => type === 'text/calendar');
  const texts = textsOf(found.bodies);
  const invitation = calendar ? invitationLine(partText(calendar)) : '';
  const dateMs = readDate(rawHeader(headers, 'date'));
  return {
    headers,
    messageId: readMessageId(rawHeader(headers, 'message-id')) ?? contentId(raw),
    inReplyTo: readMessageIds(rawHeader(headers, 'in-reply-to')),
    references: readMessageIds(allHeaders(headers, 'references').join(' ')),
    from: readAddresses(allHeaders(headers, 'from')),
    sender: readAddresses(allHeaders(headers, 'sender')),
    replyTo: readAddresses(allHeaders(headers, 'reply-to')),
    to: readAddresses(allHeaders(headers, 'to')),
    cc: readAddresses(allHeaders(headers, 'cc')),
    subject: header(headers, 'subject').replaceAll(/\s+/g, ' ').trim().slice(0, 1_000),
    ...(dateMs === undefined ? {} : { dateMs }),
    text: [...texts, invitation]
      .filter((text) => text !== '')
      .join('\n\n')
      .slice(0, LONGEST_TEXT),
    html: htmlOf(found.bodies),
    attachments: found.attachments.slice(0, MOST_ATTACHMENTS).map(toAttachment),
    tree,
  };
}

/** The words of each body. All of them together cost no more than one may: a mail can have hundreds. */
function textsOf(bodies: readonly Body[]): string[] {
  const texts: string[] = [];
  let left = LONGEST_TEXT;
  let htmlLeft = LONGEST_HTML;
  for (const { plain, html } of bodies) {
    if (left <= 0) break;
    const isPlain = plain.trim() !== '';
    const text = (isPlain ? plain : htmlToText(html.slice(0, htmlLeft))).trim();
    if (!isPlain) htmlLeft = Math.max(0, htmlLeft - html.length);
    left -= text.length;
    texts.push(text);
  }
  return texts;
}

/** The id of a mail that has none: of its bytes, so that every copy gets the same. */
function contentId(raw: Uint8Array): string {
  return `<${hash('sha256', raw, 'hex').slice(0, 40)}@no-message-id.invalid>`;
}

function readDate(value: string): number | undefined {
  const ms = Date.parse(value.replaceAll(/\([^()]*\)/g, ' ').trim());
  return Number.isFinite(ms) && ms >= 0 && ms < 253_402_300_799_000 ? ms : undefined;
}

interface Body {
  plain: string;
  html: string;
}
interface Found {
  bodies: Body[];
  attachments: MimePart[];
}

function collect(part: MimePart): Found {
  const { type, children } = part;
  if (children.length > 0) {
    const inner = children.map(collect);
    const attachments = inner.flatMap((each) => each.attachments);
    if (type !== 'multipart/alternative')
      return { bodies: inner.flatMap(({ bodies }) => bodies), attachments };
    // The same said several times: one body.
    const bodies = inner.flatMap((each) => each.bodies);
    const joined = (pick: (body: Body) => string): string =>
      bodies
        .map(pick)
        .filter((text) => text.trim() !== '')
        .join('\n\n');
    return {
      bodies:
        bodies.length === 0
          ? []
          : [{ plain: joined(({ plain }) => plain), html: joined(({ html }) => html) }],
      attachments,
    };
  }
  if (isAttached(part))
    return { bodies: [], attachments: part.body.length === 0 && nameOf(part) === '' ? [] : [part] };
  const text = partText(part);
  return type === 'text/html'
    ? { bodies: [{ plain: '', html: text }], attachments: [] }
    : { bodies: [{ plain: unflowed(part, text), html: '' }], attachments: [] };
}

function isAttached(part: MimePart): boolean {
  if (part.disposition.value === 'attachment') return true;
  if (part.type !== 'text/plain' && part.type !== 'text/html') return true;
  return nameOf(part) !== '';
}

/** RFC 3676: lines that end in a space go on in the next one. Linear: a line may be put together of very many. */
function unflowed({ params }: MimePart, text: string): string {
  if (params['format']?.toLowerCase() !== 'flowed') return text;
  const isJoined = params['delsp']?.toLowerCase() === 'yes';
  const lines: { depth: string; pieces: string[] }[] = [];
  let goesOn = false;
  for (const line of text.slice(0, LONGEST_TEXT).split('\n')) {
    const depth = /^>*/.exec(line)?.[0] ?? '';
    const stuffed = line.slice(depth.length).replace(/^ /, '');
    const last = lines.at(-1);
    const open = goesOn && last?.depth === depth ? last : undefined;
    goesOn = line.endsWith(' ') && line !== '-- ';
    const begun = open || depth === '' ? stuffed : `${depth} ${stuffed}`;
    const piece = goesOn && isJoined ? begun.slice(0, -1) : begun;
    if (open) open.pieces.push(piece);
    else lines.push({ depth, pieces: [piece] });
  }
  return lines.map(({ pieces }) => pieces.join('')).join('\n');
}

function htmlOf(bodies: readonly Body[]): string | null {
  if (!bodies.some(({ html }) => html.trim() !== '')) return null;
  return bodies
    .map(({ plain, html }) => (html.trim() === '' ? `<pre>${escapeHtml(plain)}</pre>` : html))
    .join('\n');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function nameOf({ disposition, params }: MimePart): string {
  return cleanName(disposition.params['filename'] || params['name'] || '');
}
/** A file's name without folders and what breaks file systems. */
function cleanName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? '';
  // oxlint-disable-next-line no-control-regex -- exactly those characters are taken out
  return last
    .replaceAll(/[\u0000-\u001f\u007f<>:"|?*]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(-200);
}

const extensions: Record<string, string> = {
  'message/rfc822': 'eml',
  'text/calendar': 'ics',
  'application/ms-tnef': 'dat',
  'application/pdf': 'pdf',
  'application/pgp-signature': 'asc',
  'message/delivery-status': 'txt',
  'text/html': 'html',
  'text/plain': 'txt',
};

function toAttachment(part: MimePart, index: number): Attachment {
  const contentId = header(part.headers, 'content-id').replace(/^<|>$/g, '').trim();
  return {
    index,
    mimeType: part.type,
    name: nameOf(part) || madeUpName(part, index),
    ...(contentId === '' ? {} : { contentId }),
    inline: part.disposition.value === 'inline' || (part.disposition.value === '' && contentId !== ''),
    encodedBytes: part.body.length,
    bytes: () => partBytes(part),
  };
}

function madeUpName(part: MimePart, index: number): string {
  if (part.type === 'message/rfc822') {
    const subject = cleanName(header(readTree(part.body).headers, 'subject')).slice(0, 100);
    if (subject !== '') return `${subject}.eml`;
  }
  const [family = 'file', kind = ''] = part.type.split('/');
  const extension =
    extensions[part.type] ?? (/^(image|audio|video)$/.test(family) ? kind.replace(/^x-|\+.*$/g, '') : 'bin');
  return `attachment-${index + 1}.${extension}`;
}
