import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { callBot, unreadable, type TelegramInbox } from './call.ts';
import { telegramError } from './errors.ts';
import { fileInfo } from './wire.ts';

/** Bots may not download more. */
const MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024;

/** `getFile`, then the bytes; its link is good for an hour, so it is asked for anew each time. @throws ChannelError */
export async function fetchTelegramMedia(
  http: HttpClient,
  inbox: TelegramInbox,
  source: JsonObject,
  options: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  const { fileId, mimeType, name, sizeBytes } = source;
  const maxBytes = Math.min(options.maxBytes, MAX_DOWNLOAD_BYTES);
  if (typeof fileId !== 'string') throw new ChannelError('permanent', 'The attachment names no file.');
  if (typeof sizeBytes === 'number' && sizeBytes > maxBytes) throw tooLarge(maxBytes);
  const info = fileInfo.safeParse(await callBot(http, inbox, 'getFile', { file_id: fileId }, options.signal));
  if (!info.success) throw unreadable('getFile');
  const { file_path: path, file_size: size = 0 } = info.data;
  if (path === undefined || size > maxBytes) throw tooLarge(maxBytes);
  const response = await download(http, fileUrl(inbox, path), maxBytes, options.signal);
  // Here 404 means that the link has run out, not that the token is wrong: getFile has just taken it.
  if (response.status === 404)
    throw new ChannelError('retry_after', 'Telegram no longer has the file under this link.');
  if (response.status !== 200) throw telegramError(response.status, undefined);
  return {
    bytes: response.body,
    mimeType: typeof mimeType === 'string' ? mimeType : 'application/octet-stream',
    ...(typeof name === 'string' ? { name } : {}),
  };
}

/** The path is the provider's: encoded, so that it stays a path below the token. */
function fileUrl(inbox: TelegramInbox, path: string): string {
  const segments = path.split('/').filter((segment) => !['', '.', '..'].includes(segment));
  return `${inbox.urls['api'] ?? ''}/file/bot${inbox.credentials.botToken}/${segments.map(encodeURIComponent).join('/')}`;
}

async function download(
  http: HttpClient,
  url: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await http.request({ method: 'GET', url, maxBytes, signal, trusted: true });
  } catch (error) {
    if (error instanceof HttpError && error.kind === 'too_large') throw tooLarge(maxBytes);
    throw toChannelError(error);
  }
}

function tooLarge(maxBytes: number): ChannelError {
  return new ChannelError(
    'permanent',
    `The file is larger than the ${Math.floor(maxBytes / 1024 / 1024)} MB that can be fetched.`,
  );
}
