import { createHash } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import { plainText, type ChoicesPart, type MediaPart, type Part } from '#domain/message.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';

export const MAX_UPLOAD_BYTES = 25 * 1024 * 1024;
const MAX_PAYLOAD_LENGTH = 1000;
const MAX_BUTTONS = 3;
const MAX_BUTTON_TEXT_LENGTH = 640;

/** The `message` object of a part that carries no file. @throws ChannelError permanent */
export function messageOf(part: Part, choicesAs: 'quick_replies' | 'buttons'): JsonObject {
  const text = plainText([part]);
  if (text.trim() === '') throw new ChannelError('permanent', 'Messenger takes no message without text.');
  if (part.kind !== 'choices' || part.options.length === 0) return { text };
  const asButtons =
    choicesAs === 'buttons' && part.options.length <= MAX_BUTTONS && text.length <= MAX_BUTTON_TEXT_LENGTH;
  return asButtons ? buttons(part) : quickReplies(part);
}

function quickReplies({ text, options }: ChoicesPart): JsonObject {
  return {
    text,
    quick_replies: options.map(({ id, label }) => ({
      content_type: 'text',
      title: label,
      payload: payloadOf(id),
    })),
  };
}

function buttons({ text, options }: ChoicesPart): JsonObject {
  const payload = {
    template_type: 'button',
    text,
    buttons: options.map(({ id, label }) => ({ type: 'postback', title: label, payload: payloadOf(id) })),
  };
  return { attachment: { type: 'template', payload } };
}

/** An option's id, or a digest of one that Meta wouldn't hold: the reply then names the option by this digest and by its label. */
export function payloadOf(optionId: string): string {
  if (optionId !== '' && optionId.length <= MAX_PAYLOAD_LENGTH) return optionId;
  return `#${createHash('sha256').update(optionId).digest('base64url')}`;
}

/** The `message` object beside an uploaded file. @throws ChannelError permanent for a file that is too large */
export function attachmentOf(part: MediaPart, { bytes, mimeType }: MediaBytes): JsonObject {
  if (bytes.byteLength > MAX_UPLOAD_BYTES)
    throw new ChannelError('permanent', 'Messenger takes files of at most 25 MB. Send a link to it instead.');
  return { attachment: { type: shownAs(part, mimeType), payload: { is_reusable: false } } };
}

/** What Messenger shows or plays itself; everything else travels as a file. */
function shownAs(part: MediaPart, mimeType: string): string {
  if (part.kind === 'file') return 'file';
  if (/^image\/(jpeg|png|gif|webp)$/.test(mimeType)) return 'image';
  if (/^video\/(mp4|quicktime|webm|ogg)$/.test(mimeType)) return 'video';
  if (/^audio\/(mpeg|mp4|x-m4a|aac|wav|ogg)$/.test(mimeType)) return 'audio';
  return 'file';
}
