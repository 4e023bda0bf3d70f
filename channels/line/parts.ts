import type { JsonObject } from '#domain/json.ts';
import type { MediaKind } from '#domain/message.ts';
import type { InboundPart } from '../contract.ts';
import { mimeTypeOfName } from '../media-kind.ts';
import * as wire from './wire.ts';

/** What a LINE message says. Content that is new to us or not as documented is `unsupported`, never lost. */
export function partOf(message: wire.Message): InboundPart {
  const reader = Object.hasOwn(readers, message.type) ? readers[message.type] : undefined;
  return reader?.(message) ?? { kind: 'unsupported', what: message.type };
}

const readers: Record<string, (message: wire.Message) => InboundPart | null> = {
  text: (message) => {
    const { text } = message;
    return typeof text === 'string' && text !== '' ? { kind: 'text', text } : null;
  },
  image: (message) => media(message, 'image', 'image/jpeg'),
  video: (message) => media(message, 'video', 'video/mp4'),
  audio: (message) => media(message, 'audio', 'audio/mp4'),
  file: (message) => {
    const { fileName: name, fileSize: sizeBytes } = wire.file.parse(message);
    const mimeType = mimeTypeOfName(name ?? '') ?? 'application/octet-stream';
    const source = { messageId: message.id, mimeType, ...(name ? { name } : {}) };
    return { kind: 'file', source, mimeType, name, sizeBytes };
  },
  location: (message) => {
    const read = wire.place.safeParse(message);
    if (!read.success) return null;
    const { latitude: lat, longitude: lon, title, address } = read.data;
    const name = [title, address].filter(Boolean).join(', ');
    return { kind: 'location', lat, lon, ...(name ? { name } : {}) };
  },
  // Its text is what the person wrote on it; the keywords are LINE's, not theirs.
  sticker: (message) => {
    const read = wire.sticker.safeParse(message);
    if (!read.success) return null;
    const { stickerId, text } = read.data;
    const name = `sticker-${stickerId}.png`;
    const mimeType = 'image/png';
    return {
      kind: 'image',
      source: { stickerId, mimeType, name },
      mimeType,
      name,
      ...(text ? { caption: text } : {}),
    };
  },
};

/** LINE keeps it, or (sent by a mini app) somebody else does and we are told where. */
function media(message: wire.Message, kind: MediaKind, mimeType: string): InboundPart {
  const elsewhere = wire.external.safeParse(message);
  const source: JsonObject = elsewhere.success
    ? { url: elsewhere.data.contentProvider.originalContentUrl, mimeType }
    : { messageId: message.id, mimeType, ...(kind === 'image' ? {} : { transcoded: true }) };
  return { kind, source, mimeType };
}
