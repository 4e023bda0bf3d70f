import type { InboundPart } from '../contract.ts';
import * as wire from './wire.ts';

/** What a TikTok message says. Content that is new to us or not as documented is `unsupported`, never lost. */
export function partOf(content: wire.Content): InboundPart {
  const type = content.type ?? 'message';
  const reader = Object.hasOwn(readers, type) ? readers[type] : undefined;
  return reader?.(content) ?? { kind: 'unsupported', what: type };
}

const readers: Record<string, (content: wire.Content) => InboundPart | null> = {
  // A tapped button of ours comes as a text with its label, and with the id we gave it.
  text: ({ text, reply_source_payload: source }) => {
    if (!text || text.body === '') return null;
    return source
      ? { kind: 'choice_reply', id: source.reply_source_unique_id, label: text.body }
      : { kind: 'text', text: text.body };
  },
  image: (content) => stored(content, 'image', content.image),
  video: (content) => stored(content, 'video', content.video),
  sticker: ({ sticker }) => linked(sticker),
  emoji: ({ emoji }) => linked(emoji),
  share_post: ({ share_post: post }) => (post ? { kind: 'text', text: post.embed_url } : null),
  template: ({ template }) => {
    const read = wire.template.safeParse(template);
    if (!read.success) return null;
    const lines = read.data.elements.flatMap(({ title, buttons }) => [
      title,
      ...buttons.map(({ text }) => (text ? `• ${text}` : undefined)),
    ]);
    const text = lines.filter(Boolean).join('\n');
    return text === '' ? null : { kind: 'text', text };
  },
};

/** Its download needs the message beside its own id. */
function stored(
  content: wire.Content,
  kind: 'image' | 'video',
  media: { media_id: string } | undefined,
): InboundPart | null {
  const { conversation_id: conversationId, message_id: messageId } = content;
  if (!media || conversationId === undefined || messageId === undefined) return null;
  const mimeType = kind === 'image' ? 'image/jpeg' : 'video/mp4';
  return { kind, source: { mediaId: media.media_id, conversationId, messageId, kind }, mimeType };
}

function linked(picture: { url: string } | undefined): InboundPart | null {
  return picture ? { kind: 'image', source: { url: picture.url }, mimeType: 'image/webp' } : null;
}
