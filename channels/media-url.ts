/** Which links of attachments are followed: a provider's hosts, never whatever a payload names. */

export interface AllowedUrl {
  url: URL;
  /** It lies below an address out of the deployment's own configuration, which may be a private one. */
  trusted: boolean;
}

/**
 * The link, where it leads to one of `hosts`: a host name, a `.suffix` (every host below it), or a base URL of the deployment's
 * configuration (such as `inbox.urls.api`). By https only, on its usual port and without credentials, except below a base URL.
 * Redirects are asked about anew, with `base` as what they are relative to.
 */
export function allowedMediaUrl(link: string, hosts: readonly string[], base?: URL): AllowedUrl | null {
  if (!URL.canParse(link, base)) return null;
  const url = new URL(link, base);
  if (url.username !== '' || url.password !== '') return null;
  for (const host of hosts) {
    if (host.includes('://')) {
      if (isBelow(url, host)) return { url, trusted: true };
    } else if (url.protocol === 'https:' && url.port === '' && fits(url.hostname, host.toLowerCase())) {
      return { url, trusted: false };
    }
  }
  return null;
}

function fits(hostname: string, host: string): boolean {
  return host.startsWith('.') ? hostname.endsWith(host) && hostname.length > host.length : hostname === host;
}

function isBelow(url: URL, base: string): boolean {
  if (!URL.canParse(base)) return false;
  const { origin, pathname } = new URL(base);
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return url.origin === origin && url.pathname.startsWith(folder);
}
