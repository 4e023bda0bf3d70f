/** Media behind Meta's links: from hosts we know only, however the link redirects. */
import { ChannelError, type MediaBytes } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { graphError } from './errors.ts';
import { exactJsonOf } from '../json-body.ts';

/** Where Meta keeps attachments. A leading dot stands for every host below it. */
export const META_MEDIA_HOSTS = ['.fbcdn.net', '.fbsbx.com', '.facebook.com', '.cdninstagram.com'];

export interface GraphMediaOptions {
  /** Sent along, and only to the link's own host, where the link asks for it (WhatsApp). */
  token?: string;
  signal: AbortSignal;
  maxBytes: number;
  /** Host names, `.suffixes`, or base URLs out of the deployment's configuration, which may be private addresses. */
  hosts: readonly string[];
}

const MAX_REDIRECTS = 3;

/** @throws ChannelError; `permanent` for a foreign host, a link that has run out, and more than `maxBytes` */
export async function fetchGraphMedia(
  http: HttpClient,
  url: string,
  options: GraphMediaOptions,
): Promise<MediaBytes> {
  const first = allowed(url, options.hosts);
  let place = first;
  for (let redirects = 0; ; redirects += 1) {
    const token = place.url.host === first.url.host ? options.token : undefined;
    const response = await get(http, place, options, token);
    const location = response.headers['location'];
    if (response.status >= 300 && response.status < 400 && location !== undefined) {
      if (redirects === MAX_REDIRECTS)
        throw new ChannelError('permanent', 'The attachment’s link redirects in circles.');
      place = allowed(location, options.hosts, place.url);
      continue;
    }
    if (response.status === 200) {
      const [mimeType = ''] = (response.headers['content-type'] ?? '').split(';');
      return { bytes: response.body, mimeType: mimeType.trim() || 'application/octet-stream' };
    }
    throw refusal(response, options.token);
  }
}

interface Place {
  url: URL;
  trusted: boolean;
}

function allowed(link: string, hosts: readonly string[], base?: URL): Place {
  const url = URL.canParse(link, base) ? new URL(link, base) : null;
  if (url && url.username === '' && url.password === '')
    for (const host of hosts) {
      if (host.includes('://')) {
        if (isBelow(url, host)) return { url, trusted: true };
      } else if (url.protocol === 'https:' && url.port === '' && hostFits(url.hostname, host)) {
        return { url, trusted: false };
      }
    }
  throw new ChannelError(
    'permanent',
    `The attachment’s link leads to ${url?.host || 'no host'}, which is not Meta’s.`,
  );
}

function hostFits(hostname: string, pattern: string): boolean {
  return pattern.startsWith('.') ? hostname.endsWith(pattern) : hostname === pattern;
}

/** Beside the base counts as well: a sandbox keeps its files next to its Graph API. */
function isBelow(url: URL, base: string): boolean {
  if (!URL.canParse(base)) return false;
  const { origin, pathname } = new URL('..', base.endsWith('/') ? base : `${base}/`);
  return url.origin === origin && url.pathname.startsWith(pathname);
}

async function get(
  http: HttpClient,
  { url, trusted }: Place,
  { signal, maxBytes }: GraphMediaOptions,
  token: string | undefined,
): Promise<HttpResponse> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    return await http.request({ method: 'GET', url: url.href, headers, maxBytes, signal, trusted });
  } catch (error) {
    if (!(error instanceof HttpError) || error.kind !== 'too_large') throw toChannelError(error);
    const megabytes = Math.floor(maxBytes / 1024 / 1024);
    throw new ChannelError('permanent', `The file is larger than the ${megabytes} MB that are fetched.`);
  }
}

function refusal({ status, body, headers }: HttpResponse, token: string | undefined): ChannelError {
  if (status === 404 || status === 410 || (status === 403 && token === undefined))
    return new ChannelError('permanent', 'The attachment’s link has run out.', {
      providerCode: `http ${status}`,
    });
  // Asking again costs nothing: what failed here was only a look.
  if (status >= 500)
    return new ChannelError('retry_after', `Meta's media server answered ${status}.`, {
      providerCode: `http ${status}`,
    });
  return graphError(exactJsonOf(body), status, headers, token === undefined ? {} : { secrets: [token] });
}
