import { fileTypeFromBuffer } from 'file-type';

/**
 * The type the bytes show, for what a sender declares is shown to agents and handed to browsers. Where the bytes can't tell, the
 * declared type stays, but nothing becomes an image, audio or video on a sender's word alone, and nothing a script of our origin.
 */
export async function sniffMimeType(bytes: Uint8Array, declared: string): Promise<string> {
  // It looks into archives and throws over damaged ones: such a file is somebody's all the same.
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined);
  const clean = /^[\w.+-]+\/[\w.+-]+$/.exec(declared.split(';')[0]?.trim().toLowerCase() ?? '')?.[0];
  if (found) return clean !== undefined && sameContainer(found.mime, clean) ? clean : found.mime;
  if (clean === undefined || /^(image|audio|video)\//.test(clean)) return 'application/octet-stream';
  // A page of ours runs what comes from its own origin by such a type, however it is disposed.
  return /script|^text\/css$/.test(clean) ? 'text/plain' : clean;
}

/** One container, two names: a voice note is audio although its container could hold video; an office file is a zip. */
function sameContainer(found: string, declared: string): boolean {
  const pairs: Record<string, RegExp> = {
    'video/mp4': /^audio\/(mp4|x-m4a|aac)$/,
    'video/webm': /^audio\/webm$/,
    'application/zip': /^application\/(vnd\.|epub|java-archive$)/,
    'application/xml': /^text\/xml$/,
    'application/x-cfb': /^application\/(msword$|vnd\.ms-)/,
  };
  return pairs[found]?.test(declared) ?? false;
}
