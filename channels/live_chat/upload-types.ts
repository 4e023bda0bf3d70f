/** Files a visitor may send: by what their bytes are, or for plain text by their name's ending. */
import { fileTypeFromBuffer } from 'file-type';
import { mediaKindOf } from '../media-kind.ts';
import type { MediaKind } from '#domain/message.ts';

export const MAX_UPLOAD_BYTES = 20 * 1024 * 1024;

/** By the ending an upload's id carries. What a browser could be made to run (SVG, HTML) isn't here. */
const UPLOAD_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  heic: 'image/heic',
  pdf: 'application/pdf',
  doc: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odp: 'application/vnd.oasis.opendocument.presentation',
  rtf: 'application/rtf',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  zip: 'application/zip',
  txt: 'text/plain',
  csv: 'text/csv',
};
const sameAs: Readonly<Record<string, string>> = {
  'audio/x-m4a': 'm4a',
  'audio/vnd.wave': 'wav',
  'audio/ogg; codecs=opus': 'ogg',
  'video/x-m4v': 'mp4',
  'text/rtf': 'rtf',
};
/** Old office files are one kind of container: the name tells which. */
const compound = ['doc', 'xls', 'ppt'];
/** Shown as plain text, whatever they are called. */
const texts: Readonly<Record<string, string>> = { txt: 'txt', log: 'txt', md: 'txt', csv: 'csv' };

export interface UploadType {
  ending: string;
  mimeType: string;
}

/** @returns null for what may not be sent */
export async function uploadTypeOf(bytes: Uint8Array, name: string): Promise<UploadType | null> {
  const written = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const mime = (await fileTypeFromBuffer(bytes).catch(() => undefined))?.mime;
  let ending: string | undefined;
  if (mime === 'application/x-cfb') ending = compound.find((each) => each === written);
  else if (mime !== undefined)
    ending = Object.keys(UPLOAD_TYPES).find((each) => UPLOAD_TYPES[each] === mime) ?? sameAs[mime];
  else if (isPlainText(bytes)) ending = Object.hasOwn(texts, written) ? texts[written] : undefined;
  return ending === undefined ? null : { ending, mimeType: UPLOAD_TYPES[ending] ?? '' };
}

/** What an upload's id says of it; null where it is none. */
export function uploadOf(uploadId: string): { kind: MediaKind; mimeType: string } | null {
  const [, ending = ''] = /^[0-9a-f-]{36}\.([a-z0-9]{3,4})$/.exec(uploadId) ?? [];
  const mimeType = Object.hasOwn(UPLOAD_TYPES, ending) ? UPLOAD_TYPES[ending] : undefined;
  if (mimeType === undefined) return null;
  // Browsers can't show every image: those are files to take home.
  return { kind: mimeType === 'image/heic' ? 'file' : mediaKindOf(mimeType), mimeType };
}

function isPlainText(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  try {
    // Control characters other than white space are not text's.
    return !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
}
