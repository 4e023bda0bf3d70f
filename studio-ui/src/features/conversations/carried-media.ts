/** Which files a channel carries, from its capabilities. Pure. */
import type { Capabilities } from '#domain/channel.ts';
import type { MediaKind } from '#domain/message.ts';

const KINDS: readonly MediaKind[] = ['image', 'audio', 'video', 'file'];
const WORDS: Record<MediaKind, string> = {
  image: 'pictures',
  audio: 'audio',
  video: 'video',
  file: 'other files',
};

export function carriedKinds(capabilities: Capabilities): MediaKind[] {
  return KINDS.filter((kind) => capabilities[kind]);
}
/** For a file picker; undefined = any file. */
export function acceptOf(kinds: readonly MediaKind[]): string | undefined {
  return kinds.includes('file') ? undefined : kinds.map((kind) => `${kind}/*`).join(',');
}
/** As what a file goes out: as what it is, else as a plain file; null where the channel has neither. */
export function carriedAs(kind: MediaKind, kinds: readonly MediaKind[]): MediaKind | null {
  if (kinds.includes(kind)) return kind;
  return kinds.includes('file') ? 'file' : null;
}
/** "WhatsApp carries pictures, audio, video and other files, with words of up to 1,024 characters." */
export function carriedWords(channel: string, capabilities: Capabilities): string {
  const kinds = carriedKinds(capabilities).map((kind) => WORDS[kind]);
  if (kinds.length === 0) return `${channel} carries text only.`;
  const last = kinds.at(-1) ?? '';
  const list = kinds.length === 1 ? last : `${kinds.slice(0, -1).join(', ')} and ${last}`;
  return `${channel} carries ${list}.`;
}
