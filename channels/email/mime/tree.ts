/** A mail as a tree of parts, each a range of the original: nothing is copied before it is asked for. Never throws. */
import { decodeText } from './charset.ts';
import { rawHeader, readHeaders, readParams, type Headers, type ValueWithParams } from './headers.ts';
import { decodeTransfer } from './transfer.ts';

export interface MimePart {
  headers: Headers;
  /** `text/plain` where nothing was said. */
  type: string;
  params: ValueWithParams['params'];
  disposition: ValueWithParams;
  /** As it came, transfer encoding and all. */
  body: Buffer;
  children: MimePart[];
}

/** A mail nested deeper, or of more parts, is somebody's attack: what is beyond stays text of its last part. */
const DEEPEST = 30;
const MOST_PARTS = 2_000;

export function readTree(raw: Uint8Array): MimePart {
  const budget = { parts: MOST_PARTS };
  return readPart(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength), 0, budget, 'text/plain');
}

function readPart(bytes: Buffer, depth: number, budget: { parts: number }, fallback: string): MimePart {
  const { head, body } = split(bytes);
  const headers = readHeaders(head);
  const declared = readParams(rawHeader(headers, 'content-type'));
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(declared.value) ? declared.value : fallback;
  const { boundary } = declared.params;
  const isWhole =
    type.startsWith('multipart/') && boundary !== undefined && boundary !== '' && depth < DEEPEST;
  const inner = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const children = isWhole
    ? between(body, boundary, budget).map((piece) => readPart(piece, depth + 1, budget, inner))
    : [];
  return {
    headers,
    // A container that can't be opened is shown as the text it is.
    type: type.startsWith('multipart/') && children.length === 0 ? 'text/plain' : type,
    params: declared.params,
    disposition: readParams(rawHeader(headers, 'content-disposition')),
    body,
    children,
  };
}

/** Head and body are parted by the first empty line, whichever line ends the mail uses. */
function split(bytes: Buffer): { head: Buffer; body: Buffer } {
  if (bytes[0] === 0x0a) return { head: bytes.subarray(0, 0), body: bytes.subarray(1) };
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return { head: bytes.subarray(0, 0), body: bytes.subarray(2) };
  const ends = [
    { at: bytes.indexOf('\r\n\r\n'), length: 4 },
    { at: bytes.indexOf('\n\n'), length: 2 },
    { at: bytes.indexOf('\n\r\n'), length: 3 },
  ].filter(({ at }) => at >= 0);
  const first = ends.toSorted((one, other) => one.at - other.at || other.length - one.length)[0];
  if (!first) return { head: bytes, body: bytes.subarray(bytes.length) };
  return { head: bytes.subarray(0, first.at), body: bytes.subarray(first.at + first.length) };
}

/** What stands between a container's boundary lines. A missing last one ends with the container. */
function between(body: Buffer, boundary: string, budget: { parts: number }): Buffer[] {
  const marker = Buffer.from(`--${boundary}`, 'utf8');
  const pieces: Buffer[] = [];
  let start = -1;
  let from = 0;
  for (;;) {
    const at = body.indexOf(marker, from);
    if (at < 0) break;
    from = at + marker.length;
    if (at > 0 && body[at - 1] !== 0x0a) continue;
    const line = endOfLine(body, from);
    const rest = body.subarray(from, line).toString('latin1').trimEnd();
    if (rest !== '' && rest !== '--') continue;
    if (start >= 0 && budget.parts-- > 0) pieces.push(body.subarray(start, withoutLineEnd(body, at, start)));
    start = rest === '--' ? -1 : Math.min(line + 1, body.length);
    if (rest === '--' || budget.parts <= 0) break;
  }
  if (start >= 0 && budget.parts-- > 0) pieces.push(body.subarray(start));
  return pieces;
}

function endOfLine(body: Buffer, from: number): number {
  const at = body.indexOf(0x0a, from);
  return at < 0 ? body.length : at;
}
function withoutLineEnd(body: Buffer, end: number, start: number): number {
  let at = end;
  if (at > start && body[at - 1] === 0x0a) at--;
  if (at > start && body[at - 1] === 0x0d) at--;
  return at;
}

export function partBytes(part: MimePart): Buffer {
  return decodeTransfer(part.body, rawHeader(part.headers, 'content-transfer-encoding'));
}
/** The text of a text part, with the line ends of Unix. */
export function partText(part: MimePart): string {
  return decodeText(partBytes(part), part.params['charset'] ?? '').replace(/\r\n?/g, '\n');
}
