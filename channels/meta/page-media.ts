import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type AdapterInbox, type MediaBytes } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { fetchGraphMedia, META_MEDIA_HOSTS } from './media.ts';

/** An attachment behind Meta's signed link, which runs out after some days. @throws ChannelError */
export async function fetchPageMedia(
  http: HttpClient,
  inbox: AdapterInbox,
  source: JsonObject,
  options: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  const { url, name } = source;
  if (typeof url !== 'string') throw new ChannelError('permanent', 'The attachment names no file.');
  const own = Object.values(inbox.urls).filter((base) => base !== '');
  const media = await fetchGraphMedia(http, url, { ...options, hosts: [...META_MEDIA_HOSTS, ...own] });
  return typeof name === 'string' ? { ...media, name } : media;
}
