import type { JsonObject } from '#domain/json.ts';
import { blotSecrets } from './blot-secrets.ts';
import type { ChannelAdapter } from './contract.ts';

/** Guarantee: the registry is asked by `inbox.type`, so an adapter only meets inboxes whose credentials its own schema validated. */
export function anyAdapter<C extends JsonObject>(adapter: ChannelAdapter<C>): ChannelAdapter {
  return blotSecrets(adapter);
}
