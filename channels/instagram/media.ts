import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type MediaBytes } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { META_MEDIA_HOSTS, fetchGraphMedia } from '../meta/media.ts';
import type { InstagramInbox } from './call.ts';

/** An attachment behind its signed link. @throws ChannelError */
export async function fetchInstagramMedia(
  http: HttpClient,
  inbox: InstagramInbox,
  source: JsonObject,
  options: { signal: AbortSignal; maxBytes: number },
): Promise<MediaBytes> {
  const { url } = source;
  if (typeof url !== 'string') throw new ChannelError('permanent', 'The attachment has no link.');
  const { graph, instagramGraph } = inbox.urls;
  const own = [graph, instagramGraph].filter((base) => base !== undefined);
  return await fetchGraphMedia(http, url, { ...options, hosts: [...META_MEDIA_HOSTS, ...own] });
}
