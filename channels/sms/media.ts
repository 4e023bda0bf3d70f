/** Media of incoming MMS: from Twilio by Basic auth, then, without it, from wherever Twilio keeps the bytes. */
import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
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
    const response = await get(http, place, headers, options);
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

interface Place {
  url: URL;
  isApi: boolean;
  trusted: boolean;
}

function placeOf(inbox: SmsInbox, link: string, base?: URL): Place {
  const url = URL.canParse(link, base) ? new URL(link, base) : null;
  if (!url || url.username !== '' || url.password !== '') throw foreign(url);
  const configured = inbox.urls['api'] ?? '';
  // The configured address itself: a double, or a proxy in front of Twilio; it may be private.
  if (URL.canParse(configured) && isBelow(url, new URL(configured)))
    return { url, isApi: true, trusted: true };
  const isApi = API_HOST.test(url.hostname);
  if (url.protocol !== 'https:' || url.port !== '' || !(isApi || STORE_HOST.test(url.hostname)))
    throw foreign(url);
  return { url, isApi, trusted: false };
}

function isBelow(url: URL, base: URL): boolean {
  const folder = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return url.origin === base.origin && url.pathname.startsWith(folder);
}

async function get(
  http: HttpClient,
  { url, trusted }: Place,
  headers: Record<string, string>,
  { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
): Promise<HttpResponse> {
  try {
    return await http.request({ method: 'GET', url: url.href, headers, maxBytes, signal, trusted });
  } catch (error) {
    if (!(error instanceof HttpError) || error.kind !== 'too_large') throw toChannelError(error);
    const megabytes = Math.floor(maxBytes / 1024 / 1024);
    throw new ChannelError('permanent', `The file is larger than the ${megabytes} MB that are fetched.`);
  }
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
