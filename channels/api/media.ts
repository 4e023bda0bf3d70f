import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { retryAfterMs } from '../retry-after.ts';

/** Bytes of an attachment: those that came with the event, or those its URL gives. Redirects are not followed. @throws ChannelError */
export async function fetchApiMedia(
  http: HttpClient,
  source: JsonObject,
  options: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  if (typeof source['base64'] === 'string') {
    const bytes = Buffer.from(source['base64'], 'base64');
    if (bytes.byteLength > options.maxBytes) throw tooLarge(options.maxBytes);
    return { bytes, mimeType: 'application/octet-stream' };
  }
  if (typeof source['url'] !== 'string')
    throw new ChannelError('permanent', 'The attachment names no bytes.');
  const answer = await get(http, source['url'], options);
  if (answer.status === 200)
    return {
      bytes: answer.body,
      mimeType: answer.headers['content-type']?.split(';')[0] ?? 'application/octet-stream',
    };
  const mayComeBack = answer.status === 429 || answer.status >= 500;
  throw new ChannelError(
    mayComeBack ? 'retry_after' : 'permanent',
    `The attachment's address answered ${answer.status}.`,
    {
      retryAfterMs: retryAfterMs(answer.headers['retry-after'], Date.now()),
      providerCode: String(answer.status),
    },
  );
}

async function get(
  http: HttpClient,
  url: string,
  { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
): Promise<HttpResponse> {
  try {
    return await http.request({ method: 'GET', url, signal, maxBytes });
  } catch (error) {
    if (error instanceof HttpError && error.kind === 'too_large') throw tooLarge(maxBytes);
    throw toChannelError(error);
  }
}

function tooLarge(maxBytes: number): ChannelError {
  return new ChannelError('permanent', `The attachment is larger than ${maxBytes} bytes.`);
}
