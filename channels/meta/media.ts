/** Media behind Meta's links: from hosts we know only, however the link redirects. */
import { ChannelError, type MediaBytes } from '../contract.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { graphError } from './errors.ts';
import { exactJsonOf } from '../json-body.ts';
import { allowedMediaUrl, getMedia, type AllowedUrl } from '../media-url.ts';

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
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await getMedia(http, place, headers, options);
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

function allowed(link: string, hosts: readonly string[], base?: URL): AllowedUrl {
  const place = allowedMediaUrl(link, hosts.map(withNeighbours), base);
  if (place) return place;
  const host = URL.canParse(link, base) ? new URL(link, base).host : '';
  throw new ChannelError(
    'permanent',
    `The attachment’s link leads to ${host || 'no host'}, which is not Meta’s.`,
  );
}

/** Beside a base URL counts as well: a sandbox keeps its files next to its Graph API. */
function withNeighbours(host: string): string {
  if (!host.includes('://') || !URL.canParse(host)) return host;
  return new URL('..', host.endsWith('/') ? host : `${host}/`).href;
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
