import type { MediaKind } from '#domain/message.ts';

const byExtension: Record<string, string> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  pdf: 'application/pdf',
  txt: 'text/plain',
};

/** What a file name promises; the bytes decide when they are stored. */
export function mimeTypeOfName(name: string): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  return extension === undefined || !Object.hasOwn(byExtension, extension)
    ? undefined
    : byExtension[extension];
}

export function mediaKindOf(mimeType: string): MediaKind {
  const [family] = mimeType.toLowerCase().split('/');
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}
