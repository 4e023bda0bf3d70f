/** What the thirteen channels are called and for. Pure; the marks are in `ui/ChannelMark.svelte`. */
import type { ChannelDefinition } from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import type { ChannelType } from '#domain/channel.ts';

export const CHANNELS: Record<ChannelType, { title: string; purpose: string }> = {
  whatsapp: { title: 'WhatsApp', purpose: 'Support and sales through WhatsApp Business' },
  email: { title: 'Email', purpose: 'Shared support addresses, Microsoft email, or Teloring-managed email' },
  sms: { title: 'SMS', purpose: 'Text message conversations' },
  messenger: { title: 'Messenger', purpose: 'Private messages to a Facebook Page' },
  facebook_page: { title: 'Facebook Page', purpose: 'Comments on a Page’s posts and Page activity' },
  instagram_dm: { title: 'Instagram DM', purpose: 'Instagram private messages' },
  instagram_posts: { title: 'Instagram Posts', purpose: 'Comments and interactions on Instagram posts' },
  telegram: { title: 'Telegram', purpose: 'Conversations with a Telegram bot' },
  line: { title: 'LINE', purpose: 'LINE conversations' },
  live_chat: { title: 'Live Chat', purpose: 'The chat widget on your website' },
  voice: { title: 'Voice', purpose: 'Calls from the browser and call conversations' },
  api: { title: 'API', purpose: 'An inbox of your own making, for custom integrations' },
  tiktok: { title: 'TikTok Messenger', purpose: 'TikTok messaging, where TikTok offers it' },
};

export function channelTitle(type: string): string {
  return isChannel(type) ? CHANNELS[type].title : type;
}
/** What the type's definition says; null for types that can't be connected in this version. */
export function definitionOf(type: string | undefined): ChannelDefinition | null {
  return type !== undefined && isChannelType(type) ? definitions[type] : null;
}
export function isChannel(type: string): type is ChannelType {
  return Object.hasOwn(CHANNELS, type);
}
