/** Browser-safe facts of every channel that can be connected. Adding a channel: its folder, one line here, one in registry.ts. */
import type { ChannelType } from '#domain/channel.ts';
import { anyDefinition } from './any-channel.ts';
import { apiDefinition } from './api/definition.ts';
import type { ChannelDefinition } from './contract.ts';
import { emailDefinition } from './email/definition.ts';
import { facebookPageDefinition } from './facebook_page/definition.ts';
import { instagramDmDefinition } from './instagram_dm/definition.ts';
import { instagramPostsDefinition } from './instagram_posts/definition.ts';
import { lineDefinition } from './line/definition.ts';
import { liveChatDefinition } from './live_chat/definition.ts';
import { smsDefinition } from './sms/definition.ts';
import { messengerDefinition } from './messenger/definition.ts';
import { telegramDefinition } from './telegram/definition.ts';
import { tikTokDefinition } from './tiktok/definition.ts';
import { voiceDefinition } from './voice/definition.ts';
import { whatsappDefinition } from './whatsapp/definition.ts';

export const definitions = {
  api: anyDefinition(apiDefinition),
  email: anyDefinition(emailDefinition),
  facebook_page: anyDefinition(facebookPageDefinition),
  instagram_dm: anyDefinition(instagramDmDefinition),
  instagram_posts: anyDefinition(instagramPostsDefinition),
  line: anyDefinition(lineDefinition),
  live_chat: anyDefinition(liveChatDefinition),
  sms: anyDefinition(smsDefinition),
  messenger: anyDefinition(messengerDefinition),
  telegram: anyDefinition(telegramDefinition),
  tiktok: anyDefinition(tikTokDefinition),
  voice: anyDefinition(voiceDefinition),
  whatsapp: anyDefinition(whatsappDefinition),
} satisfies Record<ChannelType, ChannelDefinition>;

/** Of what came from outside or from a row. */
export function isChannelType(type: string): type is ChannelType {
  return Object.hasOwn(definitions, type);
}
