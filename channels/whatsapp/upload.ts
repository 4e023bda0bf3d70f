import type { JsonObject } from '#domain/json.ts';
import type { MediaPart } from '#domain/message.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { unreadable } from '../meta/graph.ts';
import { uploaded } from './answers.ts';
import { callWhatsapp, type WhatsappInbox } from './call.ts';

const MEGABYTE = 1024 * 1024;
const shapes = [
  { type: 'image', fits: /^image\/(jpeg|png)$/, most: 5 * MEGABYTE },
  { type: 'video', fits: /^video\/(mp4|3gpp)$/, most: 16 * MEGABYTE },
  { type: 'audio', fits: /^audio\/(aac|mp4|mpeg|amr|ogg|opus)$/, most: 16 * MEGABYTE },
] as const;
const MAX_DOCUMENT_BYTES = 100 * MEGABYTE;

/** What WhatsApp shows or plays itself; everything else, and what is too large for that, travels as a document. @throws ChannelError permanent */
export function messageTypeOf(part: MediaPart, { mimeType, bytes }: MediaBytes): string {
  const bare = bareType(mimeType);
  const shape = part.kind === 'file' ? undefined : shapes.find(({ fits }) => fits.test(bare));
  // A voice message has no caption: as a document it keeps what was said with it.
  const wordless = shape?.type === 'audio' && Boolean(part.caption);
  if (shape && !wordless && bytes.byteLength <= shape.most) return shape.type;
  if (bytes.byteLength > MAX_DOCUMENT_BYTES)
    throw new ChannelError('permanent', 'WhatsApp takes files of at most 100 MB.');
  return 'document';
}

/**
 * Puts the bytes at Meta and names them. Until the message itself is sent the contact sees nothing, so an upload without an answer
 * was not a send. @throws ChannelError
 */
export async function uploadMedia(
  http: HttpClient,
  inbox: WhatsappInbox,
  part: MediaPart,
  media: MediaBytes,
  signal: AbortSignal,
): Promise<{ type: string; content: JsonObject }> {
  const type = messageTypeOf(part, media);
  const name = media.name ?? part.name;
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', bareType(media.mimeType));
  form.set(
    'file',
    new Blob([Uint8Array.from(media.bytes)], { type: bareType(media.mimeType) }),
    name ?? type,
  );
  const id = await mediaId(http, inbox, form, signal);
  return {
    type,
    content: {
      id,
      ...(part.caption && type !== 'audio' ? { caption: part.caption } : {}),
      ...(type === 'document' && name ? { filename: name } : {}),
    },
  };
}

async function mediaId(
  http: HttpClient,
  inbox: WhatsappInbox,
  form: FormData,
  signal: AbortSignal,
): Promise<string> {
  const path = `/${inbox.credentials.phoneNumberId}/media`;
  try {
    const answer = uploaded.safeParse(
      await callWhatsapp(http, inbox, { method: 'POST', path, form, signal }),
    );
    if (!answer.success) throw unreadable('the upload');
    return answer.data.id;
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== 'no_answer') throw error;
    throw new ChannelError('not_sent', `The file did not reach Meta, so nothing was sent: ${error.message}`, {
      ...(error.providerCode === undefined ? {} : { providerCode: error.providerCode }),
      cause: error,
    });
  }
}

function bareType(mimeType: string): string {
  return mimeType.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';
}
