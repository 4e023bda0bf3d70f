import type { JsonObject } from '#domain/json.ts';
import { isMedia, plainText, type ChoicesPart, type MediaPart, type Part } from '#domain/message.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import { callbackData } from './ids.ts';

export interface PlannedCall {
  method: string;
  fields: JsonObject;
  /** The field that takes the bytes of a media part. */
  uploadField?: string;
}

const MAX_UPLOAD_BYTES = 50 * 1024 * 1024;
const MAX_PHOTO_BYTES = 10 * 1024 * 1024;

/** The one call that carries a part. Text goes without parse mode, so nothing in it can be taken for markup. @throws ChannelError permanent */
export function planCall(
  part: Part,
  media: MediaBytes | null,
  choicesAs: 'inline' | 'keyboard',
): PlannedCall {
  if (isMedia(part)) return mediaCall(part, media);
  if (part.kind === 'location') {
    const place = { latitude: part.lat, longitude: part.lon };
    return part.name
      ? { method: 'sendVenue', fields: { ...place, title: part.name, address: `${part.lat}, ${part.lon}` } }
      : { method: 'sendLocation', fields: place };
  }
  const text = plainText([part]);
  if (text.trim() === '') throw new ChannelError('permanent', 'Telegram takes no message without text.');
  const fields: JsonObject = { text };
  if (part.kind === 'choices')
    fields['reply_markup'] = choicesAs === 'inline' ? inline(part) : keyboard(part);
  return { method: 'sendMessage', fields };
}

function mediaCall(part: MediaPart, media: MediaBytes | null): PlannedCall {
  if (!media) throw new ChannelError('permanent', 'The bytes of the file are not there.');
  const size = media.bytes.byteLength;
  if (size > MAX_UPLOAD_BYTES)
    throw new ChannelError('permanent', 'Telegram takes files of at most 50 MB from bots.');
  const uploadField = uploadFieldOf(media.mimeType, size, part.kind === 'file');
  const method = `send${uploadField[0]?.toUpperCase()}${uploadField.slice(1)}`;
  return { method, fields: part.caption ? { caption: part.caption } : {}, uploadField };
}

/** What Telegram plays or shows itself; everything else travels as a document. */
function uploadFieldOf(mimeType: string, size: number, asFile: boolean): string {
  if (asFile) return 'document';
  if (/^image\/(jpeg|png|webp)$/.test(mimeType)) return size <= MAX_PHOTO_BYTES ? 'photo' : 'document';
  if (mimeType === 'image/gif') return 'animation';
  if (mimeType === 'video/mp4') return 'video';
  if (/^audio\/(mpeg|mp4|x-m4a)$/.test(mimeType)) return 'audio';
  if (/^audio\/(ogg|opus)$/.test(mimeType)) return 'voice';
  return 'document';
}

function inline({ options }: ChoicesPart): JsonObject {
  return {
    inline_keyboard: rowsOf(
      options.map(({ id, label }) => ({ text: label, callback_data: callbackData(id) })),
    ),
  };
}
/** Takes the place of the customer's keyboard once; the answer comes as a text that equals a label. */
function keyboard({ options }: ChoicesPart): JsonObject {
  return {
    keyboard: rowsOf(options.map(({ label }) => ({ text: label }))),
    one_time_keyboard: true,
    resize_keyboard: true,
  };
}

/** Few short labels share a row; else one each, so that none is cut on a phone. */
function rowsOf<Button extends { text: string }>(buttons: Button[]): Button[][] {
  const length = buttons.reduce((sum, { text }) => sum + text.length, 0);
  return buttons.length <= 3 && length <= 24 ? [buttons] : buttons.map((button) => [button]);
}
