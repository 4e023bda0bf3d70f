import type { JsonObject } from '#domain/json.ts';
import type { ChannelDefinition } from './contract.ts';

/** Guarantee: its credentials are only ever what its own schema made of a form or of sealed storage. */
export function anyDefinition<C extends JsonObject>(definition: ChannelDefinition<C>): ChannelDefinition {
  return definition;
}
