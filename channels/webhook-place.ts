import type { ChannelDefinition, WebhookPlace } from './contract.ts';

/** Where a channel's webhooks come in; null where it has routes of its own. */
export function webhookPlace(definition: ChannelDefinition): WebhookPlace | null {
  if (definition.ownIngress) return null;
  return definition.webhook ?? { kind: 'inbox', segment: definition.type };
}
