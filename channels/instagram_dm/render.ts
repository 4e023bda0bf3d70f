import type { JsonObject } from '#domain/json.ts';
import { isMedia, plainText, type ChoicesPart, type MediaPart, type Part } from '#domain/message.ts';
import { ChannelError } from '../contract.ts';

/** The link of a media part, which Instagram fetches itself. */
export type LinkOf = (part: MediaPart) => string;

const MAX_PAYLOAD = 1000;

/** The `message` of one call: a text, a question, one file, or several images. @throws ChannelError permanent */
export function messageOf(parts: readonly Part[], linkOf: LinkOf): JsonObject {
  const [part, ...others] = parts;
  if (!part) throw new ChannelError('permanent', 'Instagram takes no empty message.');
  if (others.length > 0)
    return { attachments: images(parts).map((image) => attachmentOf(image, 'image', linkOf)) };
  if (isMedia(part)) {
    const type = attachmentType(part);
    if (type !== null) return { attachment: attachmentOf(part, type, linkOf) };
    return { text: `${part.name ?? part.kind}: ${linkOf(part)}` };
  }
  const text = plainText([part]);
  if (text.trim() === '') throw new ChannelError('permanent', 'Instagram takes no message without text.');
  return part.kind === 'choices' ? { text, quick_replies: quickReplies(part) } : { text };
}

function images(parts: readonly Part[]): MediaPart[] {
  const found = parts.filter((part): part is MediaPart => part.kind === 'image');
  if (found.length < parts.length)
    throw new ChannelError(
      'permanent',
      'Instagram takes several images in one message, but nothing else together.',
    );
  return found;
}

/** Of files it takes PDF only; what else it can't show goes as a link (null). */
function attachmentType({ kind, mimeType }: MediaPart): string | null {
  if (kind !== 'file') return kind;
  if (mimeType === 'application/pdf') return 'file';
  return /^(image|audio|video)\//.exec(mimeType)?.[1] ?? null;
}

function attachmentOf(part: MediaPart, type: string, linkOf: LinkOf): JsonObject {
  return { type, payload: { url: linkOf(part) } };
}

function quickReplies({ options }: ChoicesPart): JsonObject[] {
  return options.map(({ id, label }) => {
    if (id.length > MAX_PAYLOAD)
      throw new ChannelError(
        'permanent',
        `Instagram takes ids of choices of at most ${MAX_PAYLOAD} characters.`,
      );
    return { content_type: 'text', title: label, payload: id };
  });
}
