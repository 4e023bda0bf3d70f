/** Media of incoming MMS: from Twilio by Basic auth, then, without it, from wherever Twilio keeps the bytes. */
import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { allowedMediaUrl, getMedia, type AllowedUrl } from '../media-url.ts';
import { authorization, type SmsInbox } from './call.ts';
import { twilioError } from './errors.ts';

const API_HOST = /^api(\.[\w-]+)*\.twilio\.com$/;
/** Where Twilio's links lead: its CDN, and the bucket behind accounts that don't protect their media. */
const STORE_HOST = /(^|\.)twiliocdn\.com$|^s3-external-1\.amazonaws\.com$/;
const MAX_REDIRECTS = 3;

/** @throws ChannelError; `permanent` for a foreign host and for more than `maxBytes` */
export async function fetchSmsMedia(
  http: HttpClient,
  inbox: SmsInbox,
  source: JsonObject,
  options: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  const { url, mimeType } = source;
  if (typeof url !== 'string') throw new ChannelError('permanent', 'The attachment names no address.');
  let place = placeOf(inbox, url);
  if (!place.isApi) throw foreign(place.url);
  for (let redirects = 0; ; redirects += 1) {
    // Only the first link is Twilio's API; what it leads to is signed by itself and must not see our token.
    const headers: Record<string, string> =
      redirects === 0 ? { authorization: authorization(inbox.credentials) } : {};
    const response = await getMedia(http, place, headers, options);
    const location = response.headers['location'];
    if (response.status >= 300 && response.status < 400 && location !== undefined) {
      if (redirects === MAX_REDIRECTS)
        throw new ChannelError('permanent', 'The attachment’s link redirects in circles.');
      place = placeOf(inbox, location, place.url);
      continue;
    }
    if (response.status === 200) return { bytes: response.body, mimeType: typeOf(response, mimeType) };
    throw refusal(response, redirects);
  }
}

interface Place extends AllowedUrl {
  isApi: boolean;
}

function placeOf(inbox: SmsInbox, link: string, base?: URL): Place {
  // The configured address itself: a double, or a proxy in front of Twilio; it may be private.
  const place = allowedMediaUrl(link, [inbox.urls['api'] ?? '', API_HOST, STORE_HOST], base);
  if (!place) throw foreign(URL.canParse(link, base) ? new URL(link, base) : null);
  return { ...place, isApi: place.trusted || API_HOST.test(place.url.hostname) };
}

/** Asking again costs nothing. Right after the webhook a file may not be there yet; a link that ran out is made anew. */
function refusal(response: HttpResponse, redirects: number): ChannelError {
  const { status } = response;
  if (status === 404 || status >= 500 || redirects > 0)
    return new ChannelError('retry_after', `Twilio's media answered ${status}.`, {
      providerCode: `http ${status}`,
    });
  return twilioError(response);
}

function typeOf(response: HttpResponse, declared: unknown): string {
  const [given = ''] = (response.headers['content-type'] ?? '').split(';');
  if (typeof declared === 'string') return declared;
  return given.trim() || 'application/octet-stream';
}

function foreign(url: URL | null): ChannelError {
  return new ChannelError(
    'permanent',
    `The attachment’s link leads to ${url?.host || 'no host'}, which is not Twilio’s.`,
  );
}
