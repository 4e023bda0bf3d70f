/** What a customer's message is made of, in the Bot API's fields. */
import type { Message } from '@grammyjs/types';
import { addFile, type Bot } from './bot.ts';
import type { CustomerMessage } from './control.ts';

type Content = Pick<
  Message,
  'text' | 'photo' | 'document' | 'video' | 'voice' | 'sticker' | 'location' | 'contact' | 'caption'
>;

export function contentOf(bot: Bot, message: CustomerMessage): Content {
  const { text, photo, document, audio, video, sticker, location, contact } = message;
  if (photo) {
    const { file_id, ...size } = fileOf(bot, photo, 'photos');
    // Telegram gives several sizes, the largest last.
    return {
      photo: [
        { ...size, file_id: `${file_id}-thumbnail`, width: 90, height: 90 },
        { ...size, file_id, width: 800, height: 600 },
      ],
      ...captionOf(photo),
    };
  }
  if (document) {
    const { mimeType: mime_type, name: file_name } = document;
    return {
      document: { ...fileOf(bot, document, 'documents'), mime_type, file_name },
      ...captionOf(document),
    };
  }
  if (video) {
    const file = fileOf(bot, video, 'videos');
    const frame = { width: 320, height: 240, duration: 1, mime_type: video.mimeType };
    return { video: { ...file, ...frame }, ...captionOf(video) };
  }
  if (audio) return { voice: { ...fileOf(bot, audio, 'voice'), duration: 1, mime_type: audio.mimeType } };
  if (sticker) {
    const kind = { type: 'regular', is_animated: false, is_video: false, emoji: '🙂' } as const;
    return { sticker: { ...fileOf(bot, sticker, 'stickers'), ...kind, width: 512, height: 512 } };
  }
  if (contact) return { contact };
  return location ? { location } : { text: text ?? '' };
}

function fileOf(
  bot: Bot,
  file: { bytes: Uint8Array; mimeType: string; name?: string },
  folder: string,
): { file_id: string; file_unique_id: string; file_size: number } {
  const { bytes, mimeType, name } = file;
  const fileId = addFile(bot, { bytes, mimeType, ...(name ? { name } : {}) }, folder);
  return { file_id: fileId, file_unique_id: `u-${fileId}`, file_size: bytes.byteLength };
}

function captionOf({ caption }: { caption?: string }): { caption?: string } {
  return caption ? { caption } : {};
}
