/** Header fields: unfolded, in order, with their encoded words and parameters read. Never throws. */
import { decodeText } from './charset.ts';
import { decodeQuotedPrintable } from './transfer.ts';

export interface HeaderField {
  /** In lower case. */
  name: string;
  /** Unfolded; encoded words as they came. */
  value: string;
}
export type Headers = readonly HeaderField[];

/** More than any mail has; a flood of fields is cut, its mail is still shown. */
const MOST_FIELDS = 2_000;
const LONGEST_VALUE = 100_000;

export function readHeaders(block: Uint8Array): Headers {
  const text = decodeText(block);
  const fields: HeaderField[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last) {
      if (last.value.length < LONGEST_VALUE) last.value += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (colon <= 0 || !/^[!-9;-~]+$/.test(name)) continue;
    if (fields.length >= MOST_FIELDS) break;
    fields.push({ name, value: line.slice(colon + 1, colon + 1 + LONGEST_VALUE).trim() });
  }
  return fields;
}

/** The first field of a name, as it came; '' where there is none. */
export function rawHeader(headers: Headers, name: string): string {
  return headers.find((field) => field.name === name)?.value ?? '';
}
/** The same with its encoded words decoded. */
export function header(headers: Headers, name: string): string {
  return decodeWords(rawHeader(headers, name));
}
export function allHeaders(headers: Headers, name: string): string[] {
  return headers.filter((field) => field.name === name).map((field) => field.value);
}

const encodedWord = /=\?([^?\s]{1,40})\?([bq])\?([^?]*)\?=/gi;

/** RFC 2047. Neighbours of one charset are joined before they are decoded: mailers cut characters in two. */
export function decodeWords(value: string): string {
  if (!value.includes('=?')) return value;
  let out = '';
  let end = 0;
  let open: { charset: string; bytes: Buffer[] } | null = null;
  const close = (): void => {
    if (open) out += decodeText(Buffer.concat(open.bytes), open.charset);
    open = null;
  };
  for (const match of value.matchAll(encodedWord)) {
    const [whole, charset = '', encoding = '', content = ''] = match;
    const between = value.slice(end, match.index);
    const bytes = wordBytes(encoding, content);
    if (open !== null && between.trim() === '' && sameCharset(open, charset)) open.bytes.push(bytes);
    else {
      const followsWord: boolean = open !== null;
      close();
      out += followsWord && between.trim() === '' ? '' : between;
      open = { charset, bytes: [bytes] };
    }
    end = match.index + whole.length;
  }
  close();
  return out + value.slice(end);
}

function sameCharset(open: { charset: string }, charset: string): boolean {
  return open.charset.toLowerCase() === charset.toLowerCase();
}
function wordBytes(encoding: string, content: string): Buffer {
  if (encoding.toLowerCase() === 'b') return Buffer.from(content.replace(/[^A-Za-z0-9+/]+/g, ''), 'base64');
  return decodeQuotedPrintable(Buffer.from(content.replaceAll('_', ' '), 'utf8'));
}

export interface ValueWithParams {
  /** In lower case. */
  value: string;
  params: Readonly<Record<string, string>>;
}

/** `text/plain; charset=x; name*0*=…`: the value and its parameters, RFC 2231's pieces put together. */
export function readParams(field: string): ValueWithParams {
  const [first = '', ...rest] = unquotedPieces(field);
  const pieces = new Map<string, Piece[]>();
  for (const given of rest) {
    const equals = given.indexOf('=');
    const [, name = '', index, star] =
      /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/.exec(given.slice(0, Math.max(0, equals)).trim().toLowerCase()) ?? [];
    if (name === '') continue;
    const text = unquoted(given.slice(equals + 1).trim());
    const known = pieces.get(name) ?? [];
    known.push({ index: Number(index ?? -1), text, isEncoded: star !== undefined });
    pieces.set(name, known);
  }
  const value = first.trim().toLowerCase();
  return { value, params: Object.fromEntries([...pieces].map(([name, found]) => [name, joinPieces(found)])) };
}

interface Piece {
  index: number;
  text: string;
  isEncoded: boolean;
}

/** What stands between semicolons, those in quotes not counted. */
function unquotedPieces(field: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < field.length; at++) {
    const char = field[at];
    if (char === '\\' && isQuoted) at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === ';' && !isQuoted) {
      pieces.push(field.slice(start, at));
      start = at + 1;
    }
  }
  return [...pieces, field.slice(start)];
}
function unquoted(text: string): string {
  return text.startsWith('"')
    ? text
        .slice(1)
        .replace(/"[^"]*$/, '')
        .replace(/\\(.)/g, '$1')
    : text;
}

function joinPieces(found: Piece[]): string {
  // name*=… beats a plain name=…, which is for mailers that don't know it.
  const whole = found.find(({ index, isEncoded }) => index < 0 && isEncoded);
  if (whole) return decodeExtended(whole.text);
  const numbered = found.filter(({ index }) => index >= 0).toSorted((a, b) => a.index - b.index);
  if (numbered.length === 0) return decodeWords(found[0]?.text ?? '');
  const text = numbered.map((piece) => piece.text).join('');
  return numbered.some(({ isEncoded }) => isEncoded) ? decodeExtended(text) : decodeWords(text);
}

function decodeExtended(text: string): string {
  const [, charset, encoded = text] = /^([^']*)'[^']*'(.*)$/s.exec(text) ?? [];
  const bytes = decodeQuotedPrintable(
    Buffer.from(encoded.replaceAll('=', '=3D').replaceAll('%', '='), 'utf8'),
  );
  return decodeText(bytes, charset ?? '');
}
