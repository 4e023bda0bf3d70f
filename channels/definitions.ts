/** Browser-safe facts of every channel that can be connected. Adding a channel: its folder, one line here, one in registry.ts. */
import type { ChannelType } from '#domain/channel.ts';
import { anyDefinition } from './any-channel.ts';
import { apiDefinition } from './api/definition.ts';
import type { ChannelDefinition } from './contract.ts';
import { liveChatDefinition } from './live_chat/definition.ts';
import { telegramDefinition } from './telegram/definition.ts';

export const definitions = {
  api: anyDefinition(apiDefinition),
  live_chat: anyDefinition(liveChatDefinition),
  telegram: anyDefinition(telegramDefinition),
} satisfies Partial<Record<ChannelType, ChannelDefinition>>;

export type AvailableChannelType = keyof typeof definitions;

/** Whether a type can be connected in this version; the other inbox types are shown as not available yet. */
export function isAvailable(type: string): type is AvailableChannelType {
  return Object.hasOwn(definitions, type);
}
