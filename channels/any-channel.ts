import type { JsonObject } from '#domain/json.ts';
import type { ChannelAdapter, ChannelDefinition } from './contract.ts';

/** Guarantee: its credentials are only ever what its own schema made of a form or of sealed storage. */
export function anyDefinition<C extends JsonObject>(definition: ChannelDefinition<C>): ChannelDefinition {
  return definition as unknown as ChannelDefinition;
}

/** Guarantee: the registry is asked by `inbox.type`, so an adapter only meets inboxes whose credentials its own schema validated. */
export function anyAdapter<C extends JsonObject>(adapter: ChannelAdapter<C>): ChannelAdapter {
  return adapter as unknown as ChannelAdapter;
}
