import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { jsonOf } from '../json-body.ts';
import { requestLine, type LineInbox } from './call.ts';
import { transcoding } from './wire.ts';

interface FetchOptions {
  signal: AbortSignal;
  maxBytes: number;
}

/** From LINE's own store, its sticker shop, or (external content) where the sender said it is: that last one as any stranger's link. @throws ChannelError */
export async function fetchLineMedia(
  http: HttpClient,
  inbox: LineInbox,
  source: JsonObject,
  options: FetchOptions,
): Promise<MediaBytes> {
  const { mimeType, name } = source;
  const response = await open(http, inbox, source, options);
  const [said = ''] = (response.headers['content-type'] ?? '').split(';');
  const declared = typeof mimeType === 'string' ? mimeType : 'application/octet-stream';
  return {
    bytes: response.body,
    mimeType: said.trim() || declared,
    ...(typeof name === 'string' ? { name } : {}),
  };
}

async function open(
  http: HttpClient,
  inbox: LineInbox,
  { messageId, stickerId, url, transcoded }: JsonObject,
  options: FetchOptions,
): Promise<HttpResponse> {
  if (typeof messageId === 'string')
    return await content(http, inbox, messageId, transcoded === true, options);
  if (typeof stickerId === 'string') {
    const path = `/stickershop/v1/sticker/${encodeURIComponent(stickerId)}/android/sticker.png`;
    return await plain(http, `${inbox.urls['stickers'] ?? ''}${path}`, true, options);
  }
  if (typeof url !== 'string' || !url.startsWith('https://'))
    throw new ChannelError('permanent', 'The attachment names no file that could be fetched.');
  return await plain(http, url, false, options);
}

async function content(
  http: HttpClient,
  inbox: LineInbox,
  messageId: string,
  transcoded: boolean,
  { signal, maxBytes }: FetchOptions,
): Promise<HttpResponse> {
  const path = `/v2/bot/message/${encodeURIComponent(messageId)}/content`;
  try {
    if (transcoded) await prepared(http, inbox, `${path}/transcoding`, signal);
    const response = await requestLine(http, inbox, 'data', { path, signal, maxBytes });
    if (response.status === 202) throw notReady();
    return response;
  } catch (error) {
    throw mediaError(error, maxBytes);
  }
}

/** LINE converts videos and recordings first; until then there is nothing to fetch. */
async function prepared(
  http: HttpClient,
  inbox: LineInbox,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const { body } = await requestLine(http, inbox, 'data', { path, signal });
  const read = transcoding.safeParse(jsonOf(body));
  if (read.success && read.data.status === 'processing') throw notReady();
  if (read.success && read.data.status === 'failed')
    throw new ChannelError('permanent', 'LINE could not convert the file.');
}

async function plain(
  http: HttpClient,
  url: string,
  trusted: boolean,
  { signal, maxBytes }: FetchOptions,
): Promise<HttpResponse> {
  try {
    const response = await http.request({ method: 'GET', url, maxBytes, signal, trusted });
    if (response.status === 200) return response;
    const kind = response.status >= 500 || response.status === 429 ? 'retry_after' : 'permanent';
    throw new ChannelError(kind, `The attachment’s link answered ${response.status}.`, {
      providerCode: String(response.status),
    });
  } catch (error) {
    throw mediaError(error, maxBytes);
  }
}

/** A long film takes a minute, and only so many looks are taken. */
const NOT_READY_MS = 10_000;

function notReady(): ChannelError {
  return new ChannelError('retry_after', 'LINE is still converting the file.', {
    retryAfterMs: NOT_READY_MS,
  });
}

/** Looking again costs nothing, so what isn't a verdict is tried again. */
function mediaError(error: unknown, maxBytes: number): ChannelError {
  const cause = error instanceof ChannelError ? error.cause : error;
  if (cause instanceof HttpError && cause.kind === 'too_large')
    return new ChannelError(
      'permanent',
      `The file is larger than the ${Math.floor(maxBytes / 1024 / 1024)} MB that can be fetched.`,
    );
  const failure = toChannelError(error);
  if (failure.providerCode === '404' || failure.providerCode === '410')
    return new ChannelError('permanent', `${failure.message} LINE keeps files for a limited time only.`, {
      providerCode: failure.providerCode,
    });
  if (failure.kind !== 'no_answer') return failure;
  return new ChannelError('retry_after', failure.message, {
    providerCode: failure.providerCode,
    cause: failure,
  });
}
