import type { JsonObject } from '#domain/json.ts';
import type { MediaKind } from '#domain/message.ts';
import type { InboundMedia, InboundPart } from '../contract.ts';
import { mediaKindOf, mimeTypeOfName } from '../media-kind.ts';
import * as wire from './wire.ts';

/** What a message says, at least one part. An attachment that is new to us is `unsupported`, and its siblings stay. */
export function partsOf(message: wire.Message): InboundPart[] {
  const { text = '', quick_reply: chosen, attachments = [] } = message;
  const said: InboundPart[] = chosen
    ? [{ kind: 'choice_reply', id: chosen.payload, label: text === '' ? chosen.payload : text }]
    : text === ''
      ? []
      : [{ kind: 'text', text }];
  const parts = [...said, ...attachments.flatMap((each) => attachmentParts(each, text))];
  return parts.length > 0 ? parts : [{ kind: 'unsupported', what: 'message' }];
}

const DEFAULT_TYPES: Record<MediaKind, string> = {
  image: 'image/jpeg',
  audio: 'audio/mp4',
  video: 'video/mp4',
  file: 'application/octet-stream',
};

function attachmentParts(given: unknown, text: string): InboundPart[] {
  const read = wire.attachment.safeParse(given);
  if (!read.success) return [{ kind: 'unsupported', what: 'attachment' }];
  const { type, payload } = read.data;
  // Stickers came as pictures until 2026 and have a type of their own since.
  if (type === 'sticker' || payload?.sticker_id !== undefined)
    return [mediaPart('image', payload?.url, 'image/png', type)];
  if (type === 'image' || type === 'audio' || type === 'video' || type === 'file')
    return [mediaPart(type, payload?.url, undefined, type)];
  if (type === 'location') return [locationPart(read.data)];
  return textParts(read.data, text);
}

function mediaPart(
  kind: MediaKind,
  url: string | undefined,
  mimeType: string | undefined,
  type: string,
): InboundPart {
  if (!url) return { kind: 'unsupported', what: type };
  const name = nameOf(url);
  const source: JsonObject = { url, ...(kind === 'file' && name ? { name } : {}) };
  const media: InboundMedia = {
    kind,
    source,
    mimeType: typeOf(kind, name) ?? mimeType ?? DEFAULT_TYPES[kind],
  };
  // Only a file keeps the name its sender gave it; pictures and recordings are named by Meta.
  return kind === 'file' && name ? { ...media, name } : media;
}

/** What the name promises, where it fits the kind: voice messages are named .mp4 too. */
function typeOf(kind: MediaKind, name: string | undefined): string | undefined {
  const promised = name ? mimeTypeOfName(name) : undefined;
  const fits = promised !== undefined && (kind === 'file' || mediaKindOf(promised) === kind);
  return fits ? promised : undefined;
}

function nameOf(url: string): string | undefined {
  const last = URL.canParse(url) ? new URL(url).pathname.split('/').at(-1) : undefined;
  if (!last) return undefined;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function locationPart({ title, payload }: wire.Attachment): InboundPart {
  const place = payload?.coordinates;
  if (!place) return { kind: 'unsupported', what: 'location' };
  const name = title ?? payload.title;
  return { kind: 'location', lat: place.lat, lon: place.long, ...(name ? { name } : {}) };
}

/** Shared posts, link previews, templates and products: what can be read of them, as text. */
function textParts({ type, title, url, payload }: wire.Attachment, text: string): InboundPart[] {
  const link = payload?.url ?? url;
  const rows = [...(payload?.elements ?? []), ...(payload?.product?.elements ?? [])].flatMap((element) => {
    const read = wire.titled.safeParse(element);
    return read.success ? [[read.data.title, read.data.subtitle].filter(Boolean).join(': ')] : [];
  });
  const buttons = (payload?.buttons ?? []).flatMap((button) => {
    const read = wire.titled.safeParse(button);
    return read.success ? [`[${read.data.title}]`] : [];
  });
  const lines = [payload?.text ?? payload?.title ?? title, ...rows, ...buttons, link].filter(
    (line) => line !== undefined && line !== '',
  );
  if (lines.length === 0) return [{ kind: 'unsupported', what: type }];
  // A preview of a link that the text already has adds nothing.
  if (type === 'fallback' && text !== '' && (link === undefined || text.includes(link))) return [];
  return [{ kind: 'text', text: lines.join('\n') }];
}
