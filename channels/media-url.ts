/** Which links of attachments are followed: a provider's hosts, never whatever a payload names. */
import { ChannelError } from './contract.ts';
import { HttpError, toChannelError } from './http-error.ts';
import type { HttpClient, HttpResponse } from './http.ts';

export interface AllowedUrl {
  url: URL;
  /** It lies below an address out of the deployment's own configuration, which may be a private one. */
  trusted: boolean;
}

/**
 * The link, where it leads to one of `hosts`: a host name, a `.suffix` (every host below it), a pattern of host names, or a base URL
 * of the deployment's configuration (such as `inbox.urls.api`). By https only, on its usual port and without credentials, except below a base URL.
 * Redirects are asked about anew, with `base` as what they are relative to.
 */
export function allowedMediaUrl(
  link: string,
  hosts: readonly (string | RegExp)[],
  base?: URL,
): AllowedUrl | null {
  if (!URL.canParse(link, base)) return null;
  const url = new URL(link, base);
  if (url.username !== '' || url.password !== '') return null;
  for (const host of hosts) {
    if (typeof host === 'string' && host.includes('://')) {
      if (isBelow(url, host)) return { url, trusted: true };
    } else if (url.protocol === 'https:' && url.port === '' && fits(url.hostname, host)) {
      return { url, trusted: false };
    }
  }
  return null;
}

function fits(hostname: string, pattern: string | RegExp): boolean {
  if (typeof pattern !== 'string') return pattern.test(hostname);
  const host = pattern.toLowerCase();
  return host.startsWith('.') ? hostname.endsWith(host) && hostname.length > host.length : hostname === host;
}

function isBelow(url: URL, base: string): boolean {
  if (!URL.canParse(base)) return false;
  const { origin, pathname } = new URL(base);
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return url.origin === origin && url.pathname.startsWith(folder);
}

/** Asks for the bytes of an allowed link; redirects are the caller's. @throws ChannelError; `permanent` for more than `maxBytes` */
export async function getMedia(
  http: HttpClient,
  { url, trusted }: AllowedUrl,
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
