/** Every channel's case: an inbox, real bodies, and how its provider signs them. Each is in its own folder. */
import type { ChannelType } from '#domain/channel.ts';
import { apiCase } from './api/case.ts';
import type { ContractCase } from './contract-case.ts';
import { emailCase } from './email/case.ts';
import { facebookPageCase } from './facebook_page/case.ts';
import { instagramDmCase } from './instagram_dm/case.ts';
import { instagramPostsCase } from './instagram_posts/case.ts';
import { lineCase } from './line/case.ts';
import { liveChatCase } from './live_chat/case.ts';
import { messengerCase } from './messenger/case.ts';
import { smsCase } from './sms/case.ts';
import { telegramCase } from './telegram/case.ts';
import { tikTokCase } from './tiktok/case.ts';
import { voiceCase } from './voice/case.ts';
import { whatsappCase } from './whatsapp/case.ts';

export const cases: Record<ChannelType, ContractCase> = {
  api: apiCase,
  email: emailCase,
  facebook_page: facebookPageCase,
  instagram_dm: instagramDmCase,
  instagram_posts: instagramPostsCase,
  line: lineCase,
  live_chat: liveChatCase,
  messenger: messengerCase,
  sms: smsCase,
  telegram: telegramCase,
  tiktok: tikTokCase,
  voice: voiceCase,
  whatsapp: whatsappCase,
};
