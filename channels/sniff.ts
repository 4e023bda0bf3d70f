import { fileTypeFromBuffer } from 'file-type';

/**
 * The type the bytes show, for what a sender declares is shown to agents and handed to browsers. Where the bytes can't tell, the
 * declared type stays, but nothing becomes an image, audio or video on a sender's word alone.
 */
export async function sniffMimeType(bytes: Uint8Array, declared: string): Promise<string> {
  const found = await fileTypeFromBuffer(bytes);
  if (found) return sameContainer(found.mime, declared) ? declared : found.mime;
  const clean = /^[\w.+-]+\/[\w.+-]+$/.exec(declared.split(';')[0]?.trim().toLowerCase() ?? '')?.[0];
  if (clean === undefined || /^(image|audio|video)\//.test(clean)) return 'application/octet-stream';
  return clean;
}

/** One container, two names: a voice note is audio although its container could hold video; an office file is a zip. */
function sameContainer(found: string, declared: string): boolean {
  const pairs: Record<string, RegExp> = {
    'video/mp4': /^audio\/(mp4|x-m4a|aac)$/,
    'video/webm': /^audio\/webm$/,
    'application/zip': /^application\/(vnd\.|epub|java)/,
    'application/xml': /^text\/xml$/,
  };
  return pairs[found]?.test(declared) ?? false;
}
