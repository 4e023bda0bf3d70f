import { createMediaLinks, type MediaLinks } from '#channels/media-links.ts';
import { derivedKey } from '#db/keyring.ts';
import type { ApiDeps } from './deps.ts';

export function mediaLinks(deps: Pick<ApiDeps, 'config' | 'keyring'>): MediaLinks {
  return createMediaLinks({ publicUrl: deps.config.publicUrl, key: derivedKey(deps.keyring, 'media') });
}
