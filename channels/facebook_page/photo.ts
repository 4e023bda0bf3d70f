import type { MediaPart } from '#domain/message.ts';
import { beforeSend } from '../before-send.ts';
import { ChannelError, type SendOptions } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { unreadable } from '../meta/graph.ts';
import { callPage, type PageInbox } from '../meta/page.ts';
import { created } from '../meta/wire.ts';

const MAX_PHOTO_BYTES = 10 * 1024 * 1024;

/**
 * What a comment names its picture by: a link that Facebook fetches, or, where we have none, a picture of the page that is uploaded
 * first and shown nowhere else. @throws ChannelError
 */
export async function photoFields(
  http: HttpClient,
  inbox: PageInbox,
  part: MediaPart,
  options: SendOptions,
): Promise<Record<string, string>> {
  refuseOther(part.mimeType);
  if (options.mediaUrl)
    return { attachment_url: await beforeSend('The picture', options.mediaUrl(part.mediaId)) };
  const { bytes, mimeType, name = 'picture' } = await beforeSend('The picture', options.media(part.mediaId));
  refuseOther(mimeType);
  if (bytes.byteLength > MAX_PHOTO_BYTES)
    throw new ChannelError('permanent', 'Facebook takes pictures of at most 10 MB in comments.');
  const form = new FormData();
  form.set('published', 'false');
  form.set('temporary', 'true');
  form.set('source', new Blob([Uint8Array.from(bytes)], { type: mimeType }), name);
  return { attachment_id: await upload(http, inbox, form, options.signal) };
}

/** An upload without an answer has sent nothing to anybody. */
async function upload(
  http: HttpClient,
  inbox: PageInbox,
  form: FormData,
  signal: AbortSignal,
): Promise<string> {
  const path = `/${inbox.credentials.pageId}/photos`;
  try {
    const read = created.safeParse(await callPage(http, inbox, { method: 'POST', path, form, signal }));
    if (!read.success) throw unreadable('the picture');
    return read.data.id;
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== 'no_answer') throw error;
    throw new ChannelError('not_sent', error.message, { cause: error });
  }
}

function refuseOther(mimeType: string): void {
  if (!/^image\/(jpeg|png|gif|webp|bmp|tiff)$/.test(mimeType))
    throw new ChannelError(
      'permanent',
      'Facebook takes only pictures in comments; send a link to the file instead.',
    );
}
