/** A mail taken apart by mailparser: its fields, and its parts as a tree. Never throws: what it can't read is passed over. */
import { Readable } from 'node:stream';
import {
  MailParser,
  type AttachmentStream,
  type HeaderLines,
  type Headers,
  type StructuredHeader,
} from 'mailparser';
import { decodeText } from './charset.ts';
import { readFields, type Fields } from './fields.ts';

export interface MailPart {
  /** `text/plain` where nothing was said. */
  type: string;
  params: Readonly<Record<string, string>>;
  /** `inline`, `attachment`, or '' where nothing was said. */
  disposition: string;
  /** As it was given, '' where it wasn't. */
  name: string;
  /** With what HTML refers to it, without brackets. */
  contentId: string;
  /** Its transfer encoding undone; joined only when asked for. */
  bytes: () => Buffer;
  sizeBytes: number;
  children: MailPart[];
}

export interface MailParts {
  fields: Fields;
  subject: string;
  root: MailPart;
  /** What follows the fields, as it came. */
  body: Buffer;
}

/** More than any mail has; a flood of fields is cut, its mail is still shown. */
const MOST_FIELDS = 2_000;
const LONGEST_FIELD = 64 * 1024;
const LONGEST_HEAD = 256 * 1024;
/** A mail of more parts, or with a longer head in one of them, is somebody's attack: mailparser gives up. */
const limits = { maxChildNodes: 1_000, maxHeadSize: 2 * LONGEST_HEAD };
/** The largest mail takes a second. What takes longer was made to, and is shown as far as it was read. */
const LONGEST_MS = 30_000;
const CHUNK_BYTES = 256 * 1024;

/** As mailparser keeps its parts while it reads; its types don't tell. */
interface ParsedNode {
  contentType: string | false;
  headers: {
    get(name: 'content-type'): StructuredHeader | undefined;
    get(name: 'subject'): string | undefined;
  } & Headers;
  children: ParsedNode[];
}

/**
 * mailparser would join the texts it finds into one, read what names no charset as UTF-8 only, and take a text that is a file for a body.
 * So every part comes as a file, and its own tree tells how the parts belong together. Both are its inner life: tests/contract/email
 * fails where a later version lives otherwise.
 */
class PartParser extends MailParser {
  readonly textTypes: readonly string[] = [];
  declare readonly tree: ParsedNode | false;
}

interface Leaf {
  file: AttachmentStream;
  chunks: Buffer[];
}

export async function takeApart(raw: Uint8Array): Promise<MailParts> {
  const { head, body } = split(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength));
  const { tree, lines, leaves } = await parse(head, body);
  const root = tree ? toPart(tree, leaves) : nothing;
  return {
    fields: readFields(lines),
    subject: (tree && tree.headers.get('subject')) || '',
    // A mail that can't be opened is shown as the text it is.
    root:
      isShut(root) || !tree
        ? { ...root, type: 'text/plain', bytes: () => body, sizeBytes: body.length }
        : root,
    body,
  };
}

interface Parsed {
  tree: ParsedNode | false;
  lines: HeaderLines;
  leaves: ReadonlyMap<Headers, Leaf>;
}

function parse(head: Buffer, body: Buffer): Promise<Parsed> {
  const { promise, resolve } = Promise.withResolvers<Parsed>();
  const leaves = new Map<Headers, Leaf>();
  const source = Readable.from(chunksOf(head, body));
  const parser = new PartParser({
    ignoreEmbedded: true,
    keepDeliveryStatus: true,
    skipHtmlToText: true,
    skipTextToHtml: true,
    checksumAlgo: false,
    ...limits,
  });
  /** At its end, or where it gives up: then with what it has read until there. */
  const finish = (): void => {
    clearTimeout(timer);
    source.destroy();
    resolve({ tree: parser.tree, lines: parser.headerLines || [], leaves });
  };
  const timer = setTimeout(finish, LONGEST_MS);
  parser.on('data', (file) => {
    if (file.type !== 'attachment') return;
    const chunks: Buffer[] = [];
    leaves.set(file.headers, { file, chunks });
    file.content.on('data', (chunk: Buffer) => void chunks.push(chunk));
    file.content.once('end', () => file.release?.());
    file.content.on('error', finish);
  });
  parser.once('end', finish);
  parser.on('error', finish);
  source.pipe(parser);
  return promise;
}

/** In pieces, between which others have their turn. */
function* chunksOf(head: Buffer, body: Buffer): Generator<Buffer> {
  yield head;
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES);
}

/** Head and body are parted by the first empty line, whichever line ends the mail uses. */
function split(bytes: Buffer): { head: Buffer; body: Buffer } {
  const [end, skip] = endOfHead(bytes);
  const head = Buffer.from(unfolded(decodeText(bytes.subarray(0, end)))).subarray(0, LONGEST_HEAD);
  return {
    head: Buffer.concat([head, Buffer.from(head.length === 0 ? '\r\n' : '\r\n\r\n')]),
    body: bytes.subarray(Math.min(end + skip, bytes.length)),
  };
}

/** A head as mailparser reads it best: in UTF-8, one field a line, and of a length it takes, so that one endless field costs no other. */
function unfolded(head: string): string {
  const fields: string[] = [];
  for (const line of head.split(/\r\n|\n|\r/)) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      if (last.length < LONGEST_FIELD) fields[fields.length - 1] = `${last} ${line.trim()}`;
      continue;
    }
    const [, name] = /^([!-9;-~]{1,200})[ \t]*:/.exec(line) ?? [];
    if (name === undefined) continue;
    if (fields.length === MOST_FIELDS) break;
    fields.push(`${name}${line.slice(line.indexOf(':'), LONGEST_FIELD)}`);
  }
  return fields.join('\r\n');
}
function endOfHead(bytes: Buffer): [end: number, skip: number] {
  if (bytes[0] === 0x0a) return [0, 1];
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return [0, 2];
  const ends = ['\r\n\r\n', '\n\n', '\n\r\n']
    .map((line): [number, number] => [bytes.indexOf(line), line.length])
    .filter(([at]) => at >= 0)
    .toSorted(([one, length], [other, otherLength]) => one - other || otherLength - length);
  return ends[0] ?? [bytes.length, 0];
}

const nothing: MailPart = {
  type: 'text/plain',
  params: {},
  disposition: '',
  name: '',
  contentId: '',
  bytes: () => Buffer.alloc(0),
  sizeBytes: 0,
  children: [],
};

/** A container whose boundary stands nowhere. */
export function isShut({ type, children }: MailPart): boolean {
  return type.startsWith('multipart/') && children.length === 0;
}

function toPart(node: ParsedNode, leaves: Parsed['leaves'], parentType = ''): MailPart {
  const leaf = leaves.get(node.headers);
  const declared = node.headers.get('content-type');
  const chunks = leaf?.chunks ?? [];
  const named = node.contentType || '';
  // RFC 2046: what a digest holds is a mail unless it says otherwise.
  const isMail = parentType === 'multipart/digest' && declared === undefined;
  const type = isMail ? 'message/rfc822' : /^[\w.+-]+\/[\w.+-]+$/.test(named) ? named : 'text/plain';
  return {
    type,
    params: declared?.params ?? {},
    disposition: leaf?.file.contentDisposition ?? '',
    name: leaf?.file.filename ?? '',
    contentId: leaf?.file.cid ?? '',
    bytes: () => Buffer.concat(chunks),
    sizeBytes: chunks.reduce((sum, { length }) => sum + length, 0),
    children: node.children.map((child) => toPart(child, leaves, type)),
  };
}
