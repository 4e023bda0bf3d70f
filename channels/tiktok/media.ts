import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { allowedMediaUrl } from '../media-url.ts';
import { asInbox, callTikTok, unreadable, type TikTokInbox } from './call.ts';
import { download } from './wire.ts';

/** Where TikTok keeps what people send; the access token goes nowhere else. */
const HOSTS = [
  'tiktok.com',
  'tiktokcdn.com',
  'tiktokcdn-us.com',
  'tiktokcdn-eu.com',
  'tiktokv.com',
  'tiktokv.us',
  'tiktokv.eu',
  'ibyteimg.com',
  'byteimg.com',
  'ibytedtos.com',
  'byteoversea.com',
  'muscdn.com',
];

/** What parts.ts made of a picture or video. */
const storedSource = z.object({
  mediaId: z.string(),
  conversationId: z.string(),
  messageId: z.string(),
  kind: z.string(),
});

interface FetchOptions {
  signal: AbortSignal;
  maxBytes: number;
}

/** Pictures and videos by a link that is asked for anew each time (it lasts a day); stickers by the link they came with. @throws ChannelError */
export async function fetchTikTokMedia(
  http: HttpClient,
  inbox: TikTokInbox,
  source: JsonObject,
  options: FetchOptions,
): Promise<MediaBytes> {
  const { url } = source;
  const stored = storedSource.safeParse(source);
  if (!stored.success && typeof url !== 'string')
    throw new ChannelError('permanent', 'The attachment names no file.');
  const response = stored.success
    ? await get(http, inbox, await linkOf(http, inbox, stored.data, options.signal), options, {
        'x-user': inbox.credentials.accessToken,
      })
    : await get(http, inbox, typeof url === 'string' ? url : '', options, {});
  const [mimeType = ''] = (response.headers['content-type'] ?? '').split(';');
  const assumed = source['kind'] === 'video' ? 'video/mp4' : 'image/jpeg';
  return { bytes: response.body, mimeType: mimeType.trim() || assumed };
}

async function linkOf(
  http: HttpClient,
  inbox: TikTokInbox,
  { mediaId, conversationId, messageId, kind }: z.infer<typeof storedSource>,
  signal: AbortSignal,
): Promise<string> {
  const json = {
    business_id: inbox.credentials.businessId,
    conversation_id: conversationId,
    message_id: messageId,
    media_id: mediaId,
    media_type: kind === 'video' ? 'VIDEO' : 'IMAGE',
  };
  try {
    const data = await callTikTok(http, {
      ...asInbox(inbox),
      path: '/business/message/media/download/',
      json,
      signal,
    });
    const read = download.safeParse(data);
    if (!read.success) throw unreadable('the download');
    return read.data.download_url;
  } catch (error) {
    throw lookAgain(error);
  }
}

async function get(
  http: HttpClient,
  inbox: TikTokInbox,
  link: string,
  { signal, maxBytes }: FetchOptions,
  headers: Record<string, string>,
): Promise<HttpResponse> {
  const place = allowedMediaUrl(link, [
    inbox.urls['api'] ?? '',
    ...HOSTS.flatMap((host) => [host, `.${host}`]),
  ]);
  if (!place)
    throw new ChannelError('permanent', 'The attachment’s link leads to a host that is not TikTok’s.');
  let response: HttpResponse;
  try {
    response = await http.request({
      method: 'GET',
      url: link,
      headers,
      maxBytes,
      signal,
      trusted: place.trusted,
    });
  } catch (error) {
    if (error instanceof HttpError && error.kind === 'too_large')
      throw new ChannelError(
        'permanent',
        `The file is larger than the ${Math.floor(maxBytes / 1024 / 1024)} MB that can be fetched.`,
      );
    throw lookAgain(error);
  }
  if (response.status === 200) return response;
  throw new ChannelError(
    response.status >= 500 || response.status === 429 ? 'retry_after' : 'permanent',
    `TikTok’s media server answered ${response.status}.`,
    { providerCode: `http ${response.status}` },
  );
}

/** Looking again costs nothing, so what isn't a verdict is tried again; a file that is gone says nothing of its sender. */
function lookAgain(error: unknown): ChannelError {
  const failure = toChannelError(error);
  const options = { providerCode: failure.providerCode, cause: failure };
  if (failure.kind === 'no_answer') return new ChannelError('retry_after', failure.message, options);
  if (failure.kind === 'contact_unreachable') return new ChannelError('permanent', failure.message, options);
  return failure;
}
