import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { fetchGraphMedia, unreadable } from '../meta/graph.ts';
import { META_MEDIA_HOSTS } from '../meta/media.ts';
import { mediaPlace } from './answers.ts';
import { callWhatsapp, type WhatsappInbox } from './call.ts';

/** Asks where the file is, then fetches it: the link is good for five minutes, so it is asked for anew each time. @throws ChannelError */
export async function fetchWhatsappMedia(
  http: HttpClient,
  inbox: WhatsappInbox,
  source: JsonObject,
  { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  const { mediaId, mimeType, name } = source;
  if (typeof mediaId !== 'string' || !/^[\w-]+$/.test(mediaId))
    throw new ChannelError('permanent', 'The attachment names no file.');
  const { accessToken, phoneNumberId } = inbox.credentials;
  const query = { phone_number_id: phoneNumberId };
  const asked = await asking(
    callWhatsapp(http, inbox, { method: 'GET', path: `/${mediaId}`, query, signal }),
  );
  const place = mediaPlace.safeParse(asked);
  if (!place.success) throw asLook(unreadable('where the file is'));
  if ((place.data.file_size ?? 0) > maxBytes)
    throw new ChannelError(
      'permanent',
      `The file is larger than the ${Math.floor(maxBytes / 1024 / 1024)} MB that are fetched.`,
    );
  const hosts = [...META_MEDIA_HOSTS, ...(inbox.urls['graph'] ? [inbox.urls['graph']] : [])];
  const fetched = await asking(
    fetchGraphMedia(http, place.data.url, { token: accessToken, signal, maxBytes, hosts }),
  );
  return {
    bytes: fetched.bytes,
    mimeType: typeof mimeType === 'string' ? mimeType : (place.data.mime_type ?? fetched.mimeType),
    ...(typeof name === 'string' ? { name } : {}),
  };
}

/** Looking changes nothing: without an answer one may look again. */
async function asking<T>(looking: Promise<T>): Promise<T> {
  return await looking.catch((error: unknown) => {
    throw error instanceof ChannelError && error.kind === 'no_answer' ? asLook(error) : error;
  });
}

function asLook(error: ChannelError): ChannelError {
  return new ChannelError('retry_after', error.message, { cause: error });
}
